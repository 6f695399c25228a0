"""The example bag pump as it looks from its line, its keypad, its door and its bag; the manual is docs/bag-pump.md.

It guards itself as a bedside pump does: VTBI ends it, silence longer than its timeout stops it until somebody
acknowledges and starts anew, sensors for pressure above and below, air, door, an empty bag and its battery stop it.
Traps it has on purpose: a rate is cut to a step and only its read-back tells; settings are lost with the power; the
count is that of the rotor, not of the fluid; an alarm whose cause is still there survives its acknowledgement.
"""

from __future__ import annotations

from enum import IntEnum

from pumpd_sim.bag_plant import BagPlant
from pumpd_sim.bag_pump_map import slave_of
from pumpd_sim.bag_pump_options import BagPumpOptions
from pumpd_sim.modbus_pump import NS_PER_MS, NS_PER_S, Due, ModbusPump, Mode
from pumpd_sim.modbus_slave import DEVICE_FAILURE, ExceptionReply
from pumpd_sim.plant import ZL_PER_NL, Speed

SENSE_NS = 100 * NS_PER_MS
AIR_LIMIT_NL = 50_000
SUCTION_LIMIT_MMHG = -300
BATTERY_LOW_PERCENT = 20
SWITCH_OFF_NS = 60 * NS_PER_S
FOREVER_NS = 1 << 62
NL_PER_UL = 1_000
PRESSURE_LIMIT_MMHG = 300
STOP_BROADCASTS = (bytes.fromhex("05 0000 0000"), bytes.fromhex("0f 0000 0001 01 00"))


class Alarm(IntEnum):
    """The bits of register 65."""

    UPSTREAM = 0
    DOWNSTREAM = 1
    AIR = 2
    DOOR = 3
    EMPTY = 4
    BATTERY_LOW = 5
    BATTERY_EXHAUSTED = 6
    TIMEOUT = 7
    BLOCKED = 8
    POWER = 9


class BagPump(ModbusPump):
    """One pump; it comes up with the alarm "the power was interrupted", as after any power-up."""

    plant: BagPlant
    alarms_known = tuple(alarm.name.lower() for alarm in Alarm)

    def __init__(
        self,
        *,
        plant: BagPlant,
        unit: int = 1,
        baud: int = 19_200,
        mode: Mode = "rtu",
        options: BagPumpOptions | None = None,
        now_ns: int = 0,
    ) -> None:
        self.options = options or BagPumpOptions()
        delay_ms = self.options.reply_delay_ms
        super().__init__(unit=unit, baud=baud, mode=mode, plant=plant, reply_delay_ms=delay_ms, now_ns=now_ns)
        self.rate_ul_per_h = 0
        self.vtbi_ul = 0
        self.timeout_ms = 0
        self.pressure_limit_mmhg = PRESSURE_LIMIT_MMHG
        self.power_ups = 0
        self.battery_percent = 100
        self.on_battery = False
        self.stopped_at_keypad = False
        self.changed_at_keypad = False
        self.alarms: set[Alarm] = set()
        self._batch_from = 0  # the rotor's place when the VTBI was set
        self._total_from = 0
        self._sense_ns: int | None = None
        self._off_ns: int | None = None
        self.slave = slave_of(self)
        self._power_up()

    # What it knows of itself

    @property
    def running(self) -> bool:
        return self.plant.driven

    @property
    def step_nl(self) -> int:
        return self.plant.believed_step_zl // ZL_PER_NL

    @property
    def infused_nl(self) -> int:
        """Of this VTBI, by the rotor's count."""
        self.plant.advance(self.now_ns)
        return (self.plant.position_steps - self._batch_from) * self.step_nl

    @property
    def total_ul(self) -> int:
        self.plant.advance(self.now_ns)
        return (self.plant.position_steps - self._total_from) * self.step_nl // NL_PER_UL

    @property
    def complete(self) -> bool:
        return self.vtbi_ul > 0 and self.infused_nl >= self.vtbi_ul * NL_PER_UL

    @property
    def ready(self) -> bool:
        settled = self.rate_ul_per_h > 0 and self.vtbi_ul > 0 and not self.complete
        return settled and not self.plant.door_open and self.alarms <= {Alarm.BATTERY_LOW}

    @property
    def timeout_left_ms(self) -> int:
        return 0 if self._deadline_ns is None else (self._deadline_ns - self.now_ns) // NS_PER_MS

    # What it is told

    def start(self) -> None:
        if self.running:
            return
        self.stopped_at_keypad = False
        self._drive()
        self._heard()

    def stop(self) -> None:
        self.plant.halt(self.now_ns)
        self._deadline_ns = None
        self._sense_ns = None

    def set_rate(self, rate_ul_per_h: int) -> None:
        self.rate_ul_per_h = rate_ul_per_h
        if self.running:
            self._drive()

    def set_vtbi(self, vtbi_ul: int) -> None:
        self.plant.advance(self.now_ns)
        self.vtbi_ul = vtbi_ul
        self._batch_from = self.plant.position_steps

    def clear_total(self) -> None:
        self.plant.advance(self.now_ns)
        self._total_from = self.plant.position_steps

    def acknowledge(self) -> None:
        self.stopped_at_keypad = self.changed_at_keypad = False
        self.alarms = {alarm for alarm in self.alarms if self._cause_is_there(alarm)}

    def refuse_unless_ready(self) -> None:
        if not (self.running or self.ready):
            raise ExceptionReply(DEVICE_FAILURE)

    def refuse_while_running(self) -> None:
        if self.running:
            raise ExceptionReply(DEVICE_FAILURE)

    def _drive(self) -> None:
        speed = Speed.of_rate(
            rate_nl_per_h=self.rate_ul_per_h * NL_PER_UL, believed_step_zl=self.plant.believed_step_zl, direction=1
        )
        self.plant.drive(self.now_ns, speed)
        self._watch()

    # What happens by itself

    def _due(self) -> list[Due]:
        due: list[Due] = []
        if self.running:
            steps_left = self.vtbi_ul * NL_PER_UL // self.step_nl - (self.plant.position_steps - self._batch_from)
            done_ns = self.plant.when_turned_ns(max(0, steps_left))
            if done_ns is not None:
                due.append((done_ns, self.stop))
        if self._deadline_ns is not None:
            due.append((self._deadline_ns, self._time_out))
        if self._sense_ns is not None:
            due.append((self._sense_ns, self._sense))
        if self._off_ns is not None:
            due.append((self._off_ns, lambda: self._switch_off(FOREVER_NS)))
        return due

    def _time_out(self) -> None:
        self._raise(Alarm.TIMEOUT)

    def _watch(self) -> None:
        """Look again soon while something may be changing, else when the bag will be empty."""
        if not self.running:
            self._sense_ns = None
        elif self.plant.calm():
            self._sense_ns = self.plant.when_turned_ns(self.plant.steps_until_dry())
        else:
            self._sense_ns = self.now_ns + SENSE_NS

    def _sense(self) -> None:
        self.plant.advance(self.now_ns)
        seen = [
            alarm
            for alarm, there in (
                (Alarm.BLOCKED, self.plant.blocked is not None),
                (Alarm.UPSTREAM, self._cause_is_there(Alarm.UPSTREAM)),
                (Alarm.DOWNSTREAM, self._cause_is_there(Alarm.DOWNSTREAM)),
                (Alarm.AIR, self._cause_is_there(Alarm.AIR)),
                (Alarm.EMPTY, self.options.empty_seen_by == "chamber" and self.plant.dry),
            )
            if there
        ]
        for alarm in seen:
            self._raise(alarm)
        self._watch()

    def _raise(self, alarm: Alarm) -> None:
        self.alarms.add(alarm)
        if alarm is not Alarm.BATTERY_LOW:
            self.stop()

    def _cause_is_there(self, alarm: Alarm) -> bool:
        self.plant.advance(self.now_ns)
        match alarm:
            case Alarm.UPSTREAM:
                return self.plant.upstream_mmhg <= SUCTION_LIMIT_MMHG
            case Alarm.DOWNSTREAM:
                return self.plant.pressure_mmhg >= self.pressure_limit_mmhg
            case Alarm.AIR:
                return self.plant.air_in_line_nl > AIR_LIMIT_NL
            case Alarm.DOOR:
                return self.plant.door_open
            case Alarm.EMPTY:
                return self.plant.dry
            case Alarm.BATTERY_LOW:
                return self.on_battery and self.battery_percent < BATTERY_LOW_PERCENT
            case Alarm.BATTERY_EXHAUSTED:
                return self.on_battery and self.battery_percent == 0
            case _:
                return False

    def _heard(self) -> None:
        armed = self.running and self.timeout_ms > 0
        self._deadline_ns = self.now_ns + self.timeout_ms * NS_PER_MS if armed else None

    def _obey_broadcast(self, pdu: bytes) -> None:
        if pdu in STOP_BROADCASTS:
            self.stop()

    def _power_up(self) -> None:
        self.power_ups += 1
        self.alarms = {Alarm.POWER}

    def _power_down(self) -> None:
        self.stop()
        self.rate_ul_per_h = self.vtbi_ul = self.timeout_ms = 0
        self.pressure_limit_mmhg = PRESSURE_LIMIT_MMHG
        self.stopped_at_keypad = self.changed_at_keypad = False
        self.clear_total()
        self._batch_from = self.plant.position_steps
        self._off_ns = None

    # People and mishaps

    def _press(self, key: str, rate_nl_per_h: int | None) -> None:
        if key == "stop" and self.running:
            self.stop()
            self.stopped_at_keypad = True
        elif key == "start" and self.ready and not self.running:
            self.start()
            self.changed_at_keypad = True
        elif key == "clear":
            self.acknowledge()
        elif key == "rate" and rate_nl_per_h is not None:
            self.set_rate(rate_nl_per_h // NL_PER_UL)
            self.changed_at_keypad = True

    def open_door(self, now_ns: int, *, opened: bool) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.open_door(now_ns, opened=opened)
        if opened and self.powered:
            self._raise(Alarm.DOOR)
        return said

    def clamp_above(self, now_ns: int, *, shut: bool) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.clamp_above(now_ns, shut=shut)
        self._watch()
        return said

    def prime(self, now_ns: int) -> bytes:
        """A nurse primes the set away from the patient."""
        said = self.on_wake(now_ns)
        self.plant.reset_air(now_ns)
        return said

    def sag_battery(self, now_ns: int, permille: int) -> bytes:
        """The mains are gone and so much is left; at nothing the pump stops, and soon switches itself off."""
        said = self.on_wake(now_ns)
        self.on_battery, self.battery_percent = True, permille // 10
        if self.powered and self.battery_percent < BATTERY_LOW_PERCENT:
            self._raise(Alarm.BATTERY_LOW)
        if self.powered and self.battery_percent == 0:
            self._raise(Alarm.BATTERY_EXHAUSTED)
            self._off_ns = now_ns + SWITCH_OFF_NS
        return said

    def mains(self, now_ns: int) -> bytes:
        """The plug is in again."""
        said = self.on_wake(now_ns)
        self.on_battery, self.battery_percent, self._off_ns = False, 100, None
        self.alarms.discard(Alarm.BATTERY_LOW)
        if self._power_back_ns == FOREVER_NS:
            self._power_back_ns = now_ns
        return said

    def reset_counters(self, now_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self.clear_total()
        self._batch_from = self.plant.position_steps
        return said

    def _look_again(self) -> None:
        self._watch()

    def _raise_by_name(self, alarm: str) -> None:
        self._raise(Alarm[alarm.upper()])

    def _status(self) -> tuple[str, str, int]:
        alarm = min(self.alarms).name.lower() if self.alarms else ""
        rate_nl_per_h = self.rate_ul_per_h * NL_PER_UL if self.running else 0
        return "running" if self.running else "stopped", alarm, rate_nl_per_h
