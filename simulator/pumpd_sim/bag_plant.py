"""The physics of a bag on a pole: a rotor that squeezes a tube, a delivery set, the line, the patient.

It keeps the contract of the syringe's plant (displaced = at_patient + stored + leaked, whole zeptolitres, no clock, a
thousand calls of `advance` like one) and differs where bags do. The rotor always turns: over an empty bag it pumps air,
and behind a shut clamp it squeezes a flat tube, and a pump that counts turns counts on. Within a turn the flow pulses:
what has left is up to a fifth of a turn behind the rotor. The set is as wide as it is, not as the pump believes. With
the door open and no clamp closing by itself the bag runs free, by gravity, and no counter sees it.

Air is displaced like fluid, and never reaches `at_patient`: it is a share of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pumpd_sim.plant import ZL_PER_NL, Blocked, Plant, PlantSpec

STEPS_PER_TURN = 500
# A wide line: at 999 mL/h its own resistance costs 56 mmHg, well below any limit of pressure.
BAG = PlantSpec(volume_nl=100_000_000, capacity_nl=1_000_000_000, drain_time_constant_ms=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySet:
    """The tube in the rotor. All figures are plausible, none is from a manual.

    `calibration_ppm` is how much more (or less) a turn moves than the pump believes; `lag_permille` how far of a turn
    the flow falls behind the rotor at its pulse's deepest; `upstream_give_nl` what the tube above the pump still yields
    once its clamp is shut; `free_flow_nl_per_h` what gravity does through an open set; `clamp` whether taking the set
    out shuts it.
    """

    turn_nl: int = 50_000
    calibration_ppm: int = 0
    lag_permille: int = 200
    upstream_give_nl: int = 200_000
    suction_mmhg: int = 400
    free_flow_nl_per_h: int = 600_000_000
    clamp: bool = True


class BagPlant(Plant):
    """One rotor, one bag, one line, one patient. `spec` gives the bag and the line; its diameter means nothing here."""

    cannot = frozenset({"fit", "reverse"})

    def __init__(self, spec: PlantSpec, delivery_set: DeliverySet | None = None, *, now_ns: int = 0) -> None:
        super().__init__(replace(spec, syringe_diameter_um=10_000), now_ns=now_ns)
        self.delivery_set = delivery_set or DeliverySet()
        self.believed_step_zl = self.delivery_set.turn_nl * ZL_PER_NL // STEPS_PER_TURN
        self.step_zl = self._right_step_zl = (
            self.believed_step_zl * (1_000_000 + self.delivery_set.calibration_ppm) // 1_000_000
        )
        self.door_open = False
        self.clamped_above = False
        self._fluid_steps = 0  # steps that moved fluid
        self._fluid_zl = 0  # and how much
        self._air_since_primed_zl = 0
        self._bubble_steps = 0  # air that stands before the rotor
        self._shut_at_zl = 0  # fluid moved when the clamp above was shut

    # What happens to the bag and its set

    def clamp_above(self, now_ns: int, *, shut: bool) -> None:
        self.advance(now_ns)
        self.clamped_above = shut
        self._shut_at_zl = self._fluid_zl
        self._settle_gravity()

    def open_door(self, now_ns: int, *, opened: bool) -> None:
        """An open door lets the rotor go; a set without a clamp of its own then runs free."""
        self.advance(now_ns)
        self.door_open = opened
        self._settle_gravity()

    def _settle_gravity(self) -> None:
        free = self.door_open and not (self.delivery_set.clamp or self.clamped_above)
        self._free_rate_nl_per_h = self.delivery_set.free_flow_nl_per_h if free else 0

    def admit_air(self, now_ns: int, volume_nl: int) -> None:
        """Air comes down the tube and is the next thing the rotor moves."""
        self.advance(now_ns)
        self._bubble_steps += volume_nl * ZL_PER_NL // self.step_zl

    def reset_air(self, now_ns: int) -> None:
        """The set is primed outside the patient: what air there was is out, and nothing reached the patient."""
        self.advance(now_ns)
        self._bubble_steps = self._air_since_primed_zl = 0

    def load(self, now_ns: int, volume_nl: int | None = None) -> None:
        """Another bag is hung, full or filled to this volume."""
        super().load(now_ns, volume_nl)
        self._filled_zl += self._lag_zl()

    def miscalibrate(self, now_ns: int, permille: int) -> None:
        """A set that is narrower or wider than the pump believes."""
        self.advance(now_ns)
        if not 1 <= permille <= 10_000:
            message = f"calibration: 1 to 10000 permille, not {permille}"
            raise ValueError(message)
        self.step_zl = max(1, self._right_step_zl * permille // 1_000)

    # What sensors could see

    @property
    def air_in_line_nl(self) -> int:
        """Air that has passed the detector, behind the rotor, since the set was primed."""
        return self._air_since_primed_zl // ZL_PER_NL

    @property
    def dry(self) -> bool:
        return self._bag_steps_left() == 0

    @property
    def upstream_mmhg(self) -> int:
        """Zero or below: how hard the rotor sucks at a shut clamp."""
        if not self.clamped_above or self.delivery_set.upstream_give_nl <= 0:
            return 0
        drawn_nl = (self._fluid_zl - self._shut_at_zl) // ZL_PER_NL
        share = min(1_000, drawn_nl * 1_000 // self.delivery_set.upstream_give_nl)
        return -(share * self.delivery_set.suction_mmhg // 1_000)

    @property
    def flows_free(self) -> bool:
        return self._free_rate_nl_per_h > 0 and not self.occluded and self._fill_zl() > 0

    def steps_until_dry(self) -> int:
        """Turning steps until the rotor has nothing but air."""
        return self._bubble_steps + self._bag_steps_left()

    def calm(self) -> bool:
        """Nothing that a sensor could see will change by the rotor's turning alone, before the bag is empty."""
        hushed = self.occluded or self.clamped_above or self.door_open or self.jammed or self.dry
        pending = (
            self._bubble_steps or self._air_since_primed_zl or self._closing_ns is not None or self.blocked is not None
        )
        return not (hushed or pending or self.flows_free)

    # The rotor

    def _fill_zl(self) -> int:
        return self._filled_zl - self._fluid_zl - self._free_zl

    def _bag_steps_left(self) -> int:
        return max(0, self._fill_zl()) // self.step_zl

    def _steps_free(self) -> tuple[int, Blocked]:
        if self.jammed or self.door_open:
            return 0, Blocked.JAMMED
        if self.occluded or self._closing_ns is not None:
            return max(0, (self._stall_zl - self._stored_zl()) // self.step_zl), Blocked.OCCLUDED
        return 1 << 62, Blocked.JAMMED  # nothing else stops a rotor

    def _move(self, steps: int) -> None:
        self.position_steps += steps
        air = min(steps, self._bubble_steps)
        self._bubble_steps -= air
        fluid = min(steps - air, self._bag_steps_left())
        dry = steps - air - fluid
        if self.clamped_above:
            give_zl = self.delivery_set.upstream_give_nl * ZL_PER_NL - (self._fluid_zl - self._shut_at_zl)
            fluid, dry = min(fluid, max(0, give_zl) // self.step_zl), 0
        self._fluid_steps += fluid
        self._fluid_zl += fluid * self.step_zl
        self._air_zl += (air + dry) * self.step_zl
        self._air_since_primed_zl += (air + dry) * self.step_zl

    def _pushed_zl(self) -> int:
        return self._fluid_zl - self._lag_zl() + self._free_zl + self._air_zl

    def _lag_zl(self) -> int:
        """How far the flow is behind the rotor: nothing, rising to the deepest at two thirds of a turn, and back."""
        place = self._fluid_steps % STEPS_PER_TURN
        rise = STEPS_PER_TURN * 2 // 3
        deepest = STEPS_PER_TURN * self.delivery_set.lag_permille * self._right_step_zl // 1_000
        if place <= rise:
            return deepest * place // rise
        return deepest * (STEPS_PER_TURN - place) // (STEPS_PER_TURN - rise)

    # The truths that differ from a syringe's

    @property
    def remaining_nl(self) -> int:
        return max(0, self._fill_zl()) // ZL_PER_NL

    @property
    def rate_nl_per_h(self) -> int:
        """Mean over a turn, and gravity's own; none of the rotor's while it squeezes a flat tube."""
        free = self._free_rate_nl_per_h if self.flows_free else 0
        spent = self.clamped_above and self.upstream_mmhg <= -self.delivery_set.suction_mmhg
        return free if spent else super().rate_nl_per_h
