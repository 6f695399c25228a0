"""A Teledyne ISCO D-series or SyriXus controller with one pump, A, as it looks over Modbus TCP and RTU.

It has no watch over silence: started, it runs until it is stopped, empty, at its highest pressure or blocked. What
recorded traffic of a real one shows is played on request: requests that ran together were misread, and answered minutes
later with foreign units and exceptions that fit no request; replies came in two pieces. Flow is a number in a unit that
is a setting of its own. Coils and registers are in `isco_map`.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum

from pumpd_sim.isco_map import FLOW_NL_PER_H, MMHG_PER_UNIT, slave_of
from pumpd_sim.isco_options import IscoOptions
from pumpd_sim.modbus_pump import NS_PER_MS, NS_PER_S, Due, ModbusPump, Mode
from pumpd_sim.modbus_slave import DEVICE_FAILURE, ILLEGAL_VALUE, ExceptionReply
from pumpd_sim.modbus_wire import Request, tcp_frame
from pumpd_sim.plant import ZL_PER_NL, Blocked, Plant, Speed

SENSE_NS = 100 * NS_PER_MS
BETWEEN_PIECES_NS = 5 * NS_PER_MS
REQUESTS_LIMIT = 64  # kept while it is disturbed; what comes then is lost
MISREAD = ((0x03, b"\xe3\x01"), (0x05, b"\xcd\x01"), (0x07, b"\xb3\x01"))  # units and PDUs of the record
HIGHEST_FLOW_NL_PER_H = 12_240 * 1_000_000  # 204 mL/min
HIGHEST_PRESSURE_MMHG = 900


class Alarm(IntEnum):
    """Pump A's coils from 109 on."""

    EMPTY = 110
    FULL = 111
    OVER_PRESSURE = 112
    MOTOR = 114


class Isco(ModbusPump):
    """One controller with pump A; B, C and D are not fitted."""

    alarms_known = tuple(alarm.name.lower() for alarm in Alarm)

    def __init__(
        self,
        *,
        plant: Plant,
        unit: int = 1,
        baud: int = 19_200,
        mode: Mode = "tcp",
        options: IscoOptions | None = None,
        now_ns: int = 0,
    ) -> None:
        self.options = options or IscoOptions()
        delay_ms = self.options.reply_delay_ms
        super().__init__(unit=unit, baud=baud, mode=mode, plant=plant, reply_delay_ms=delay_ms, now_ns=now_ns)
        self.flow_unit = 0  # coils 88-91 in their order
        self.pressure_unit = 3  # coils 84-87
        self.flow_nl_per_h = 0
        self.max_pressure_mmhg = HIGHEST_PRESSURE_MMHG
        self.shut_down_over_pressure = True
        self.control = "local"
        self.constant_pressure = False
        self.alarms: set[Alarm] = set()
        self._believed_step_zl = plant.step_zl
        self._zero_steps = 0
        self._sense_ns: int | None = None
        self._requests = 0
        self._silent_until_ns: int | None = None
        self._unread: list[Request] = []
        self._misread = 0
        self._later: deque[tuple[int, bytes]] = deque()
        self.slave = slave_of(self)

    # What it knows of itself

    @property
    def running(self) -> bool:
        return self.plant.driven

    @property
    def nl_per_h(self) -> int:
        """What it takes itself to deliver at this moment."""
        return self.flow_nl_per_h if self.plant.turning else 0

    @property
    def flow_in_unit(self) -> float:
        return self.flow_nl_per_h / FLOW_NL_PER_H[self.flow_unit]

    @property
    def dispensed_nl(self) -> int:
        self.plant.advance(self.now_ns)
        return self._shown((self.plant.position_steps - self._zero_steps) * self._believed_step_zl // ZL_PER_NL)

    @property
    def remaining_nl(self) -> int:
        self.plant.advance(self.now_ns)
        return self._shown(self.plant.remaining_nl)

    def _shown(self, volume_nl: int) -> int:
        return volume_nl - volume_nl % self.options.dispensed_rounding_nl

    @property
    def pressure_in_unit(self) -> float:
        self.plant.advance(self.now_ns)
        return self.plant.pressure_mmhg / MMHG_PER_UNIT[self.pressure_unit]

    # What it is told

    def set_flow(self, value: float) -> int:
        """The flow that this number means; refused or cut where it is beyond the pump."""
        if not 0 <= value < float("inf"):
            raise ExceptionReply(ILLEGAL_VALUE)
        flow = round(value * FLOW_NL_PER_H[self.flow_unit])
        if flow > HIGHEST_FLOW_NL_PER_H:
            if self.options.flow_beyond_limit == "exception":
                raise ExceptionReply(ILLEGAL_VALUE)
            flow = HIGHEST_FLOW_NL_PER_H
        return flow

    def take_flow(self, flow_nl_per_h: int) -> None:
        self.flow_nl_per_h = flow_nl_per_h
        if self.running:
            self._drive()

    def choose_flow_unit(self, unit: int) -> None:
        number = self.flow_in_unit
        self.flow_unit = unit
        if self.options.unit_change == "keeps_number":
            self.take_flow(min(HIGHEST_FLOW_NL_PER_H, round(number * FLOW_NL_PER_H[unit])))

    def may_run(self) -> bool:
        """Refuses by exception, or says that nothing will come of it."""
        ready = not self.alarms and not self.constant_pressure
        if self.options.control_needs_remote and self.control != "remote":
            ready = False
        if not ready and self.options.run_refused_with == "exception":
            raise ExceptionReply(DEVICE_FAILURE)
        return ready

    def start(self) -> None:
        if not self.running:
            self._drive()

    def stop(self) -> None:
        self.plant.halt(self.now_ns)
        self._sense_ns = None

    def reset_dispensed(self) -> None:
        self.plant.advance(self.now_ns)
        self._zero_steps = self.plant.position_steps

    def reset_alarms(self) -> None:
        self.plant.advance(self.now_ns)
        self.alarms = {alarm for alarm in self.alarms if alarm is Alarm.EMPTY and self.plant.remaining_nl == 0}

    def _drive(self) -> None:
        if self.flow_nl_per_h == 0:
            self.stop()
            return
        speed = Speed.of_rate(rate_nl_per_h=self.flow_nl_per_h, believed_step_zl=self._believed_step_zl, direction=1)
        self.plant.drive(self.now_ns, speed)
        self._watch()

    # What happens by itself

    def _due(self) -> list[Due]:
        due: list[Due] = []
        if self._sense_ns is not None:
            due.append((self._sense_ns, self._sense))
        if self._silent_until_ns is not None:
            due.append((self._silent_until_ns, self._misread_all))
        if self._later:
            due.append((self._later[0][0], self._say_rest))
        return due

    def _watch(self) -> None:
        """Look again soon while pressure may rise, else when the motor will first miss a step."""
        if not self.running:
            self._sense_ns = None
        elif self.plant.occluded or self.plant.closing:
            self._sense_ns = self.now_ns + SENSE_NS
        else:
            stall_ns = self.plant.stall_due_ns()
            self._sense_ns = None if stall_ns is None else max(self.now_ns, stall_ns)

    def _sense(self) -> None:
        self.plant.advance(self.now_ns)
        match self.plant.blocked:
            case Blocked.EMPTY:
                self.alarms.add(Alarm.EMPTY)
            case Blocked.FULL:
                self.alarms.add(Alarm.FULL)
            case Blocked.JAMMED | Blocked.OCCLUDED:
                self.alarms.add(Alarm.MOTOR)
            case None:
                pass
        if self.plant.pressure_mmhg >= self.max_pressure_mmhg:
            self.alarms.add(Alarm.OVER_PRESSURE)
        holds = self.alarms - {Alarm.OVER_PRESSURE}
        if holds or (Alarm.OVER_PRESSURE in self.alarms and self.shut_down_over_pressure):
            self.stop()
        else:
            self._watch()

    def _heard(self) -> None:
        self._requests += 1

    def _obey_broadcast(self, pdu: bytes) -> None:
        self.slave.answer(pdu)

    def _power_up(self) -> None:
        self.alarms.clear()

    def _power_down(self) -> None:
        self.stop()
        self.reset_dispensed()
        self.control = "local"
        self._silent_until_ns = None
        self._unread.clear()
        self._later.clear()

    # The recorded disturbances

    def _answer(self, request: Request) -> bytes:
        if self.mode == "rtu":
            return super()._answer(request)
        if self._silent_until_ns is not None:
            if len(self._unread) < REQUESTS_LIMIT:
                self._unread.append(request)
            return b""
        if self.options.disturbed_after_requests and self._requests >= self.options.disturbed_after_requests:
            self._requests = -(1 << 62)  # once in its life
            self._silent_until_ns = self.now_ns + self.options.disturbed_for_s * NS_PER_S
            self._unread.append(request)
            return b""
        if request.ran_together and self.options.run_together == "misread":
            return self._misread_one(request)
        return self._in_pieces(super()._answer(request))

    def _misread_one(self, request: Request) -> bytes:
        unit, pdu = MISREAD[self._misread % len(MISREAD)]
        self._misread += 1
        return tcp_frame(request.transaction, unit, pdu)

    def _misread_all(self) -> None:
        self._silent_until_ns = None
        for request in self._unread:
            self._said += self._misread_one(request)
        self._unread.clear()

    def _in_pieces(self, answer: bytes) -> bytes:
        at = self.options.split_after_bytes
        if not at or len(answer) <= at:
            return answer
        self._later.append((self.now_ns + BETWEEN_PIECES_NS, answer[at:]))
        return answer[:at]

    def _say_rest(self) -> None:
        self._said += self._later.popleft()[1]

    # People and mishaps

    def _press(self, key: str, rate_nl_per_h: int | None) -> None:
        if key == "stop":
            self.stop()
        elif key == "start" and not self.alarms and not self.constant_pressure:
            self.start()
        elif key == "clear":
            self.reset_alarms()
        elif rate_nl_per_h is not None:
            self.take_flow(min(rate_nl_per_h, HIGHEST_FLOW_NL_PER_H))

    def reset_counters(self, now_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self.reset_dispensed()
        return said

    def shift_timers(self, by_ns: int) -> None:
        super().shift_timers(by_ns)
        if self._silent_until_ns is not None:
            self._silent_until_ns += by_ns
        self._later = deque((at_ns + by_ns, piece) for at_ns, piece in self._later)

    def _look_again(self) -> None:
        self._watch()

    def _raise_by_name(self, alarm: str) -> None:
        self.alarms.add(Alarm[alarm.upper()])
        self.stop()

    def _status(self) -> tuple[str, str, int]:
        alarm = min(self.alarms).name.lower() if self.alarms else ""
        return "running" if self.running else "stopped", alarm, self.nl_per_h
