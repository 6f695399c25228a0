"""Mutated frames against every driver: `./run fuzz --frames N`, and 100,000 of them in every run of the tests.

Each procedure of each driver is run over and over. Each of its requests is answered by what the driver's trace has for
it, with some bytes flipped, lost, doubled, swapped, cut off, joined by noise or by another reply. The framing sorts it,
as on a bus, and what it takes for the answer goes into the procedure. Whatever comes, a procedure ends as a procedure
may end; nothing that changes the pump leaves but what was recorded; and what is granted is never above what was asked.
An error that a bus would not catch ends the run, with the seed that shows it again.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pumpd.bus_procedure import Conversation
from pumpd.core.effects import ChangeRate, Prepare
from pumpd.driver_api import AlarmFrame, Driver, Framing, Granted, Reply, Report, WireRequest
from pumpd.testing.replay import driver_of, effect_of
from pumpd.traces import Trace, read_trace

FOLDER: Final = Path(__file__).parents[2] / "tests/replay"
FRAMES: Final = 100_000
SPARED_IN: Final = 4  # one answer in so many comes as it was, or no procedure would get far


@dataclass(kw_only=True)
class Fuzzed:
    """What came of it."""

    frames: int = 0
    accepted: int = 0  # mutated, and taken for the answer all the same
    endings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A driver, and what its trace has: the answers by request, and the steps."""

    name: str
    driver: Driver
    address: int
    answers: Mapping[bytes, Sequence[bytes]]
    steps: Sequence[Mapping[str, Any]]


def recorded(name: str, plan: Mapping[str, Any]) -> Recorded:
    trace = read_trace(FOLDER / f"traces/{name}.jsonl")
    return Recorded(
        name=name, driver=driver_of(plan), address=plan["address"], answers=_answers(trace), steps=plan["steps"]
    )  # fmt: skip


def _answers(trace: Trace) -> dict[bytes, list[bytes]]:
    answers: dict[bytes, list[bytes]] = {}
    asked, heard = b"", b""
    for row in trace.rows:
        if row.who == "host" and heard:
            answers.setdefault(asked, []).append(heard)
            asked, heard = b"", b""
        asked, heard = (asked + row.data, heard) if row.who == "host" else (asked, heard + row.data)
    answers.setdefault(asked, []).append(heard)
    return answers


def mutate(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """One to three of the things that a wire does."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(out)) if out else 0
        match chance.randrange(7):
            case 0 if out:
                out[at] ^= 1 << chance.randrange(8)
            case 1 if out:
                out[at] = chance.randrange(256)
            case 2 if out:
                del out[at]
            case 3:
                out[at:at] = out[at : at + chance.randint(1, 4)]
            case 4:
                del out[at:]
            case 5:
                out[at:at] = chance.randbytes(chance.randint(1, 6))
            case _:
                out += other
    return bytes(out)


def fuzz(each: Recorded, frames: int, seed: int) -> Fuzzed:
    """Raises AssertionError with seed and step where a promise is broken; lets every other error out."""
    chance, told = random.Random(f"{each.name} {seed}"), Fuzzed()
    every = [answer for answers in each.answers.values() for answer in answers]
    procedures, framing = each.driver.pump(address=each.address, options={}), each.driver.framing()
    while told.frames < frames:
        number = chance.randrange(len(each.steps))
        effect = effect_of(number, each.steps[number])
        work = Conversation(effect, procedures)
        while work.ending is None:
            request = work.request
            assert request is not None
            assert not request.changes or request.data in each.answers, (
                f"{each.name}, seed {seed}, frame {told.frames}: {effect} sent {request.text or request.data!r}, "
                "which was never recorded"
            )
            known = each.answers.get(request.data, every)
            answer = whole = chance.choice(known)
            if chance.randrange(SPARED_IN):
                answer = mutate(chance, whole, chance.choice(every))
                told.frames += 1
            work.sending(0)
            _answer(work, framing, request, answer, chance)
            told.accepted += answer != whole and work.ending is None
        kind = type(work.ending).__name__
        told.endings[kind] = told.endings.get(kind, 0) + 1
        granted = getattr(work.ending, "value", None)
        asked = effect.remaining.rate_ul_per_h if isinstance(effect, Prepare) else None
        if isinstance(granted, Granted) and asked is not None:
            assert granted.rate_ul_per_h <= asked, f"{each.name}, seed {seed}, frame {told.frames}: granted {granted}"
        assert not isinstance(effect, ChangeRate) or granted is None or isinstance(granted, Report)
    return told


def _answer(work: Conversation, framing: Framing, request: WireRequest, data: bytes, chance: random.Random) -> None:
    """As the wire does: in pieces, the first that can be the answer, else an alarm, else silence."""
    reply: Reply | None = None
    alarm: AlarmFrame | None = None
    cut = chance.randint(0, len(data))
    for piece in (data[:cut], data[cut:]):
        for frame in framing.receive(piece, request):
            if isinstance(frame, Reply) and reply is None and framing.answers(request, frame):
                reply = frame
            elif isinstance(frame, AlarmFrame) and frame.address == request.address:
                alarm = frame
    if reply is not None:
        work.answered(reply)
    elif alarm is not None:
        work.alarmed(alarm.alarm)
    else:
        framing.quiet()
        work.unanswered("nothing that answers came")


def plans() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((FOLDER / "plans.json").read_text(encoding="utf-8"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=FRAMES, help="mutated frames in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    found = plans()
    for name, plan in found.items():
        told = fuzz(recorded(name, plan), -(-chosen.frames // len(found)), chosen.seed)
        ends = ", ".join(f"{kind} {count}" for kind, count in sorted(told.endings.items()))
        sys.stdout.write(f"{name}: {told.frames} mutated frames, {told.accepted} of them taken for an answer; {ends}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
