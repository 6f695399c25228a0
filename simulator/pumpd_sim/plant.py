"""The physics of one syringe pump: motor steps, a syringe, the line, and the patient's end of it.

It exists so that a test can ask what really happened, beside what the pump says happened. It knows two
truths: what the plunger displaced, and what has arrived at the patient. The difference is stored in the
elastic line (compliance), was air, or has leaked. A closed line stores until the motor can push no further, and
gives the stored volume to the patient as a bolus when it opens. What a motor step really displaces is the plant's own:
another syringe, a wrong calibration or a plunger that moves the other way change it without any pump's knowledge.

All volumes are whole zeptolitres (1e-21 L) inside, so one motor step, piston area times advance, is an
exact integer; what leaves this module is in whole nanolitres. Steps are counted from the moment of the
last change of speed, never summed up from slices of time, so a thousand calls of `advance` give
what a single one gives. The line drains on a fixed grid of ticks for the same reason. No clock is read
here: time is an argument.

Simplified: the pressure that pushes fluid through an open line never stalls the motor beforehand; gravity and
temperature are left out.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import Enum

ZL_PER_NL = 10**12
NS_PER_H = 3_600 * 10**9
TICK_NS = 100_000_000  # the line drains ten times a second, always at whole tenths of a second
PI_SCALED, PI_SCALE = 3_141_592_653_589_793, 10**15


@functools.lru_cache(maxsize=64)  # diameters in use: a handful
def piston_area_um2(diameter_um: int) -> int:
    """Area of a round piston, to the nearest square micrometre."""
    return (PI_SCALED * diameter_um * diameter_um + 2 * PI_SCALE) // (4 * PI_SCALE)


def step_volume_zl(diameter_um: int, step_length_pm: int) -> int:
    """What one motor step displaces: um2 x pm = 1e-24 m3 = 1 zL."""
    return piston_area_um2(diameter_um) * step_length_pm


class Blocked(Enum):
    """Why the motor lost its steps."""

    OCCLUDED = "occluded"
    EMPTY = "empty"
    FULL = "full"
    JAMMED = "jammed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSpec:
    """The things on the bench. All figures but the diameter are plausible, not from a manual.

    Step length: 1/20 inch a turn of the screw, gear 15/28, 400 steps a turn of the motor, eighth steps.
    """

    syringe_diameter_um: int = 26_590
    volume_nl: int = 60_000_000
    capacity_nl: int = 60_000_000
    step_length_pm: int = 212_600
    compliance_nl_per_mmhg: int = 1_000
    stall_pressure_mmhg: int = 1_000
    drain_time_constant_ms: int = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Steps per nanosecond as an exact fraction; direction +1 pushes, -1 pulls."""

    steps: int
    per_ns: int
    direction: int = 1

    @staticmethod
    def of_rate(*, rate_nl_per_h: int, believed_step_zl: int, direction: int) -> Speed:
        """The speed of a pump that believes one step to displace `believed_step_zl`."""
        return Speed(steps=rate_nl_per_h * ZL_PER_NL, per_ns=NS_PER_H * believed_step_zl, direction=direction)


class Plant:
    """One motor, one syringe, one line, one patient. `cannot` names what a kind of plant has no way to do."""

    cannot: frozenset[str] = frozenset()

    def __init__(self, spec: PlantSpec, *, now_ns: int = 0) -> None:
        self.spec = spec
        self.step_zl = step_volume_zl(spec.syringe_diameter_um, spec.step_length_pm)  # what one step displaces
        self.position_steps = 0  # net steps pushed since the beginning
        self.occluded = False
        self.jammed = False
        self.leak_permille = 0
        self.blocked: Blocked | None = None
        self.blocked_at_ns: int | None = None
        self._now_ns = now_ns
        self._speed: Speed | None = None
        self._origin_ns = now_ns
        self._carry = 0  # part of a step already turned at the origin, in units of 1/per_ns
        self._counted = 0  # commanded steps since the origin that are already in position_steps
        self._at_patient_zl = 0
        self._leaked_zl = 0
        self._air_zl = 0
        self._air_to_come_zl = 0
        self._free_zl = 0  # what flowed by itself
        self._free_rate_nl_per_h = 0
        self._diameter_um = spec.syringe_diameter_um
        self._step_permille = 1_000
        self._sense = 1  # -1: the plunger moves against the motor
        self._displaced_before_zl = 0  # up to the last change of what a step displaces
        self._position_before = 0
        self._filled_zl = spec.volume_nl * ZL_PER_NL  # in the container when nothing was displaced
        self._closing_ns: tuple[int, int] | None = None  # the line narrows from, to
        self._stall_zl = spec.stall_pressure_mmhg * spec.compliance_nl_per_mmhg * ZL_PER_NL

    # What the motor's electronics can do

    def drive(self, now_ns: int, speed: Speed) -> None:
        """Turn the motor from now on; while it turns this changes its speed and loses no part of a step."""
        self.advance(now_ns)
        same_gear = (
            self._speed is not None
            and self._speed.per_ns == speed.per_ns
            and self._speed.direction == speed.direction
            and self.blocked is None
        )
        turned = self._turned(now_ns) if same_gear else 0
        self._carry = turned % speed.per_ns
        self._speed = speed
        self._origin_ns = now_ns
        self._counted = 0
        self.blocked = None
        self.blocked_at_ns = None

    def halt(self, now_ns: int) -> None:
        self.advance(now_ns)
        self._speed = None
        self.blocked = None
        self.blocked_at_ns = None

    @property
    def driven(self) -> bool:
        return self._speed is not None

    @property
    def turning(self) -> bool:
        return self._speed is not None and self.blocked is None

    def when_turned_ns(self, more_steps: int) -> int | None:
        """When the motor will have turned so many steps more than up to the last advance."""
        if self._speed is None or self.blocked is not None:
            return None
        wanted = (self._counted + more_steps) * self._speed.per_ns - self._carry
        return self._origin_ns + -(-wanted // self._speed.steps)

    @property
    def closing(self) -> bool:
        """The line is closing little by little."""
        return self._closing_ns is not None

    def stall_due_ns(self) -> int | None:
        """When the motor will first fail to make a step if nothing changes (closed line or end of travel)."""
        if self._speed is None:
            return None
        if self.blocked is not None:
            return self.blocked_at_ns
        return self.when_turned_ns(self._steps_free()[0] + 1)

    # What happens to the line

    def occlude(self, now_ns: int) -> None:
        self.advance(now_ns)
        self._closing_ns = None
        self.occluded = True

    def narrow(self, now_ns: int, over_ns: int) -> None:
        """Close the line evenly over this time."""
        self.advance(now_ns)
        self._closing_ns = (now_ns, now_ns + max(1, over_ns))

    def release(self, now_ns: int) -> None:
        """Open the line: what it stored goes on to the patient, within a few drain time constants."""
        self.advance(now_ns)
        self._closing_ns = None
        self.occluded = False

    def admit_air(self, now_ns: int, volume_nl: int) -> None:
        """So much of what next leaves the line is air."""
        self.advance(now_ns)
        self._air_to_come_zl += volume_nl * ZL_PER_NL

    def flow_freely(self, now_ns: int, rate_nl_per_h: int) -> None:
        """From now on the container empties by itself, whatever the motor does."""
        self.advance(now_ns)
        self._free_rate_nl_per_h = rate_nl_per_h

    def leak(self, now_ns: int, permille: int) -> None:
        """From now on this share of what leaves the line is lost beside the patient."""
        self.advance(now_ns)
        self.leak_permille = permille

    def jam(self, now_ns: int, *, jammed: bool) -> None:
        """Hold the motor, or let it go; a motor that lost its steps turns again only when driven anew."""
        self.advance(now_ns)
        self.jammed = jammed

    def load(self, now_ns: int, volume_nl: int | None = None) -> None:
        """Another syringe of the same size is put in, full or with this volume; what was displaced stays counted."""
        self.advance(now_ns)
        if volume_nl is None:
            volume_nl = self.spec.capacity_nl
        if not 0 <= volume_nl <= self.spec.capacity_nl:
            message = f"{volume_nl} nl do not fit into a syringe of {self.spec.capacity_nl} nl"
            raise ValueError(message)
        self._filled_zl = volume_nl * ZL_PER_NL + self._pushed_zl()

    def fit(self, now_ns: int, diameter_um: int) -> None:
        """A syringe of another diameter sits in the pump, with as much in it."""
        self.advance(now_ns)
        if diameter_um <= 0:
            message = f"a syringe of {diameter_um} um is none"
            raise ValueError(message)
        self._change_step(diameter_um=diameter_um)

    def miscalibrate(self, now_ns: int, permille: int) -> None:
        """A step displaces so much of what it should."""
        self.advance(now_ns)
        if not 1 <= permille <= 10_000:
            message = f"calibration: 1 to 10000 permille, not {permille}"
            raise ValueError(message)
        self._change_step(permille=permille)

    def reverse(self, now_ns: int, *, against: bool) -> None:
        """The plunger moves against the motor, or with it again."""
        self.advance(now_ns)
        self._change_step(sense=-1 if against else 1)

    def _change_step(
        self, *, diameter_um: int | None = None, permille: int | None = None, sense: int | None = None
    ) -> None:
        self._displaced_before_zl = self._pushed_zl() - self._free_zl
        self._position_before = self.position_steps
        self._diameter_um = diameter_um or self._diameter_um
        self._step_permille = permille or self._step_permille
        self._sense = sense or self._sense
        right_zl = step_volume_zl(self._diameter_um, self.spec.step_length_pm)
        self.step_zl = max(1, right_zl * self._step_permille // 1_000)

    # Time

    def advance(self, now_ns: int) -> None:
        """Bring everything to `now_ns`."""
        if now_ns < self._now_ns:
            message = f"time ran backwards: {now_ns} ns after {self._now_ns} ns"
            raise ValueError(message)
        while self._now_ns < now_ns:
            tick_ns = (self._now_ns // TICK_NS + 1) * TICK_NS
            if not self.turning and not self._drains():
                self._now_ns = now_ns
                break
            self._turn_until(min(tick_ns, now_ns))
            if tick_ns > now_ns:
                self._now_ns = now_ns
                break
            self._now_ns = tick_ns
            self._drain()
        if self._closing_ns is not None and self._now_ns >= self._closing_ns[1]:
            self._closing_ns = None
            self.occluded = True

    def _turned(self, now_ns: int) -> int:
        """How far the motor has been asked to turn since the origin, in 1/per_ns steps."""
        assert self._speed is not None
        return self._carry + (now_ns - self._origin_ns) * self._speed.steps

    def _turn_until(self, at_ns: int) -> None:
        if self._speed is None or self.blocked is not None:
            return
        asked = self._turned(at_ns) // self._speed.per_ns - self._counted
        if asked <= 0:
            return
        free, reason = self._steps_free()
        if asked > free:
            self.blocked_at_ns = self.when_turned_ns(free + 1)
            self.blocked = reason
            asked = free
        self._counted += asked
        self._move(asked)

    def _move(self, steps: int) -> None:
        assert self._speed is not None
        self.position_steps += self._speed.direction * steps

    def _steps_free(self) -> tuple[int, Blocked]:
        """Steps the motor can still make in its direction, and what stops it then."""
        assert self._speed is not None
        if self.jammed:
            return 0, Blocked.JAMMED
        direction = self._speed.direction * self._sense
        stored_zl = self._stored_zl() * direction
        narrow = self.occluded or self._closing_ns is not None
        by_pressure = max(0, (self._stall_zl - stored_zl) // self.step_zl) if narrow else None
        if direction > 0:
            by_travel, end = self._fill_zl() // self.step_zl, Blocked.EMPTY
        else:
            room_zl = self.spec.capacity_nl * ZL_PER_NL - self._fill_zl()
            by_travel, end = room_zl // self.step_zl, Blocked.FULL
        if by_pressure is not None and by_pressure < by_travel:
            return by_pressure, Blocked.OCCLUDED
        return max(0, by_travel), end

    def _pushed_zl(self) -> int:
        """What has left the pump towards the line."""
        steps = (self.position_steps - self._position_before) * self._sense
        return self._displaced_before_zl + steps * self.step_zl + self._free_zl

    def _fill_zl(self) -> int:
        return self._filled_zl - self._pushed_zl()

    def _stored_zl(self) -> int:
        return self._pushed_zl() - self._at_patient_zl - self._leaked_zl - self._air_zl

    def _outflow_zl(self) -> int:
        """What leaves the line in one tick; towards the pump (negative) while it withdraws."""
        stored = self._stored_zl()
        time_constant_ns = self.spec.drain_time_constant_ms * 1_000_000
        if self.occluded:
            return 0
        if time_constant_ns <= TICK_NS and self._closing_ns is None:
            return stored
        out = abs(stored) * TICK_NS // time_constant_ns
        if self._closing_ns is not None:
            begun_ns, shut_ns = self._closing_ns
            out = out * max(0, shut_ns - self._now_ns) // (shut_ns - begun_ns)
        return out if stored >= 0 else -out

    def _drains(self) -> bool:
        return self._outflow_zl() != 0 or (self._free_rate_nl_per_h > 0 and not self.occluded and self._fill_zl() > 0)

    def _drain(self) -> None:
        if self._free_rate_nl_per_h and not self.occluded:
            flowing_zl = self._free_rate_nl_per_h * ZL_PER_NL * TICK_NS // NS_PER_H
            self._free_zl += max(0, min(flowing_zl, self._fill_zl()))
        out = self._outflow_zl()
        leaked = out * self.leak_permille // 1_000 if out > 0 else 0
        air = min(self._air_to_come_zl, max(0, out - leaked))
        self._leaked_zl += leaked
        self._air_to_come_zl -= air
        self._air_zl += air
        self._at_patient_zl += out - leaked - air

    # The truths

    @property
    def displaced_nl(self) -> int:
        """Net volume displaced towards the line, rounded down."""
        return self._pushed_zl() // ZL_PER_NL

    @property
    def at_patient_nl(self) -> int:
        return self._at_patient_zl // ZL_PER_NL

    @property
    def leaked_nl(self) -> int:
        return self._leaked_zl // ZL_PER_NL

    @property
    def air_nl(self) -> int:
        """Air that has passed on to the patient."""
        return self._air_zl // ZL_PER_NL

    @property
    def stored_nl(self) -> int:
        return self._stored_zl() // ZL_PER_NL

    @property
    def pressure_mmhg(self) -> int:
        return self.stored_nl // self.spec.compliance_nl_per_mmhg

    @property
    def step_nl(self) -> int:
        """What one step displaces, rounded up."""
        return -(-self.step_zl // ZL_PER_NL)

    @property
    def remaining_nl(self) -> int:
        return self._fill_zl() // self.step_zl * self.step_zl // ZL_PER_NL

    @property
    def rate_nl_per_h(self) -> int:
        """What really leaves the container per hour at this moment; negative while the plunger withdraws."""
        free = self._free_rate_nl_per_h if self._drains() and not self.occluded and self._fill_zl() > 0 else 0
        if self._speed is None or self.blocked is not None:
            return free
        per_h = self._speed.steps * NS_PER_H * self.step_zl // (self._speed.per_ns * ZL_PER_NL)
        return self._speed.direction * self._sense * per_h + free
