"""A bed whose day was earlier: the demo's own daemon, played ahead from some hours ago until now.

It is a steered bed (steered_bed.py) in two respects changed. Its clock is behind the machine's by as much as will be
jumped, so that what happens in it is dated as if it had happened, and the last jump arrives at the present moment. And
it lies in a folder of somebody else, with the configuration that stands there: what it leaves behind (journal, samples,
identities, drafts) is what the daemon finds that is started there next, as after any restart.

Two things are left out of that configuration while the past is played: the broker, which would be told hours in
seconds, and the page that has to be heard, since nobody can sit through them. Hours without news are played coarsely
(coarse.py), which makes the past coarser, and no more.
A machine that has been up for a shorter time than the past lasts was started since: then the past has the boot id and
the boot time of a start before, and the next daemon goes by the wall clock, as it does whenever a machine was off.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pumpd_sim import devices, state
from pumpd_sim.bus import SimBus
from pumpd_sim.chain import Chain
from pumpd_sim.device import Truth
from pumpd_sim.faults import Fault

from pumpd.clock import SystemClock
from pumpd.config import Config
from pumpd.errors import ApiError
from pumpd.link import Link
from pumpd.testing.coarse import coarsely
from pumpd.testing.steered import NS_PER_S, SteeredClock, SteeredLoop
from pumpd.testing.steered_bed import SteeredBed
from pumpd.testing.treatment import Treatment
from pumpd.testing.virtual import WireToSim

SLOT: Final = "p1"
NEAR_S: Final = 1.0
LATE_S: Final = 10.0  # after an act that took its 5 s
FINE_MINUTES: Final = 0.25
ROUNDS: Final = 3
DEVICE: Final = "new_era"
EARLIER_START_NS: Final = 100 * 24 * 3_600 * NS_PER_S  # when the machine had been up for so long
NOBODY_THERE: Final = "the past is played ahead: no page can be open in it"


class SceneClock(SteeredClock):
    """Behind the machine's clock until as much has been jumped."""

    def __init__(self, loop: SteeredLoop, behind_ns: int) -> None:
        super().__init__(loop)
        self._behind_ns = behind_ns
        self._is_earlier_start = behind_ns > up_ns()

    @property
    def ago_ns(self) -> int:
        """How far it is still behind."""
        return self._behind_ns - self._loop.jumped_ns

    def now_ns(self) -> int:
        return super().now_ns() + self._apart_ns()

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self._apart_ns()

    def _apart_ns(self) -> int:
        return (EARLIER_START_NS if self._is_earlier_start else 0) - self._behind_ns

    def kernel_boot(self) -> str:
        return "the start before" if self._is_earlier_start else super().kernel_boot()

    def wall_ms(self) -> int:
        return super().wall_ms() - self._behind_ns // 10**6


def up_ns() -> int:
    """For how long this machine has been up."""
    return SystemClock().now_ns()


class _PumpsClock(SceneClock):
    """The wire's own time: it began when the bed did."""

    def __init__(self, loop: SteeredLoop) -> None:
        super().__init__(loop, 0)
        self._began_ns = super().now_ns()

    def now_ns(self) -> int:
        return super().now_ns() - self._began_ns


class SceneBed(SteeredBed):
    """The bed of one configuration file, from `minutes_ago` on; a pump as it was saved, or one with this syringe."""

    def __init__(
        self, config: Path, regimen: str = "", *, minutes_ago: float = 0, saved: state.WireState | None = None
    ) -> None:
        pump = Treatment.of(regimen, 1).pump() if regimen else Chain(mode="safe")
        super().__init__({SLOT: pump}, folder=config.parent)
        self._file = Config.load(config)
        self.config, self.socket, self.journal = config, self._file.socket, self._file.journal_path
        self.clock: SceneClock = SceneClock(self.loop, round(minutes_ago * 60 * NS_PER_S))
        self.client = self.new_client()
        self._wire_clock = _PumpsClock(self.loop)
        self._is_silent = saved is not None and bool(saved.faults)
        self.sims = {SLOT: pump.build() if saved is None else _gone_on(saved)}

    @property
    def minutes_ago(self) -> float:
        return self.clock.ago_ns / NS_PER_S / 60

    def until(self, minutes_ago: float) -> None:
        """Time goes by until then, to a second or two: what a jump takes of real time it does not jump.

        AssertionError when that is over: the play took longer than was thought.
        """
        left_s = self.left_s(minutes_ago)
        assert left_s > -LATE_S, f"{minutes_ago:g} minutes ago is {-left_s:.0f} s past"
        for _ in range(ROUNDS):
            if (left_s := self.left_s(minutes_ago)) < NEAR_S:
                break
            self.advance(seconds=left_s)

    def until_now(self) -> None:
        """The last seconds at the usual pace."""
        with coarsely():
            self.until(FINE_MINUTES)
        self.until(0)

    def left_s(self, minutes_ago: float) -> float:
        """Seconds until then."""
        return (self.minutes_ago - minutes_ago) * 60

    def saved(self, *faults: dict[str, object]) -> state.WireState:
        """The pump as it is; its wire has these faults from the beginning. For after the bed's end, too."""
        return state.saved(self.sims[SLOT], devices.load(DEVICE), self._wire_clock.now_ns(), faults)

    def truth(self, slot: str = SLOT) -> Truth:
        return self._at_the_pump(slot, lambda sim: sim.truth(self._wire_clock.now_ns()))

    def fault(self, fault: Fault, slot: str = SLOT) -> None:
        self._at_the_pump(slot, lambda sim: sim.inject(self._wire_clock.now_ns(), fault))

    def _configured(self) -> Config:
        bedside = self._file.bedside.model_copy(update={"unheard_because": NOBODY_THERE})
        return self._file.model_copy(update={"mqtt": None, "bedside": bedside})

    def _all_linked(self) -> bool:
        """A pump that was left without a word is not waited for."""
        return self._answers() if self._is_silent else super()._all_linked()

    def _answers(self) -> bool:
        try:
            self.client.bed()
        except ApiError:
            return False
        return True

    def _write_files(self) -> None:
        """They are there."""

    async def _opened(self, *_port: Any) -> Link:  # noqa: ANN401  # whatever the daemon opens, it is this wire
        return WireToSim(self.sims[SLOT], self._wire_clock)


def _gone_on(saved: state.WireState) -> SimBus:
    sim = SimBus(saved.built(), day_ns=saved.day_ns)
    saved.bring_on_faults(sim)
    return sim
