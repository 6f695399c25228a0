"""A bus with scripted pumps on a virtual loop, in a toy protocol that belongs to no manual.

The toy (one line a frame) holds the bus to its own rules and not to a driver's. Each pump keeps what it heard with the
time, and that list is what the tests judge: what the bus believes is not evidence. The link can be pulled, stuck,
silent, and can hear itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pumpd.bus import Bus, Station
from pumpd.core.effects import ChangeRate, Identify, Start, When
from pumpd.core.events import BusEvent, CommandEnded, LinkReported, PumpIdentified
from pumpd.core.pump import (
    Drive,
    DriverInfo,
    Granted,
    Identified,
    IdentityKind,
    NoLease,
    PumpAlarm,
    Remaining,
    Report,
)
from pumpd.driver_api import AlarmFrame, Frame, Garbled, NoReply, Procedure, PumpRefused, Reply, WireError, WireRequest
from pumpd.errors import PortAbsent, PortHungUp
from pumpd.testing.virtual import VirtualClock, run_virtual

T = TypeVar("T")
Story = Callable[["Rig"], Coroutine[Any, Any, None]]

REPLY_LIMIT_MS = 1000
QUIET_MS = 60
REPLY_S = 0.02
INFO = DriverInfo(
    name="toy",
    title="Toy",
    lease=NoLease(),
    identity=IdentityKind.MODEL,
    detects=(),
    rate_digits=4,
    rate_step_ul_per_h=1,
    piston_um_per_h_min=1,
    piston_um_per_h_max=1_000_000,
    accuracy_ppm=10_000,
    motor_step_um_ppm=1,
    changes_rate_while_running=True,
    unsolicited_alarms=True,
    quiet_ms=QUIET_MS,
    preempt_after_ms=200,
    worst_observe_ms=1000,
    verified_on_hardware=False,
)
REMAINING = Remaining(rate_ul_per_h=5000, volume_nl=1_000_000, lease_s=15, syringe_diameter_um=26_590)
CHANGES = ("SET", "RUN", "RAT", "STP", "ACK")


class ToyFraming:
    """One line a frame, `<address>:<word> <text>`; the answer to a word repeats it."""

    def __init__(self) -> None:
        self.held = b""
        self.quieted = 0

    def receive(self, data: bytes, awaiting: WireRequest | None) -> tuple[Frame, ...]:  # noqa: ARG002  self-delimiting
        *lines, self.held = (self.held + data).split(b"\n")
        return tuple(self.frame(line) for line in lines)

    @staticmethod
    def frame(line: bytes) -> Frame:
        address, colon, body = line.partition(b":")
        if not colon or not address.isdigit():
            return Garbled(data=line, why="no address")
        if body == b"ALARM":
            return AlarmFrame(address=int(address), alarm=PumpAlarm.STALL)
        return Reply(address=int(address), body=body)

    def quiet(self) -> None:
        self.held = b""
        self.quieted += 1

    def answers(self, request: WireRequest, reply: Reply) -> bool:
        return reply.address == request.address and reply.body.split()[0].decode() == request.expects


class ToyPump:
    """The procedures, and the pump itself: what it heard, and how it answers."""

    def __init__(self, address: int) -> None:
        self.address = address
        self.heard: list[tuple[float, str]] = []
        self.mute: set[str] = set()
        self.delay_s: dict[str, float] = {}
        self.says: dict[str, list[str]] = {}  # instead of the usual answer, once each
        self.speaks: Callable[[str], list[str]] | None = None  # instead of every answer
        self.running = False
        self.stuck = False  # the motor does not obey
        self.limit_ms = REPLY_LIMIT_MS
        self.gap_ms = 0
        self.counter_nl = 0  # after a prepare
        self.persists = 1  # how often the driver asks into silence

    def words(self) -> list[str]:
        return [word for _, word in self.heard]

    def on_line(self, word: str) -> list[str]:
        if word in ("RUN", "STP"):
            self.running = word == "RUN" or self.stuck
        if self.speaks is not None:
            return self.speaks(word)
        if word in self.mute:
            return []
        if self.says.get(word):
            return [line for line in self.says[word].pop(0).split("|") if line]
        return [f"{self.address}:{word} {'run' if self.running else 'still'}"]

    # procedures

    def ask(self, word: str) -> Procedure[str]:
        reply = yield WireRequest(
            data=f"{self.address}:{word}\n".encode(),
            address=self.address,
            changes=word in CHANGES,
            reply_limit_ms=self.limit_ms,
            expects=word,
            gap_ms=self.gap_ms,
            text=word,
        )
        answer = reply.body.decode().split()[1]
        if answer == "no":
            raise PumpRefused(f"sent {word}, the pump said no")
        if answer == "nonsense":
            raise WireError(f"sent {word}, received nonsense")
        return answer

    def look(self) -> Procedure[Report]:
        yield from self.ask("RATE?")
        state = yield from self.ask("STATE?")
        drive = Drive.INFUSING if state == "run" else Drive.STILL
        return Report(drive=drive, rate_ul_per_h=1, infused_nl=0, step_nl=1, alarm=None)

    def identify(self) -> Procedure[Identified]:
        for left in range(self.persists, 0, -1):
            try:
                yield from self.ask("WHO?")
                break
            except NoReply:
                if left == 1:
                    raise
        return Identified(model="toy", firmware="1", serial=None)

    def observe(self) -> Procedure[Report]:
        return (yield from self.look())

    def prepare(self, remaining: Remaining) -> Procedure[Granted]:  # noqa: ARG002  one program is like another
        yield from self.ask("STATE?")
        yield from self.ask("SET")
        yield from self.ask("SET")
        yield from self.ask("RATE?")
        return Granted(rate_ul_per_h=1, volume_nl=1, lease_s=None, infused_nl=self.counter_nl, step_nl=1)

    def start(self) -> Procedure[Report]:
        yield from self.ask("RUN")
        return (yield from self.look())

    def change_rate(self, rate_ul_per_h: int) -> Procedure[Report]:  # noqa: ARG002  as prepare
        yield from self.ask("STATE?")
        yield from self.ask("RAT")
        return (yield from self.look())

    def stop(self) -> Procedure[Report]:
        yield from self.ask("STP")
        return (yield from self.look())

    def acknowledge(self) -> Procedure[Report]:
        yield from self.ask("ACK")
        return (yield from self.look())


class ToyLink:
    byte_s = 0.0

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.received = b""
        self.failed = ""
        self.stuck = 0
        self.ring: Callable[[], None] = lambda: None

    def listen(self, ring: Callable[[], None]) -> None:
        self.ring = ring

    def write(self, data: bytes) -> None:
        self.check()
        if self.rig.stuck:
            self.stuck += len(data)
            return
        if self.rig.echoes:
            self.put(data.decode())
        self.rig.hear(self, data)

    def unsent(self) -> int:
        self.check()
        return self.stuck

    def take(self) -> bytes:
        if not self.received:
            self.check()
        data, self.received = self.received, b""
        return data

    def put(self, text: str) -> None:
        if not self.failed:
            self.received += text.encode()
            self.ring()

    def hang_up(self) -> None:
        self.failed = "hung up"
        self.ring()

    def close(self) -> None:
        self.failed = "closed"

    def check(self) -> None:
        if self.failed:
            raise PortHungUp(self.failed)


@dataclass(kw_only=True)
class Rig:
    clock: VirtualClock
    count: int = 1
    stuck: bool = False
    echoes: bool = False  # the adapter hears itself
    unplugged: bool = False  # the pumps hear nothing
    refuse_open: bool = False
    pumps: dict[str, ToyPump] = field(default_factory=dict)
    told: list[BusEvent] = field(default_factory=list)
    told_at: list[float] = field(default_factory=list)
    on_told: Callable[[BusEvent], None] = lambda _: None
    beats: list[float] = field(default_factory=list)
    opened_at: list[float] = field(default_factory=list)
    framing: ToyFraming = field(default_factory=ToyFraming)
    link: ToyLink = field(init=False)
    bus: Bus = field(init=False)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.pumps = {f"p{n}": ToyPump(n) for n in range(1, self.count + 1)}
        self.bus = Bus(
            name="toy",
            open_link=self.open,
            framing=self.framing,
            pumps={
                slot: Station(address=pump.address, procedures=pump, info=INFO) for slot, pump in self.pumps.items()
            },
            deliver=self.deliver,
            now_ns=self.clock.now_ns,
            beat=lambda: self.beats.append(self.now()),
        )

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def deliver(self, request: BusEvent) -> None:
        self.told.append(request)
        self.told_at.append(self.now())
        self.on_told(request)
        self.news.set()

    async def open(self) -> ToyLink:
        self.opened_at.append(self.now())
        if self.refuse_open:
            raise PortAbsent("not there")
        self.link = ToyLink(self)
        return self.link

    def hear(self, link: ToyLink, data: bytes) -> None:
        if self.unplugged:
            return
        address, _, word = data.decode().strip().partition(":")
        pump = self.pumps[f"p{address}"]
        pump.heard.append((self.now(), word))
        self.news.set()
        for line in pump.on_line(word):
            delay_s = pump.delay_s.get(word, REPLY_S)
            asyncio.get_running_loop().call_later(delay_s, link.put, line + "\n")

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(120):
            while not wanted():
                self.news.clear()
                await self.news.wait()

    async def hears(self, slot: str, word: str, count: int = 1) -> float:
        """Until the pump has heard the word so often; its time."""
        await self.until(lambda: self.pumps[slot].words().count(word) >= count)
        return [at for at, heard in self.pumps[slot].heard if heard == word][count - 1]

    async def identified(self) -> None:
        await self.until(lambda: len(self.of(LinkReported)) == len(self.pumps))
        for slot in self.pumps:
            self.bus.submit(Identify(slot=slot))
        await self.until(lambda: len(self.of(PumpIdentified)) == len(self.pumps))
        self.told.clear()
        self.told_at.clear()
        for pump in self.pumps.values():
            pump.heard.clear()

    def of(self, kind: type[T]) -> list[T]:
        return [request for request in self.told if isinstance(request, kind)]

    def outcome(self, command_id: int) -> object:
        (ended,) = [ended for ended in self.of(CommandEnded) if ended.command_id == command_id]
        return ended.outcome

    def ended(self, *command_ids: int) -> Callable[[], bool]:
        return lambda: set(command_ids) <= {ended.command_id for ended in self.of(CommandEnded)}


def play(story: Story, *, pumps: int = 1, identified: bool = True, refuse_open: bool = False) -> Rig:
    """Run the story on a rig whose bus runs beside it; returns the rig for a look afterwards."""

    async def main(clock: VirtualClock) -> Rig:
        rig = Rig(clock=clock, count=pumps, refuse_open=refuse_open)
        bus = asyncio.create_task(rig.bus.run())
        if identified:
            await rig.identified()
        await story(rig)
        assert not bus.done(), "nothing a wire can do ends the bus"
        bus.cancel()
        await asyncio.gather(bus, return_exceptions=True)
        return rig

    return run_virtual(main)


def start(slot: str = "p1", command_id: int = 1) -> Start:
    return Start(slot=slot, command_id=command_id)


def rate(slot: str = "p1", command_id: int = 1) -> ChangeRate:
    return ChangeRate(slot=slot, command_id=command_id, rate_ul_per_h=1000, when=When.NOW)
