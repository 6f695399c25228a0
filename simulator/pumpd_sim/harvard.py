"""A Harvard Apparatus or KD Scientific syringe pump of the "Ultra" command set, from its socket to its syringe.

Written from the manual, with its traps: nothing guards it against a host that falls silent, it runs on; only the target
volume ends a run; only the prompt at the end of a reply tells what the motor does; a stall shows there and in STATUS,
and nowhere else; after a power failure it stands still and says nothing of it; it believes the diameter it was told
last, by whomever. The commands stand in `harvard_commands`, the text in `harvard_text`.

Drive it with `on_bytes`, `next_wake_ns` and `on_wake`; times never run backwards.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from pumpd_sim import harvard_commands as commands
from pumpd_sim.device import Speech, Truth
from pumpd_sim.harvard_options import HarvardOptions
from pumpd_sim.harvard_text import Command, Receiver, reply
from pumpd_sim.keypad import check_key
from pumpd_sim.plant import NS_PER_H, ZL_PER_NL, Blocked, Plant, PlantSpec, Speed, step_volume_zl

NS_PER_MS = 10**6
FACTORY_DIAMETER_NM = 14_430_000


class State(Enum):
    """What the pump does; the value is its prompt."""

    IDLE = ":"
    INFUSING = ">"
    WITHDRAWING = "<"
    STALLED = "*"
    TARGET_REACHED = "T*"
    INFUSE_LIMIT = ">*"
    WITHDRAW_LIMIT = "<*"


MOVING = (State.INFUSING, State.WITHDRAWING)


class Harvard:
    """One pump of a chain. It comes up idle and says nothing."""

    speech = Speech()

    def __init__(
        self,
        *,
        address: int = 0,
        baud: int = 9_600,
        options: HarvardOptions | None = None,
        plant: PlantSpec | None = None,
        now_ns: int = 0,
    ) -> None:
        self.address = address
        self.baud = baud
        self.options: HarvardOptions = options or HarvardOptions()
        self.plant = Plant(plant or PlantSpec(), now_ns=now_ns)
        self.now_ns = now_ns
        self.state = State.IDLE
        self.withdraws = False  # the present direction
        self.diameter_nm = FACTORY_DIAMETER_NM
        self.rates_zl_per_h = {False: 0, True: 0}  # infuse, withdraw
        self.rate_units = {False: "ml/hr", True: "ml/hr"}
        self.target_zl = 0  # 0 = not set
        self.syringe_zl = 10 * 10**18
        self.counted_zl = {False: 0, True: 0}
        self.since_run_zl = 0
        self.run_ns = 0
        self.poll = self.options.poll_from_start
        self.echo = self.options.echo_from_start
        self.remembers = self.options.settings_survive_power  # NVRAM
        self._position = 0
        self._counted_ns = now_ns
        self._power_back_ns: int | None = None
        self._receiver = Receiver()
        self._refusals = 0

    # The bus's side

    @property
    def reply_delay_ns(self) -> int:
        return self.options.reply_ms * NS_PER_MS

    def on_bytes(self, now_ns: int, data: bytes) -> bytes:
        self.on_wake(now_ns)
        if self._power_back_ns is not None:
            return b""
        said = data if self.echo else b""
        for byte in data:
            heard = self._receiver.feed(byte)
            if heard is not None and heard.address == self.address:
                said += self._answer(heard)
        return said

    def next_wake_ns(self) -> int | None:
        return min((at_ns for at_ns, _ in self._due()), default=None)

    def on_wake(self, now_ns: int) -> bytes:
        """The pump never speaks unasked."""
        while due := [pair for pair in self._due() if pair[0] <= now_ns]:
            at_ns, act = min(due, key=lambda pair: pair[0])
            self.now_ns = max(self.now_ns, at_ns)
            self.count()
            act()
        self.now_ns = now_ns
        self.count()
        return b""

    def _due(self) -> list[tuple[int, Callable[[], None]]]:
        """What happens by itself; what is first here happens first when at one time."""
        found: list[tuple[int | None, Callable[[], None]]] = [(self._power_back_ns, self._power_up)]
        if self.moving:
            found += [(self._target_due_ns(), lambda: self.halt(State.TARGET_REACHED)), self._block_due()]
        return [(at_ns, act) for at_ns, act in found if at_ns is not None]

    def _target_due_ns(self) -> int | None:
        if not self.target_zl or self.withdraws:
            return None
        return self.plant.when_turned_ns(-(-max(0, self.target_left_zl) // self.believed_step_zl))

    def _block_due(self) -> tuple[int | None, Callable[[], None]]:
        """Lost steps, at a limit switch or before, are noticed after a while."""
        stall_ns = self.plant.stall_due_ns()
        late_ns = self.options.stall_detected_after_ms * NS_PER_MS
        return (None if stall_ns is None else stall_ns + late_ns), self._see_block

    def _see_block(self) -> None:
        at_end = self.plant.blocked in (Blocked.EMPTY, Blocked.FULL)
        if at_end and self.options.end_of_travel == "limit_switch":
            self.halt(State.WITHDRAW_LIMIT if self.withdraws else State.INFUSE_LIMIT)
        elif self.plant.blocked is not None:
            self.halt(State.STALLED)

    def _power_up(self) -> None:
        self._power_back_ns = None

    # Motor and counters

    @property
    def moving(self) -> bool:
        return self.state in MOVING

    @property
    def believed_step_zl(self) -> int:
        """What the pump takes a step to displace, going by the diameter it was told."""
        return step_volume_zl(self.diameter_nm // 1_000, self.plant.spec.step_length_pm)

    @property
    def rate_zl_per_h(self) -> int:
        """What the pump takes itself to move now."""
        return self.rates_zl_per_h[self.withdraws] if self.moving else 0

    @property
    def target_left_zl(self) -> int:
        by_run = self.options.target_counts == "since_run"
        return self.target_zl - (self.since_run_zl if by_run else self.counted_zl[False])

    def count(self) -> None:
        """Bring plant and counters to this moment."""
        self.plant.advance(self.now_ns)
        moved_zl = abs(self.plant.position_steps - self._position) * self.believed_step_zl
        self._position = self.plant.position_steps
        self.counted_zl[self.withdraws] += moved_zl
        self.since_run_zl += moved_zl
        self.run_ns += self.now_ns - self._counted_ns if self.moving else 0
        self._counted_ns = self.now_ns

    def run(self, *, withdraws: bool) -> None:
        self.plant.halt(self.now_ns)
        self.withdraws = withdraws
        self.since_run_zl = 0
        self.state = State.WITHDRAWING if withdraws else State.INFUSING
        self.drive()

    def drive(self) -> None:
        """Turn the motor at the rate that is now in force."""
        speed = Speed(
            steps=self.rate_zl_per_h, per_ns=NS_PER_H * self.believed_step_zl, direction=-1 if self.withdraws else 1
        )
        self.plant.drive(self.now_ns, speed)

    def stop(self) -> None:
        self.halt(State.IDLE)

    def halt(self, state: State) -> None:
        self.plant.halt(self.now_ns)
        self.state = state

    # The conversation

    def _answer(self, heard: Command) -> bytes:
        if self._refusals and heard.name:
            self._refusals -= 1
            lines = commands.NOT_NOW
        else:
            lines = commands.carry_out(self, heard)
        self.count()
        self.on_wake(self.now_ns)
        digits = f"{self.address:02d}" if self.address or self.options.address_0_shown else ""
        before_line = {"digits_colon": f"{digits}:", "digits": digits, "nothing": ""}[self.options.address_before_lines]
        return reply(
            lines,
            self.state.value,
            before_line=before_line if digits else "",
            before_prompt=digits,
            xon=self.poll,
        )

    # People and mishaps at the pump

    def press(self, now_ns: int, key: str, *, rate_nl_per_h: int | None = None) -> bytes:
        """A person at the screen: `start`, `stop`, `rate` (with a rate) or `clear` what the prompt shows."""
        check_key(key, rate_nl_per_h)
        said = self.on_wake(now_ns)
        if self._power_back_ns is not None:
            return said
        if key == "stop" or (key == "clear" and not self.moving):
            self.halt(State.IDLE)
        elif key == "start" and not self.moving and self.rates_zl_per_h[self.withdraws]:
            self.run(withdraws=self.withdraws)
        elif key == "rate" and rate_nl_per_h is not None and commands.in_range(self, rate_nl_per_h * ZL_PER_NL):
            self.rates_zl_per_h[self.withdraws] = rate_nl_per_h * ZL_PER_NL
            if self.moving:
                self.drive()
        return said

    def reboot(self, now_ns: int, outage_ns: int) -> bytes:
        """The power fails and comes back after a while: idle, and nothing tells that it was away."""
        said = self.on_wake(now_ns)
        self.halt(State.IDLE)
        self._receiver.forget()
        if not self.options.counters_survive_power:
            self.counted_zl = {False: 0, True: 0}
            self.run_ns = 0
        if not self.remembers:
            self.rates_zl_per_h = {False: 0, True: 0}
            self.diameter_nm, self.target_zl = FACTORY_DIAMETER_NM, 0
            self.poll, self.echo = self.options.poll_from_start, self.options.echo_from_start
        self._power_back_ns = now_ns + outage_ns
        return said

    def reset_counters(self, now_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self.counted_zl = {False: 0, True: 0}
        return said

    def refuse_next(self, now_ns: int, count: int) -> bytes:
        """The next commands are answered `Command error` and not carried out."""
        self._refusals = count
        return self.on_wake(now_ns)

    def shift_timers(self, by_ns: int) -> None:
        """Nothing of this pump is timed on its line."""

    def truth(self, now_ns: int) -> Truth:
        self.on_wake(now_ns)
        plant = self.plant
        return Truth.of(
            plant,
            at_ns=now_ns,
            address=self.address,
            believed_rate_nl_per_h=self.rate_zl_per_h // ZL_PER_NL * (-1 if self.withdraws else 1),
            powered=self._power_back_ns is None,
            status=self.state.value,
            alarm=self.state.value if self.state in (State.STALLED, State.INFUSE_LIMIT, State.WITHDRAW_LIMIT) else "",
            mode="poll" if self.poll else "",
        )
