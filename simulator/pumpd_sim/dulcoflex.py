"""A ProMinent DULCO flex Control as it looks from its bus, its keys and its hose, by its operating instructions.

The pump carries the hazard that a driver must know: with a Modbus time-out it stops when nobody asks, with an error,
and it **starts again by itself** with the next valid request, whatever that asks, unless that request takes run back.
Run is a wish that stays; what stops the pump (silence, an error, a key) only holds it. It counts litres, from 25 l/h
downwards, far from a bedside's rates: a model of its kind. Addresses and registers are in `dulcoflex_map`.
"""

from __future__ import annotations

from enum import IntEnum

from pumpd_sim.bag_plant import BagPlant
from pumpd_sim.dulcoflex_map import slave_of
from pumpd_sim.dulcoflex_options import DulcoFlexOptions
from pumpd_sim.modbus_pump import NS_PER_MS, NS_PER_S, Due, ModbusPump
from pumpd_sim.plant import ZL_PER_NL, Speed

NL_PER_L = 10**9
SENSE_NS = 100 * NS_PER_MS
BATCH_MODE = 3
TIMEOUT_MS = 5_000  # from the factory; an assumption


class Error(IntEnum):
    """The bits of register 1002 that can come about here."""

    LEVEL = 3
    MOTOR_BLOCKED = 30


class DulcoFlex(ModbusPump):
    """One pump. Comes up standing, with nothing to acknowledge."""

    plant: BagPlant
    alarms_known = tuple(error.name.lower() for error in Error)

    def __init__(
        self,
        *,
        plant: BagPlant,
        unit: int = 20,
        baud: int = 19_200,
        options: DulcoFlexOptions | None = None,
        now_ns: int = 0,
    ) -> None:
        self.options = options or DulcoFlexOptions()
        delay_ms = self.options.reply_delay_ms
        super().__init__(unit=unit, baud=baud, mode="rtu", plant=plant, reply_delay_ms=delay_ms, now_ns=now_ns)
        self.run = False
        self.timed_out = False  # bit 1 of 1200
        self.held_by_silence = False
        self.held_by_key = False
        self.bus_active = False
        self.errors: set[Error] = set()
        self._priming_until_ns: int | None = None
        self._counted_from = 0
        self._cleared_at = 0
        self._batch_from = 0
        self._batch_on = False
        self._sense_ns: int | None = None
        self._factory()
        self.slave = slave_of(self)

    def _factory(self) -> None:
        self.rate_nl_per_h = 0
        self.batch_nl = 0
        self.target_mode = 0
        self.timeout_ms = TIMEOUT_MS

    # What it knows of itself

    @property
    def max_rate_nl_per_h(self) -> int:
        return self.options.max_rate_l_per_h * NL_PER_L

    @property
    def running(self) -> bool:
        return self.plant.driven

    @property
    def priming(self) -> bool:
        return self._priming_until_ns is not None

    @property
    def driven_nl_per_h(self) -> int:
        if not self.running:
            return 0
        return self.max_rate_nl_per_h if self.priming else self.rate_nl_per_h

    @property
    def total_nl(self) -> int:
        self.plant.advance(self.now_ns)
        return (self.plant.position_steps - self._counted_from) * self._step_nl

    @property
    def clearable_nl(self) -> int:
        self.plant.advance(self.now_ns)
        return (self.plant.position_steps - self._cleared_at) * self._step_nl

    @property
    def remaining_nl(self) -> int:
        """Of the batch; what has been asked and not begun is whole."""
        self.plant.advance(self.now_ns)
        given = self.plant.position_steps - self._batch_from if self._batch_on else 0
        return max(0, self.batch_nl - given * self._step_nl)

    @property
    def _step_nl(self) -> int:
        return self.plant.believed_step_zl // ZL_PER_NL

    # What it is told

    def set_run(self, *, run: bool) -> None:
        if self.options.timeout_bit_clears == "run_written":
            self.timed_out = False
        if run and not self.run and self.options.batch_starts_with == "run" and self.target_mode == BATCH_MODE:
            self._begin_batch()
        self.run = run
        if not run:
            self._batch_on = False
        self._settle()

    def set_rate(self, rate_nl_per_h: int) -> None:
        self.rate_nl_per_h = rate_nl_per_h
        self._settle(anew=True)

    def set_batch(self, batch_nl: int) -> None:
        self.batch_nl = batch_nl

    def set_timeout(self, timeout_ms: int) -> None:
        self.timeout_ms = timeout_ms
        self._heard()

    def set_mode(self, mode: int) -> None:
        self.target_mode = mode
        self._batch_on = False
        self._settle()

    def start_batch(self) -> None:
        if self.run and self.target_mode == BATCH_MODE:
            self._begin_batch()
            self._settle()

    def prime(self, seconds: int) -> None:
        self._priming_until_ns = self.now_ns + seconds * NS_PER_S if seconds else None
        self._settle(anew=True)

    def clear_counter(self) -> None:
        self.plant.advance(self.now_ns)
        self._cleared_at = self.plant.position_steps

    def acknowledge(self) -> None:
        self.timed_out = False
        self.errors = {error for error in self.errors if error is Error.LEVEL and self.plant.dry}
        self._settle()

    def _begin_batch(self) -> None:
        self.plant.advance(self.now_ns)
        self._batch_from = self.plant.position_steps
        self._batch_on = True

    def _settle(self, *, anew: bool = False) -> None:
        """Drive or stand, by everything that wishes and everything that holds."""
        self.plant.advance(self.now_ns)
        batch_due = self._batch_on and self.remaining_nl > 0
        wanted = self.priming or (self.run and self.rate_nl_per_h > 0 and (self.target_mode != BATCH_MODE or batch_due))
        held = self.held_by_silence or self.held_by_key or bool(self.errors)
        if not wanted or held:
            self.plant.halt(self.now_ns)
            self._sense_ns = None
            return
        if anew or not self.running:
            rate = self.max_rate_nl_per_h if self.priming else self.rate_nl_per_h
            speed = Speed.of_rate(rate_nl_per_h=rate, believed_step_zl=self.plant.believed_step_zl, direction=1)
            self.plant.drive(self.now_ns, speed)
        self._watch()

    # What happens by itself

    def _due(self) -> list[Due]:
        due: list[Due] = []
        if self._deadline_ns is not None:
            due.append((self._deadline_ns, self._fall_silent))
        if self._sense_ns is not None:
            due.append((self._sense_ns, self._sense))
        if self._priming_until_ns is not None:
            due.append((self._priming_until_ns, lambda: self.prime(0)))
        if self.running and self._batch_on and not self.priming:
            steps_left = self.batch_nl // self._step_nl - (self.plant.position_steps - self._batch_from)
            done_ns = self.plant.when_turned_ns(max(0, steps_left))
            if done_ns is not None:
                due.append((done_ns, self._end_batch))
        return due

    def _end_batch(self) -> None:
        self.run = False
        self._batch_on = False
        self._settle()

    def _fall_silent(self) -> None:
        """Nobody asked in time: stop, with an error, and wait for the next request."""
        self._deadline_ns = None
        self.bus_active = False
        self.held_by_silence = self.timed_out = True
        self._settle()

    def _watch(self) -> None:
        if self.plant.calm():
            self._sense_ns = self.plant.when_turned_ns(self.plant.steps_until_dry())
        else:
            self._sense_ns = self.now_ns + SENSE_NS

    def _sense(self) -> None:
        self.plant.advance(self.now_ns)
        if self.plant.dry:
            self.errors.add(Error.LEVEL)
        blocked_ns = self.plant.blocked_at_ns
        if blocked_ns is not None and self.now_ns - blocked_ns >= self.options.blocked_after_ms * NS_PER_MS:
            self.errors.add(Error.MOTOR_BLOCKED)
        if self.errors and not self.options.run_survives_error:
            self.run = False
        self._settle()

    def _heard(self) -> None:
        self.bus_active = True
        self._deadline_ns = self.now_ns + self.timeout_ms * NS_PER_MS if self.timeout_ms else None

    def _done(self) -> None:
        if self.held_by_silence:
            self.held_by_silence = False
            self._settle()

    def _obey_broadcast(self, pdu: bytes) -> None:
        self.slave.answer(pdu)

    def _power_up(self) -> None:
        self.bus_active = False

    def _power_down(self) -> None:
        self.run = self._batch_on = False
        self.held_by_silence = self.held_by_key = self.timed_out = False
        self._priming_until_ns = None
        self.errors.clear()
        if self.options.kept_without_power == "nothing":
            self._factory()
        self._settle()

    # People

    def _press(self, key: str, rate_nl_per_h: int | None) -> None:
        if key == "stop":
            self.held_by_key = True
            self._settle()
        elif key == "start":
            self.held_by_key = False
            self._settle()
        elif key == "clear":
            self.acknowledge()
        elif rate_nl_per_h is not None and rate_nl_per_h <= self.max_rate_nl_per_h:
            self.set_rate(rate_nl_per_h)

    def load(self, now_ns: int, volume_nl: int | None = None) -> bytes:
        said = super().load(now_ns, volume_nl)
        if self.options.level_clears_itself and not self.plant.dry:
            self.errors.discard(Error.LEVEL)
        self._settle()
        return said

    def reset_counters(self, now_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self.clear_counter()
        self._counted_from = self.plant.position_steps
        return said

    def _look_again(self) -> None:
        if self.running:
            self._watch()

    def _raise_by_name(self, alarm: str) -> None:
        self.errors.add(Error[alarm.upper()])
        self._settle()

    def _status(self) -> tuple[str, str, int]:
        alarm = "timeout" if self.timed_out else ""
        if self.errors:
            alarm = min(self.errors).name.lower()
        return "running" if self.running else "stopped", alarm, self.driven_nl_per_h
