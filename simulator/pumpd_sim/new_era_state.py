"""A New Era at one moment: memory, program, alarms, timers and plant, for a pump that goes on from there.

What was half-way on the wire is not kept: a packet that was still coming in, and what the pump was just about to say by
itself. It is as if the plug had been pulled for a moment: alarms that wait are still there, and the communication timer
has as much left as it had.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_memory import LAST_PHASE, Memory
from pumpd_sim.new_era_options import NewEraOptions
from pumpd_sim.new_era_program import Program, State
from pumpd_sim.plant_state import PlantState
from pumpd_sim.plant_state import restored as plant_restored
from pumpd_sim.plant_state import saved as plant_saved
from pumpd_sim.readings import read
from pumpd_sim.state_fields import StateError

DIRECTIONS = ("INF", "WDR")
_SHARED = ("memory", "options", "plant")  # by the program with its pump
_ON_THE_WIRE = ("_receiver", "_unasked")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramState:
    state: State
    phase_number: int
    phase_entered_ns: int | None
    live_rate: int | None
    direction: str
    dispensed_zl: dict[str, int]
    beeps: int
    output: int
    phase_steps: int
    last_rate_nl_per_h: int
    position: int
    wait_until_ns: int | None
    wait_left_ns: int
    paused_in_wait: bool
    loops: dict[int, int]

    def __post_init__(self) -> None:
        """Raises StateError for what no program can be."""
        if not 1 <= self.phase_number <= LAST_PHASE:
            raise StateError(f"phase_number: 1 to {LAST_PHASE}, not {self.phase_number}")
        if self.direction not in DIRECTIONS or set(self.dispensed_zl) != set(DIRECTIONS):
            raise StateError(f"direction, and the names in dispensed_zl, are {' and '.join(DIRECTIONS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEraState:
    """`options`: the points that the manual leaves open, as `--option` takes them."""

    options: dict[str, str]
    memory: Memory
    program: ProgramState
    plant: PlantState
    now_ns: int
    buzzing: bool
    pins: dict[int, int]
    alarms: list[str]
    deadline_ns: int | None
    power_back_ns: int | None
    refusals: int

    def __post_init__(self) -> None:
        """Raises StateError for what no pump can be."""
        right = Memory()
        if len(self.memory.phases) != LAST_PHASE:
            raise StateError(f"memory.phases: {LAST_PHASE} phases, not {len(self.memory.phases)}")
        if set(self.memory.switches) != set(right.switches):
            raise StateError(f"memory.switches: {', '.join(right.switches)}")
        if self.memory.diameter_um < 1:
            raise StateError(f"memory.diameter_um is above 0, not {self.memory.diameter_um}")
        if not set(self.alarms) <= set(NewEra.alarms_known):
            raise StateError(f"alarms: any of {', '.join(NewEra.alarms_known)}")


def saved(pump: NewEra) -> NewEraState:
    program = {name.lstrip("_"): each for name, each in vars(pump.program).items() if name not in _SHARED}
    own = {name.lstrip("_"): each for name, each in vars(pump).items() if name not in _ON_THE_WIRE}
    options = {name: str(value) for name, value in asdict(pump.options).items()}
    return NewEraState(
        **{**own, "options": options, "program": ProgramState(**program), "plant": plant_saved(pump.plant)}
    )


def restored(state: NewEraState) -> NewEra:
    """Raises StateError for an option that there is not."""
    try:
        options = read(NewEraOptions, state.options)
    except ValueError as error:
        raise StateError(f"options: {error}") from error
    pump = NewEra(options=options, plant=state.plant.spec, now_ns=state.now_ns)
    plant_restored(pump.plant, state.plant)
    pump.memory = pump.program.memory = state.memory
    _put(pump.program, state.program, _SHARED)
    _put(pump, state, ("options", "memory", "program", "plant", *_ON_THE_WIRE))
    return pump


def _put(into: NewEra | Program, state: NewEraState | ProgramState, apart_from: tuple[str, ...]) -> None:
    inside = vars(into)
    for name in inside:
        if name not in apart_from:
            inside[name] = getattr(state, name.lstrip("_"))
