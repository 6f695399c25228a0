"""A plain host for tests, in virtual time: asks a simulated pump and reads what it answers.

It is no driver: it knows frames and nothing else, retries nothing and believes everything. A test of the
simulator, or of a scenario, reads like a conversation with it:

    host = Host(SimBus([NewEra()], baud=None))
    assert host.ask("RAT20MH") == "00A?R"      # the first command draws the power-up alarm
    assert host.ask("RAT20MH") == "00S"
    host.wait(60)
"""

from __future__ import annotations

from binascii import crc_hqx
from typing import TYPE_CHECKING

from pumpd_sim.conversation import Conversation
from pumpd_sim.new_era_wire import ETX, STX, Framing, packed_for_pump

if TYPE_CHECKING:
    from pumpd_sim.bus import SimBus
    from pumpd_sim.device import Truth


class BadReplyError(Exception):
    """What came back is no frame; the argument shows the bytes."""


def unpacked(data: bytes) -> list[tuple[Framing, str]]:
    """The frames in what a pump said. A Basic frame has a digit behind STX, a Safe one its length."""
    frames: list[tuple[Framing, str]] = []
    rest = data
    while rest:
        if len(rest) < 4 or rest[0] != STX:
            raise BadReplyError(data.hex(" "))
        if 0x30 <= rest[1] <= 0x39:
            end = rest.find(ETX) + 1
            frame, payload, good = Framing.BASIC, rest[1 : end - 1], end > 0
        else:
            end = rest[1] + 1
            frame, payload = Framing.SAFE, rest[2 : end - 3]
            crc = int.from_bytes(rest[end - 3 : end - 1], "big")
            good = len(rest) >= end and rest[end - 1] == ETX and crc == crc_hqx(payload, 0)
        if not good:
            raise BadReplyError(data.hex(" "))
        frames.append((frame, payload.decode("latin-1")))
        rest = rest[end:]
    return frames


class Host(Conversation):
    """One conversation; `unasked` collects what the pumps said by themselves."""

    def __init__(self, bus: SimBus, *, framing: Framing = Framing.BASIC, now_ns: int = 0) -> None:
        super().__init__(bus, now_ns)
        self.framing = framing
        self.unasked: list[str] = []
        self.last_framing: Framing | None = None

    def ask(self, payload: str, *, framing: Framing | None = None) -> str:
        """A command; returns the reply's text, or "" for silence."""
        heard = unpacked(self.send(packed_for_pump(framing or self.framing, payload)))
        self.unasked += [text for _, text in heard[:-1]]
        if not heard:
            return ""
        self.last_framing = heard[-1][0]
        return heard[-1][1]

    def tell(self, *commands: str) -> None:
        """Commands to the pump 0 that it must take with a bare status letter. Raises BadReplyError."""
        for command in commands:
            reply = self.ask(command)
            if len(reply) != 3 or not reply.startswith("00"):
                raise BadReplyError(f"{command!r} was answered {reply!r}")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        heard = self.listen(seconds)
        self.unasked += [text for _, text in unpacked(heard)]

    def truth(self, address: int | None = None) -> Truth:
        return self.bus.truth(self.now_ns, address)
