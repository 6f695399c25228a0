"""Did the host say this? A question to the journal of the wire, with an answer that helps when it is no.

A test that waited for `RAT 20 MH` and learns only that it never came has to be run again by hand. So a no names what
came closest, when, and whether the bytes left the host and were lost on their way. Text is in the form that the
journal shows to people: printable characters as they are, others as `<0d>`; bytes are taken as they are. Both may
stand anywhere in what was said: a frame may come in pieces, so what was said one after the other is read as one. Of a
Modbus pump the names of its registers are understood, too (`rate_ml_per_h = 60`), and what came closest is told by
them.

The same answer serves the pytest plugin and the HTTP control.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from pumpd_sim.bus import Event
from pumpd_sim.modbus_speech import ModbusSpeech

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pumpd_sim.bus import Seen
    from pumpd_sim.devices import DeviceKind

NEAR_MISSES = 3
ALIKE = 0.5  # of difflib's ratio: below, two frames have nothing in common
NS_PER_S = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`sentence` says what was found, and what else there was when it was not what was asked for."""

    holds: bool
    found: int
    near: tuple[Seen, ...]
    sentence: str


def line_of(seen: Seen) -> str:
    """One entry of the journal for people."""
    return f"{seen.at_ns / NS_PER_S:10.3f} s  {seen.event:10}  {seen.text}"


def speech_of(kind: DeviceKind, unit: int) -> ModbusSpeech | None:
    """By which names this pump may be asked about; None: it is no Modbus pump."""
    return ModbusSpeech("rtu", unit, kind.registers) if kind.registers else None


def judge(
    journal: Iterable[Seen],
    expected: str | bytes,
    *,
    event: Event = "pump_hears",
    times: int | None = None,
    speech: ModbusSpeech | None = None,
) -> Verdict:
    """Is this in the journal: so many times, or (None) at least once? Raises ValueError: no such event, or nothing."""
    if event not in get_args(Event):
        message = f"no event {event!r}; there are: {', '.join(get_args(Event))}"
        raise ValueError(message)
    if not expected:
        raise ValueError("nothing is expected: name a part of a frame, or ask for times=0 of one")
    entries, said = list(journal), repr(expected)
    if speech is not None and isinstance(expected, str) and "<" not in expected:
        expected = speech.part(expected, answered=event in ("pump_says", "host_hears"))
        said += f" ({expected.hex(' ')})"
    found = _count(entries, expected, event)
    asked = "at least once" if times is None else f"{times} times"
    if found == times or (times is None and found):
        return Verdict(holds=True, found=found, near=(), sentence=f"{event}: {said} {found} times")
    near = _nearest([seen for seen in entries if seen.event == event], expected)
    lines = [f"{event}: {said} was expected {asked} and came {found} times"]
    sent = _count(entries, expected, "host_sends")
    if event == "pump_hears" and sent > found:
        lines.append(f"the host sent it {sent} times: a fault on the wire took or changed it")
    if near:
        lines += ["closest:", *(f"  {line_of(seen)}{_by_name(seen, speech)}" for seen in near)]
    elif not any(seen.event == event for seen in entries):
        lines.append(f"the journal has no {event} at all")
    return Verdict(holds=False, found=found, near=near, sentence="\n".join(lines))


def _by_name(seen: Seen, speech: ModbusSpeech | None) -> str:
    line = "" if speech is None else speech.line_of(seen.data)
    return f"  ({line})" if line else ""


def _count(entries: Iterable[Seen], expected: str | bytes, event: Event) -> int:
    said = [seen for seen in entries if seen.event == event]
    if isinstance(expected, bytes):
        return b"".join(seen.data for seen in said).count(expected)
    return "".join(seen.text for seen in said).count(expected)


def _nearest(said: Iterable[Seen], expected: str | bytes) -> tuple[Seen, ...]:
    """What is most like it, the best first; of equals the latest, and each text once."""
    wanted = expected.hex(" ") if isinstance(expected, bytes) else expected
    alike: dict[str, tuple[float, Seen]] = {}
    matcher = difflib.SequenceMatcher(b=wanted, autojunk=False)
    for seen in said:
        text = seen.data.hex(" ") if isinstance(expected, bytes) else seen.text
        matcher.set_seq1(text)
        if matcher.real_quick_ratio() >= ALIKE and (ratio := matcher.ratio()) >= ALIKE:
            alike[text] = (ratio, seen)
    ranked = sorted(alike.values(), key=lambda pair: (pair[0], pair[1].at_ns), reverse=True)
    return tuple(seen for _, seen in ranked[:NEAR_MISSES])
