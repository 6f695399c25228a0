"""The whole daemon with its simulated pumps in this process, on a clock that a test steers.

    with SteeredBed() as bed:
        bed.infuse(HALF_HOUR)
        bed.advance(minutes=31)
        assert bed.reaches(Phase.ENDED).delivered is not None

It is the product's own composition root with its real journal and its real socket, and with `begin_console` the page
on a real port, for a browser. All of it is on one loop in a thread of its own, so that time can jump (steered.py); the
pumps are behind wires in memory. Between two acts time runs 1:1: whoever waits for a phase waits as at a bed.

A client reads a clock too: it stamps what it asks, and the bed refuses what was asked too long ago. After a jump the
machine's clock is far behind, so a client of this bed takes `clock` (as `client` and the page do), or stamps nothing.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from pumpd_sim.bus import SimBus
from pumpd_sim.chain import Chain
from pumpd_sim.device import Truth
from pumpd_sim.faults import Fault

from pumpd.api_client import Client
from pumpd.api_models import LinkState
from pumpd.config import Config
from pumpd.console import app as console
from pumpd.console.shared import SharedClient
from pumpd.daemon import live
from pumpd.demo_stage import config_folder
from pumpd.errors import ApiError
from pumpd.file_check import FileCheck
from pumpd.journal import Journal
from pumpd.link import Link
from pumpd.testing.nursed_bed import NursedBed
from pumpd.testing.processes import SOON_S, remove, short_folder, until
from pumpd.testing.real_bed import write_regimens
from pumpd.testing.simulate import quiet
from pumpd.testing.steered import NS_PER_S, SteeredClock, SteeredLoop
from pumpd.testing.virtual import WireToSim

T = TypeVar("T")

ONE_PUMP: Final[Mapping[str, Chain]] = {"p1": Chain(mode="safe")}
PATIENCE_S: Final = 60.0
LOOK_EVERY_S: Final = 5.0  # of the bed's time
LISTENS_EVERY_NS: Final = 6 * NS_PER_S  # a word of whoever listens lasts 9 s


class SteeredBed(NursedBed):
    """One bed. Use it as a context manager. `pumps`: one simulated pump on a wire of its own for each slot."""

    def __init__(
        self,
        pumps: Mapping[str, Chain] = ONE_PUMP,
        *,
        training: bool = False,
        heard: bool = False,
        more: str = "",
        folder: Path | None = None,
    ) -> None:
        """`heard`: drugs start only while a page that can be heard is open, as at any bed; until `listening` is set to
        False somebody listens all the time, also while it jumps, which a browser cannot. `more`: further lines of the
        configuration, behind its last table. `folder`: of somebody else, and left behind.
        """
        quiet()
        self._is_own = folder is None
        self.folder = short_folder() if folder is None else folder
        self.socket = self.folder / "pumpd.sock"
        self.config = self.folder / "pumpd.toml"
        self.journal = self.folder / "state" / "journal.sqlite3"
        self.site_key: Path | None = None  # set before it begins: one for all beds of a site
        self.url = ""  # of the page, without a slash at its end
        self.loop = SteeredLoop()
        self.clock = SteeredClock(self.loop)
        self.client = self.new_client()
        self.sims: dict[str, SimBus] = {}
        self._pumps = dict(pumps)
        self._training, self._heard, self._more = training, heard, more
        self.listening = heard
        self._thread = threading.Thread(target=self._run, name="steered bed", daemon=True)
        self._programs: list[Future[Any]] = []

    def __enter__(self) -> Self:
        self._write_files()
        self._thread.start()
        with ExitStack() as ending:
            ending.callback(self._end)
            self._begin(self._daemon())
            self._await(self._all_linked, "its socket answers and every pump is linked")
            ending.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def new_client(self) -> Client:
        """With patience: the daemon shares this process, and a busy machine is no fault of the bed."""
        return Client(self.socket, sent_at_ns=self.clock.now_ns, timeout_s=PATIENCE_S)

    # --- time ---------------------------------------------------------------------------------------------------

    def advance(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """So much time goes by at once, with everything that happens in it."""
        by_ns = round((hours * 3_600 + minutes * 60 + seconds) * NS_PER_S)
        while self.listening and by_ns > LISTENS_EVERY_NS:
            self._on_loop(self.loop.advance(LISTENS_EVERY_NS))
            self.listens()
            by_ns -= LISTENS_EVERY_NS
        self._on_loop(self.loop.advance(by_ns))
        self._fail_if_ended()

    def advance_until(self, look: Callable[[], T], what: str, *, hours: float = 2) -> T:
        """Time goes by in jumps of some seconds until this holds. AssertionError after so many hours of it."""
        give_up_ns = self.clock.now_ns() + round(hours * 3_600 * NS_PER_S)
        while not (found := look()):
            assert self.clock.now_ns() < give_up_ns, f"{hours:g} h went by in vain: {what}"
            self.advance(seconds=LOOK_EVERY_S)
        return found

    # --- the pumps ----------------------------------------------------------------------------------------------

    def truth(self, slot: str = "p1") -> Truth:
        return self._at_the_pump(slot, lambda sim: sim.truth(self.clock.now_ns()))

    def fault(self, fault: Fault, slot: str = "p1") -> None:
        """From now on."""
        self._at_the_pump(slot, lambda sim: sim.inject(self.clock.now_ns(), fault))

    def _at_the_pump(self, slot: str, act: Callable[[SimBus], T]) -> T:
        async def acted() -> T:
            return act(self.sims[slot])

        return self._on_loop(acted())

    # --- its programs -------------------------------------------------------------------------------------------

    def begin_console(self) -> str:
        """The page; returns its address, which is then in `url`."""
        listener = console.listen("127.0.0.1", 0)
        self.url = "http://{}:{}".format(*listener.getsockname()[:2])

        async def serve() -> None:
            async with SharedClient(self.socket, sent_at_ns=self.clock.now_ns) as client:
                await console.serve(console.create_app(client, config=self.config), listener)

        self._begin(serve())
        return self.url

    def _configured(self) -> Config:
        return Config.load(self.config)

    async def _daemon(self) -> None:
        status = await live(self._configured(), FileCheck(), self.clock, opener=self._opened, open_journal=self._kept)
        assert status == 0, f"the daemon ended with {status}"

    async def _opened(self, port: str, _baud: int, _line_format: str) -> Link:
        slot = Path(port).name
        if slot not in self.sims:
            self.sims[slot] = self._pumps[slot].build()
        return WireToSim(self.sims[slot], self.clock)

    def _kept(self, *where: Any, **how: Any) -> Journal:  # noqa: ANN401  # as Journal.open takes them
        journal = Journal.open(*where, **how)
        self.loop.busy.append(lambda: journal.head.seq > journal.committed_seq)
        return journal

    def _write_files(self) -> None:
        for name in ("drug-library.toml", "accounts.toml"):
            (self.folder / name).write_bytes((config_folder() / name).read_bytes())
        write_regimens(self.folder / "regimens.toml")
        lines = [
            f'site = "demo"\nward = "pain-clinic"\nbed = "bed-1"\ntraining = {str(self._training).lower()}',
            f'state_dir = "{self.journal.parent}"\nsocket = "{self.socket}"',
            'library = "drug-library.toml"\nregimens = "regimens.toml"\naccounts = "accounts.toml"',
        ]
        if self.site_key is not None:
            lines.insert(0, f'site_key = "{self.site_key}"')
        for slot, chain in self._pumps.items():
            address = chain.kind().addresses[0] if chain.addresses is None else chain.addresses[0]
            lines += [
                f'[[bus]]\nname = "bus-{slot}"\nport = "{self.folder / slot}"',
                f'[[bus.pump]]\nslot = "{slot}"\ndriver = "{chain.device}"\naddress = {address}\nasset = "{slot}"',
            ]
        silent = '[bedside]\nunheard_because = "a browser lives in its own time"'
        if not self._heard and "[bedside]" in self._more:
            lines.append(self._more.replace("[bedside]", silent, 1))
        else:
            lines += [self._more] if self._heard else [self._more, silent]
        self.config.write_text("\n\n".join(lines) + "\n", encoding="utf-8")

    def _all_linked(self) -> bool:
        try:
            pumps = self.client.bed().pumps
        except ApiError:
            return False
        return all(pump.link is LinkState.UP and pump.age_ms is not None for pump in pumps)

    # --- the loop and its thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _begin(self, program: Coroutine[Any, Any, None]) -> None:
        self._programs.append(asyncio.run_coroutine_threadsafe(program, self.loop))

    def _on_loop(self, act: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(act, self.loop).result()

    def _await(self, look: Callable[[], T], what: str) -> T:
        def found() -> T:
            self._fail_if_ended()
            return look()

        return until(found, what)

    def _fail_if_ended(self) -> None:
        for program in self._programs:
            if program.done():
                program.result()
                raise AssertionError("a program of this bed has ended")

    def _end(self) -> None:
        """A hand-over, as by SIGTERM."""
        try:
            self.loop.call_soon_threadsafe(self.loop.leave)
            for program in self._programs:
                program.result(SOON_S)
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(SOON_S)
            if not self.loop.is_running():
                self.loop.close()
            gc.unfreeze()
            if self._is_own:
                remove(self.folder)
