"""Modbus on the wire, as a pump hears and says it: RTU on a serial line, MBAP over TCP.

Written from the specifications ("MODBUS over serial line" 1.02, 2.5.1; "MODBUS messaging on TCP/IP" 1.0b, 3.1) and from
no driver. In RTU nothing but silence ends a frame: 3.5 characters without a byte, never less than 1.75 ms above
19,200 baud. So requests that run together are one broken frame, and a gap inside a request breaks it; a receiver here
says when it next has to be asked whether the line has fallen silent. A receiver over TCP finds its requests by
the header's length, in whatever pieces they come; after a header that cannot be one, or when the rest is too late, it
throws away what it has.
"""

from __future__ import annotations

from dataclasses import dataclass

NS_PER_S = 10**9
BITS_PER_CHARACTER = 11  # start, eight, parity, stop; a second stop bit stands in for the parity bit
RTU_SHORTEST, RTU_LONGEST = 4, 256
TCP_HEADER = 7
PDU_LONGEST = 253
PART_KEPT_NS = 500_000_000  # how long the beginning of a request over TCP waits for its end
SHORTEST_SILENCE_NS = 1_750_000  # above 19,200 baud, whatever the baud


def crc16(data: bytes) -> int:
    """Polynomial 0x8005 reflected (0xA001), start value 0xFFFF; sent low byte first (serial line 1.02, 6.2.2)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def silence_ns(baud: int) -> int:
    """How long the line is quiet before a frame counts as ended."""
    if baud > 19_200:
        return SHORTEST_SILENCE_NS
    return -(-35 * BITS_PER_CHARACTER * NS_PER_S // (10 * baud))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the host asks one unit. `transaction` is of MBAP alone."""

    unit: int
    pdu: bytes
    transaction: int = 0
    ran_together: bool = False  # came in one piece with another request (MBAP)


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    body = bytes([unit, *pdu])
    return body + crc16(body).to_bytes(2, "little")


def tcp_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    return transaction.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit, *pdu])


class RtuReceiver:
    """Collects bytes until the line falls silent."""

    def __init__(self, baud: int) -> None:
        self._silence_ns = silence_ns(baud)
        self._frame = bytearray()
        self._ends_ns: int | None = None

    def feed(self, now_ns: int, data: bytes) -> None:
        """`now_ns` is when the last of these bytes is over. Call `take` for an ended frame first."""
        if len(self._frame) <= RTU_LONGEST:  # what is longer is no frame, however long it goes on
            self._frame += data
        self._ends_ns = now_ns + self._silence_ns

    def due_ns(self) -> int | None:
        return self._ends_ns

    def take(self, now_ns: int) -> Request | None:
        """The frame that has ended by now, if it is one."""
        if self._ends_ns is None or now_ns < self._ends_ns:
            return None
        frame = bytes(self._frame)
        self.forget()
        if not RTU_SHORTEST <= len(frame) <= RTU_LONGEST or crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
            return None
        return Request(unit=frame[0], pdu=frame[1:-2])

    def forget(self) -> None:
        self._frame.clear()
        self._ends_ns = None

    def shift(self, by_ns: int) -> None:
        if self._ends_ns is not None:
            self._ends_ns += by_ns


class TcpReceiver:
    """Cuts a stream into requests by the length in their headers."""

    def __init__(self) -> None:
        self._stream = bytearray()
        self._last_ns = 0

    def shift(self, by_ns: int) -> None:
        self._last_ns += by_ns

    def feed(self, now_ns: int, data: bytes) -> list[Request]:
        if now_ns - self._last_ns > PART_KEPT_NS:
            self.forget()
        self._last_ns = now_ns
        self._stream += data
        found: list[Request] = []
        while len(self._stream) >= TCP_HEADER:
            protocol = int.from_bytes(self._stream[2:4], "big")
            length = int.from_bytes(self._stream[4:6], "big")
            if protocol != 0 or not 2 <= length <= PDU_LONGEST + 1:
                self.forget()
                break
            end = 6 + length
            if len(self._stream) < end:
                break
            transaction = int.from_bytes(self._stream[:2], "big")
            pdu = bytes(self._stream[TCP_HEADER:end])
            together = bool(found) or len(self._stream) > end
            found.append(Request(unit=self._stream[6], pdu=pdu, transaction=transaction, ran_together=together))
            del self._stream[:end]
        return found

    def forget(self) -> None:
        self._stream.clear()


def tcp_frames(said: bytes) -> list[bytes]:
    """Split what a pump said at once into its answers."""
    frames: list[bytes] = []
    while said:
        end = 6 + int.from_bytes(said[4:6], "big")
        frames.append(said[:end])
        said = said[end:]
    return frames
