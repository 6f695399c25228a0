"""All that a syringe, its motor and its line are at one moment: what has to be kept for a plant to go on from it.

A plant that is put together again from this gives, step for step and drop for drop, what the first one would have
given; so its volumes are kept in zeptolitres and its motor's place within a step is kept too. Times are those of the
pumps' day. The fields are the plant's own: one that is added there and not here fails at the first state that is saved.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from pumpd_sim.plant import Blocked, Plant, PlantSpec, Speed
from pumpd_sim.state_fields import StateError


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantState:
    spec: PlantSpec
    step_zl: int
    position_steps: int
    occluded: bool
    jammed: bool
    leak_permille: int
    blocked: Blocked | None
    blocked_at_ns: int | None
    now_ns: int
    speed: Speed | None
    origin_ns: int
    carry: int
    counted: int
    at_patient_zl: int
    leaked_zl: int
    air_zl: int
    air_to_come_zl: int
    free_zl: int
    free_rate_nl_per_h: int
    diameter_um: int
    step_permille: int
    sense: int
    displaced_before_zl: int
    position_before: int
    filled_zl: int
    closing_ns: tuple[int, int] | None
    stall_zl: int

    def __post_init__(self) -> None:
        """Raises StateError for what no plant can be."""
        above_zero = ("step_zl", "diameter_um", "step_permille", "stall_zl")
        for name in above_zero:
            if getattr(self, name) < 1:
                raise StateError(f"{name} is above 0, not {getattr(self, name)}")
        for one in fields(self.spec):
            if getattr(self.spec, one.name) < (0 if one.name == "volume_nl" else 1):
                raise StateError(f"spec.{one.name}: {getattr(self.spec, one.name)} is none")
        if self.speed is not None and (self.speed.steps < 0 or self.speed.per_ns < 1):
            raise StateError("speed: steps from 0 and per_ns from 1")
        if self.sense not in (-1, 1) or (self.speed is not None and self.speed.direction not in (-1, 1)):
            raise StateError("sense and speed.direction are 1 or -1")
        if self.origin_ns > self.now_ns:
            raise StateError(f"origin_ns {self.origin_ns} lies after now_ns {self.now_ns}")


def saved(plant: Plant) -> PlantState:
    return PlantState(**{name.lstrip("_"): value for name, value in vars(plant).items()})


def restored(plant: Plant, state: PlantState) -> None:
    """Make this plant that one."""
    inside = vars(plant)
    for name in inside:
        inside[name] = getattr(state, name.lstrip("_"))
