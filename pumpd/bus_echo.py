"""An adapter that hears itself: half-duplex RS-485 whose receiver stays on while it sends.

Everything that is sent comes back before the reply. On most protocols the framing drops that, since a request is no
answer; but a Modbus pump acknowledges a write by repeating it, byte for byte, and there our own echo would be taken
for the pump's word. So a wire learns, from queries alone, whether it echoes: no pump's answer to a query is the query
itself. Once known, the copy of each request is taken off before the framing sees a byte.

Learning is quick and unlearning slow. Three queries in a row must be answered without their copy before the wire is
trusted to have stopped echoing (the adapter was changed); until then a reply that equals its request is dropped, and
a write that nobody acknowledges ends as unknown, which the pump's own report settles.
"""

from __future__ import annotations

from typing import Final

UNLEARN_AFTER: Final = 3  # queries in a row without a copy: one alone may have been garbled on the way
LEARN_BYTES: Final = 4  # a shorter request may be like a reply by chance


class Echo:
    """What comes back on one wire, less the copy of what was sent."""

    def __init__(self) -> None:
        self.heard = False  # this wire repeats what is sent
        self.copied = False  # ... and has repeated the request under way
        self._sent = b""
        self._held = b""
        self._matching = False
        self._query = False
        self._without = 0

    def sending(self, data: bytes, *, query: bool) -> None:
        """A request leaves now; a query is one that changes nothing, so that its copy can be no answer."""
        self._sent, self._held, self.copied = data, b"", False
        self._query = query and len(data) >= LEARN_BYTES
        self._matching = self.heard or self._query

    def take(self, data: bytes) -> bytes:
        """What of this is not our own copy; holds back what may still become one."""
        if not self._matching:
            return data
        whole = self._held + data
        if self._sent.startswith(whole) and whole != self._sent:
            self._held = whole
            return b""
        self._held, self._matching = b"", False
        if not whole.startswith(self._sent):
            self._miss()
            return whole
        self.heard, self.copied, self._without = True, True, 0
        return whole[len(self._sent) :]

    def rest(self) -> bytes:
        """The wait is over: what was held back was no copy."""
        held, self._held, self._matching = self._held, b"", False
        return held

    def _miss(self) -> None:
        if self.heard and self._query:
            self._without += 1
            if self._without >= UNLEARN_AFTER:
                self.heard, self._without = False, 0
