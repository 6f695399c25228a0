r"""Simulated pumps in a thread of their own, for tests that are plain functions.

The bus lives in virtual time and serving it needs a loop; a test wants neither. Here a loop runs in a background
thread, the host under test opens a real port, and everything a test asks (the truth, a fault, the journal) is carried
into that thread and answered from there, so that no lock is needed anywhere and the test's own loop, if it has one, is
left alone:

    with SimPumps(Chain(device="new_era")) as pumps, serial.serial_for_url(pumps.port, 19_200, timeout=1) as port:
        port.write(b"RAT20MH\r")
        pumps.pump().verify("RAT20MH")

What fails in the thread fails the next question, or `close`: a simulator that died must not look like a silent pump.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pumpd_sim.chain import Chain
from pumpd_sim.fault_table import FAULTS
from pumpd_sim.fault_text import fault_of
from pumpd_sim.serving import ServedBus
from pumpd_sim.verify import judge, speech_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pumpd_sim.bus import Event, Seen, SimBus
    from pumpd_sim.device import Truth
    from pumpd_sim.faults import Fired

T = TypeVar("T")

ANSWER_WITHIN_S = 30.0  # a thread that takes longer is stuck
LOOK_EVERY_S = 0.005
_AT_ONE_PUMP = {kind.value for kind, facts in FAULTS.items() if "address" in facts.fields}


class SimPumps:
    """A running wire with its pumps. Use it as a context manager, or call `close`."""

    def __init__(self, chain: Chain | None = None, *, tcp: bool = False) -> None:
        """With `tcp` the port is a TCP one even where there are pseudo-terminals."""
        self.chain = chain or Chain()
        bus = self.chain.build()
        self.addresses = tuple(device.address for device in bus.devices)
        self.baud = bus.devices[0].baud
        self._failures: list[BaseException] = []
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._failed)
        self._thread = threading.Thread(target=self._run, name=f"pumpd-sim {self.chain.device}", daemon=True)
        self._thread.start()
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self._end_thread)
            opened = self._await(self._open(bus, tcp=tcp or self.chain.tcp_only()))
            on_failure.pop_all()
        self._served: ServedBus = opened[0]
        self.port: str = opened[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give port and thread back. Raises what the simulator failed of, if it did."""
        if not self._thread.is_alive():
            return
        try:
            self._await(self._served.close())
        finally:
            self._end_thread()
        self._raise_failure()

    def pump(self, address: int | None = None) -> SimPump:
        """The pump with this address; without one, the first on the wire. LookupError when there is none."""
        wanted = self.addresses[0] if address is None else address
        if wanted not in self.addresses:
            raise LookupError(f"no pump has address {wanted}; there are: {', '.join(map(str, self.addresses))}")
        return SimPump(self, wanted)

    @property
    def pumps(self) -> tuple[SimPump, ...]:
        return tuple(SimPump(self, address) for address in self.addresses)

    @property
    def journal(self) -> tuple[Seen, ...]:
        """Every byte at either end of the wire, in order."""
        return self.ask(lambda bus, _now_ns: tuple(bus.journal))

    @property
    def fired(self) -> tuple[Fired, ...]:
        """Every fault that really happened."""
        return self.ask(lambda bus, _now_ns: tuple(bus.fired))

    def inject(self, fault: str, **how: object) -> None:
        """Bring a fault on by its name and fields (docs/faults.md); ValueError says what would make sense."""
        order = fault_of({"fault": fault, **how})
        self.ask(lambda bus, now_ns: bus.inject(now_ns, order))

    def verify(
        self,
        expected: str | bytes,
        *,
        event: Event = "pump_hears",
        times: int | None = None,
        address: int | None = None,
    ) -> None:
        """AssertionError with what came closest, unless this was said so many times, or at least once.

        Of a Modbus pump by bytes, or by name (`rate_ml_per_h = 60`): of this address, or the first on the wire.
        """
        __tracebackhide__ = True
        speech = speech_of(self.chain.kind(), self.pump(address).address)
        verdict = judge(self.journal, expected, event=event, times=times, speech=speech)
        if not verdict.holds:
            raise AssertionError(verdict.sentence)

    def advance(self, *, seconds: float) -> None:
        """Let so much of the pumps' day pass at once; the protocol's timers do not notice."""
        self.ask(lambda bus, now_ns: bus.advance(now_ns, round(seconds * 10**9)))

    def ask(self, question: Callable[[SimBus, int], T]) -> T:
        """Ask the bus itself, in its thread, with its present time; sends what became due."""

        async def answered() -> T:
            answer = question(self._served.bus, self._served.now_ns())
            self._served.touched()
            return answer

        self._raise_failure()
        return self._await(answered())

    # Inside

    async def _open(self, bus: SimBus, *, tcp: bool) -> tuple[ServedBus, str]:
        served = ServedBus(bus)
        if not tcp and has_ptys():
            return served, served.open_pty()
        host, port = await served.open_tcp("127.0.0.1", 0)
        return served, f"socket://{host}:{port}"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        self._loop.close()

    def _await(self, what: Coroutine[Any, Any, T]) -> T:
        if not self._thread.is_alive():
            what.close()
            raise RuntimeError("these simulated pumps are closed: ask before the test or the `with` block ends")
        answer: Future[T] = asyncio.run_coroutine_threadsafe(what, self._loop)
        return answer.result(ANSWER_WITHIN_S)

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_WITHIN_S)

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        self._failures.append(error if isinstance(error, BaseException) else RuntimeError(str(context["message"])))

    def _raise_failure(self) -> None:
        if self._failures:
            raise RuntimeError("the simulator failed; this is its own error, please report it") from self._failures[0]


class SimPump:
    """One pump on a wire. `port` is what a host opens, with `serial.serial_for_url`: a path, or socket://HOST:PORT."""

    def __init__(self, wire: SimPumps, address: int) -> None:
        self.wire = wire
        self.address = address

    @property
    def port(self) -> str:
        return self.wire.port

    @property
    def baud(self) -> int:
        return self.wire.baud

    @property
    def seed(self) -> int:
        return self.wire.chain.seed

    @property
    def journal(self) -> tuple[Seen, ...]:
        """Of the whole wire: what one pump says, all hear."""
        return self.wire.journal

    @property
    def fired(self) -> tuple[Fired, ...]:
        return self.wire.fired

    def truth(self) -> Truth:
        """What is really so, at this moment."""
        return self.wire.ask(lambda bus, now_ns: bus.truth(now_ns, self.address))

    def until(self, holds: Callable[[Truth], bool], *, within_s: float = 10.0) -> Truth:
        """Wait until this is true of the truth, and return it. AssertionError with the last truth."""
        __tracebackhide__ = True
        give_up = time.monotonic() + within_s
        while not holds(truth := self.truth()):
            if time.monotonic() >= give_up:
                raise AssertionError(f"waited {within_s:g} s in vain; the truth is {truth}")
            time.sleep(LOOK_EVERY_S)
        return truth

    def inject(self, fault: str, **how: object) -> None:
        """A fault in this pump, or on the wire: `inject("occlusion", for_ms=2_000)`. ValueError says what is known."""
        here = {"address": self.address} if fault in _AT_ONE_PUMP else {}
        self.wire.inject(fault, **{**here, **how})

    def advance(self, *, seconds: float) -> None:
        """Let so much of the pumps' day pass at once, for all pumps on the wire."""
        self.wire.advance(seconds=seconds)

    def press(self, key: str, **how: object) -> None:
        """Somebody at the pump's own keys."""
        self.inject("other_user_at_keypad", key=key, **how)

    def verify(self, expected: str | bytes, *, event: Event = "pump_hears", times: int | None = None) -> None:
        """AssertionError with what came closest, unless this was said so many times, or at least once."""
        __tracebackhide__ = True
        self.wire.verify(expected, event=event, times=times, address=self.address)


def has_ptys() -> bool:
    """Windows has none."""
    return hasattr(os, "openpty")
