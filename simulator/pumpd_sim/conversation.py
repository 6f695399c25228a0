"""Bytes to a simulated pump and back, in virtual time: what the plain hosts for tests have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pumpd_sim.bus import SimBus

NS_PER_S = 10**9
REPLY_WITHIN_NS = NS_PER_S // 4


class Conversation:
    """One conversation on a bus. `now_ns` is its time."""

    def __init__(self, bus: SimBus, now_ns: int) -> None:
        self.bus = bus
        self.now_ns = now_ns

    def send(self, data: bytes) -> bytes:
        """Raw bytes out; what comes back within the reply limit."""
        self.bus.write(self.now_ns, data)
        return self._listen(self.now_ns + REPLY_WITHIN_NS, until_heard=True)

    def listen(self, seconds: float) -> bytes:
        """Let time pass; what the pumps said by themselves."""
        return self._listen(self.now_ns + round(seconds * NS_PER_S), until_heard=False)

    def _listen(self, until_ns: int, *, until_heard: bool) -> bytes:
        heard = b""
        while (wake_ns := self.bus.next_wake_ns()) is not None and wake_ns <= until_ns:
            self.now_ns = max(self.now_ns, wake_ns)
            heard += self.bus.poll(self.now_ns)
            due_ns = self.bus.next_wake_ns()
            if heard and until_heard and (due_ns is None or due_ns > self.now_ns):
                return heard
        self.now_ns = until_ns
        return heard + self.bus.poll(until_ns)
