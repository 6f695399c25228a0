"""The pumping program of a New Era pump: which phase runs, when it ends, and what the counters say.

A program runs phase after phase until a phase `STP`. A rate phase ends when its volume is reached; with
volume 0 it never ends. One STP command pauses, a second one resets the program to phase 1. The counters
count motor steps times what the pump believes a step to displace, so a wrong diameter shows only in the
plant's truth. Phase functions that no driver here uses (FIL, LIN, PRI, PRL, IF, the event functions) end
in the alarm `A?E`, program error: this simulator cannot play them and will not pretend to.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from pumpd_sim.new_era_memory import LAST_PHASE, NL_PER_H_PER_THOUSANDTH, NL_PER_THOUSANDTH
from pumpd_sim.plant import ZL_PER_NL, Speed

if TYPE_CHECKING:
    from pumpd_sim.new_era_memory import Memory, Phase
    from pumpd_sim.new_era_options import NewEraOptions
    from pumpd_sim.plant import Plant

RATE_FUNCTIONS = ("RAT", "INC", "DEC")
PHASES_IN_ONE_INSTANT = 100  # a loop of phases that take no time would never end
NS_PER_S = 10**9


class State(Enum):
    STOPPED = "S"
    PAUSED = "P"
    PUMPING = "I"
    TIMED_PAUSE = "T"
    USER_WAIT = "U"
    PURGING = "X"


class ProgramFailedError(Exception):
    """The program cannot go on; the argument is the alarm letter."""


class Program:
    """The running program. Times are passed in; `due_ns` says when it next does something by itself."""

    def __init__(self, memory: Memory, options: NewEraOptions, plant: Plant) -> None:
        self.memory = memory
        self.options = options
        self.plant = plant
        self.state = State.STOPPED
        self.phase_number = 1
        self.phase_entered_ns: int | None = None  # only for phases that the program entered by itself
        self.live_rate: int | None = None  # thousandths; set while pumping, never stored
        self.direction = "INF"
        self.dispensed_zl = {"INF": 0, "WDR": 0}
        self.beeps = 0
        self.output = 0
        self._phase_steps = 0
        self._last_rate_nl_per_h = 0
        self._position = plant.position_steps
        self._wait_until_ns: int | None = None
        self._wait_left_ns = 0
        self._paused_in_wait = False
        self._loops: dict[int, int] = {}

    # What is running

    @property
    def phase(self) -> Phase:
        return self.memory.phase(self.phase_number)

    @property
    def letter(self) -> str:
        if self.state is State.PUMPING and self.direction == "WDR":
            return "W"
        return self.state.value

    @property
    def operating(self) -> bool:
        """A program is going on, a pause of the operator's apart."""
        return self.state not in (State.STOPPED, State.PAUSED)

    @property
    def rate(self) -> int:
        """The rate in force, in thousandths of the phase's unit."""
        return self.phase.rate if self.live_rate is None else self.live_rate

    @property
    def rate_nl_per_h(self) -> int:
        """The rate the pump believes to pump at."""
        if self.state is State.PURGING:
            return self.memory.top_rate_nl_per_h
        return self._last_rate_nl_per_h if self.state is State.PUMPING else 0

    def dispensed(self, direction: str, *, and_millionths: int = 0) -> int:
        """A counter in thousandths of the present volume unit, not yet cut to four digits."""
        zl_per_millionth = NL_PER_THOUSANDTH[self.memory.volume_unit] * ZL_PER_NL // 1_000
        return (self.dispensed_zl[direction] // zl_per_millionth + and_millionths) // 1_000

    def count(self, now_ns: int) -> None:
        """Bring the plant and the counters to this moment."""
        self.plant.advance(now_ns)
        moved = self.plant.position_steps - self._position
        self._position = self.plant.position_steps
        if moved == 0:
            return
        self._phase_steps += abs(moved)
        if self.state is State.PURGING and not self.options.purge_counts:
            return
        step_zl = self.memory.believed_step_zl(self.plant.spec.step_length_pm)
        self.dispensed_zl["INF" if moved > 0 else "WDR"] += abs(moved) * step_zl

    # What the operator or the host does

    def start(self, now_ns: int, phase_number: int) -> None:
        self.count(now_ns)
        self.phase_number = phase_number
        self._loops.clear()
        self._last_rate_nl_per_h = 0
        self._enter_phase(now_ns)
        self.phase_entered_ns = None

    def resume(self, now_ns: int) -> None:
        self.count(now_ns)
        self.live_rate = None
        if self._paused_in_wait:
            self.state = State.TIMED_PAUSE
            self._wait_until_ns = now_ns + self._wait_left_ns
        elif self.phase.function in RATE_FUNCTIONS:
            self._pump(now_ns)
        else:
            self._next_phase(now_ns)
        self.memory.was_pumping = True

    def go_on(self, now_ns: int) -> None:
        """End a wait for the operator."""
        self._next_phase(now_ns)

    def purge(self, now_ns: int) -> None:
        self.count(now_ns)
        self.direction = "WDR" if self.phase.direction == "WDR" else "INF"
        self.state = State.PURGING
        self._drive(now_ns, self.memory.top_rate_nl_per_h)

    def pause(self, now_ns: int) -> None:
        self.count(now_ns)
        self.plant.halt(now_ns)
        self._paused_in_wait = self._wait_until_ns is not None
        if self._wait_until_ns is not None:
            self._wait_left_ns = self._wait_until_ns - now_ns
        purging = self.state is State.PURGING
        self._wait_until_ns = None
        self.live_rate = None
        self.state = State.STOPPED if purging else State.PAUSED
        self.memory.was_pumping = False

    def reset(self, now_ns: int) -> None:
        """Stop and go back to phase 1."""
        self.count(now_ns)
        self.plant.halt(now_ns)
        self.state = State.STOPPED
        self.phase_number = 1
        self.live_rate = None
        self._phase_steps = 0
        self._wait_until_ns = None
        self._paused_in_wait = False
        self.memory.was_pumping = False

    def change_rate(self, now_ns: int, rate: int) -> None:
        """While pumping: in force at once, forgotten at the next stop."""
        self.count(now_ns)
        self.live_rate = rate
        self._last_rate_nl_per_h = rate * NL_PER_H_PER_THOUSANDTH[self.phase.rate_unit]
        self._drive(now_ns, self._last_rate_nl_per_h)

    def change_direction(self, now_ns: int, direction: str) -> None:
        self.count(now_ns)
        self.direction = direction
        self._drive(now_ns, self._last_rate_nl_per_h)

    # What happens by itself

    def due_ns(self) -> int | None:
        """When the program next does something: volume reached or wait over."""
        if self.state is State.TIMED_PAUSE:
            return self._wait_until_ns
        if self.state is not State.PUMPING:
            return None
        target = self._target_steps()
        return self.plant.when_turned_ns(target - self._phase_steps) if target else None

    def stall_seen_ns(self) -> int | None:
        """When the pump will notice that its motor lost its steps."""
        stall_ns = self.plant.stall_due_ns()
        return None if stall_ns is None else stall_ns + self.options.stall_detected_after_ms * 1_000_000

    def act(self, now_ns: int) -> None:
        """Do what is due."""
        self.count(now_ns)
        target = self._target_steps()
        waited = self.state is State.TIMED_PAUSE and self._wait_until_ns == now_ns
        pumped = self.state is State.PUMPING and target and self._phase_steps >= target
        if waited or pumped:
            self._next_phase(now_ns)

    def _target_steps(self) -> int:
        return self.memory.target_steps(self.phase, self.plant.spec.step_length_pm)

    def _next_phase(self, now_ns: int) -> None:
        self.count(now_ns)
        self.phase_number += 1
        self._enter_phase(now_ns)
        self.phase_entered_ns = now_ns

    def _enter_phase(self, now_ns: int) -> None:
        """Enter the phase and pass through those that take no time."""
        self.live_rate = None
        self._wait_until_ns = None
        self._paused_in_wait = False
        self._phase_steps = 0
        self.memory.was_pumping = True
        for _ in range(PHASES_IN_ONE_INSTANT):
            if not 1 <= self.phase_number <= LAST_PHASE:
                raise ProgramFailedError("O")
            if self.phase.function in RATE_FUNCTIONS:
                self._pump(now_ns)
                return
            if self.phase.function == "STP":
                self.reset(now_ns)
                return
            if self.phase.function == "PAS":
                self._wait(now_ns)
                return
            self.phase_number = self._pass_through()
        raise ProgramFailedError("E")

    def _pass_through(self) -> int:
        """Do a phase that takes no time; returns the number of the next phase."""
        phase, here = self.phase, self.phase_number
        number = int(phase.parameter or "0")
        match phase.function:
            case "JMP":
                return number
            case "LOP":
                done = self._loops.get(here, 0) + 1
                self._loops[here] = done
                if done < number:
                    return self._loop_start(here)
                self._loops[here] = 0
            case "LPE":
                return self._loop_start(here)
            case "BEP":
                self.beeps += 1
            case "OUT":
                self.output = number
            case "CLD":
                self.dispensed_zl = {"INF": 0, "WDR": 0}
            case "LPS" | "TRG":
                pass
            case _:
                raise ProgramFailedError("E")
        return here + 1

    def _loop_start(self, here: int) -> int:
        for number in range(here - 1, 0, -1):
            if self.memory.phase(number).function == "LPS":
                return number
        return 1

    def _pump(self, now_ns: int) -> None:
        phase = self.phase
        if phase.function == "INC":
            rate_nl_per_h = self._last_rate_nl_per_h + phase.rate_nl_per_h
        elif phase.function == "DEC":
            rate_nl_per_h = self._last_rate_nl_per_h - phase.rate_nl_per_h
        else:
            rate_nl_per_h = phase.rate_nl_per_h
        if not self.memory.rate_in_range(rate_nl_per_h):
            raise ProgramFailedError("E")
        if phase.direction != "STK":
            self.direction = phase.direction
        self._last_rate_nl_per_h = rate_nl_per_h
        self.state = State.PUMPING
        self._drive(now_ns, rate_nl_per_h)

    def _wait(self, now_ns: int) -> None:
        self.plant.halt(now_ns)
        seconds = int(self.phase.parameter or "0")
        self.state = State.TIMED_PAUSE if seconds else State.USER_WAIT
        self._wait_until_ns = now_ns + seconds * NS_PER_S if seconds else None

    def _drive(self, now_ns: int, rate_nl_per_h: int) -> None:
        speed = Speed.of_rate(
            rate_nl_per_h=rate_nl_per_h,
            believed_step_zl=self.memory.believed_step_zl(self.plant.spec.step_length_pm),
            direction=-1 if self.direction == "WDR" else 1,
        )
        self.plant.drive(now_ns, speed)
