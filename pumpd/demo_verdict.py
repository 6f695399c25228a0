"""Holds what pumpd said against what the simulated pump did, what the broker carried and what the record holds.

Four sources that share no code and no memory: the page's views, the simulator's own truth over HTTP, an independent
MQTT subscriber, and the journal read by another process after the daemon has gone. Each comparison that fails becomes
one line with what was expected and what was found; the demo is a success only when there is none.

How near is near: the volume is known to one motor step, one step of the pump's counter and 0.1 % at best (demo_pumps.py
has each pump's figures), so pumpd's
word (the middle of its interval) may lie that far from what was displaced, and the interval has to contain it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from pumpd import words
from pumpd.config import Config
from pumpd.demo_nurse import Story, Stretch
from pumpd.demo_parts import python
from pumpd.demo_pumps import PUMPS, Lesson
from pumpd.demo_witness import Witness
from pumpd.errors import DemoError

HEARD_WITHIN_S: Final = 5.0  # from a fact to the subscriber
VERIFY_WITHIN_S: Final = 15.0
_ROWS: Final = re.compile(r": (\d+) rows, head (\d+) (\w+)")


@dataclass(slots=True, kw_only=True)
class Verdict:
    """Rows of the table, and every comparison that failed."""

    rows: list[tuple[str, str]] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)
    compared: int = 0

    def expect(self, agrees: bool, expected: str, found: str) -> None:  # noqa: FBT001  # reads like a sentence
        self.compared += 1
        if not agrees:
            self.disagreements.append(f"expected: {expected}. Found: {found}")

    def table(self) -> str:
        width = max(len(label) for label, _ in self.rows)
        return "\n".join(f"  {label:<{width}}  {text}" for label, text in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The journal, as `pumpd journal verify` read it."""

    rows: int
    head: str
    holds: bool
    text: str


async def judge(
    story: Story, witness: Witness, truth_address: str, config: Config, end_daemon: Callable[[], Awaitable[None]]
) -> Verdict:
    """Ends the daemon on the way: its good-bye is part of the story, and the record is then complete."""
    verdict = Verdict()
    await witness.until(lambda: witness.phase(story.slot) == "ended", HEARD_WITHIN_S)
    truth = await truth_of(truth_address)
    standing = witness.faults()
    await end_daemon()
    said_goodbye = await witness.until(lambda: witness.statuses[-1:] == ["down"], HEARD_WITHIN_S)
    record = await verify(config.journal_path)
    judge_rates(verdict, story.stretches, story.lesson)
    judge_volume(verdict, story, truth)
    judge_telemetry(verdict, story, witness, standing, said_goodbye=said_goodbye)
    judge_record(verdict, record, witness)
    return verdict


async def truth_of(address: str) -> dict[str, Any]:
    async with httpx2.AsyncClient() as http:
        try:
            answer = await http.get(f"{address}/truth")
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise DemoError(f"the simulator does not tell its truth at {address}: {error}") from error
    found: dict[str, Any] = answer.json()
    return found


async def verify(journal: Path) -> Record:
    """By the command that a person would type, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *python("pumpd.cli", "journal", "verify", str(journal)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(VERIFY_WITHIN_S):
        said, _ = await process.communicate()
    text = " ".join(said.decode(errors="replace").split())
    found = _ROWS.search(text)
    return Record(
        rows=int(found[1]) if found else 0,
        head=found[3] if found else "",
        holds=process.returncode == 0 and found is not None,
        text=text,
    )


# --- comparisons ----------------------------------------------------------------------------------------


def judge_rates(verdict: Verdict, stretches: tuple[Stretch, ...], lesson: Lesson = PUMPS["new_era"].lesson) -> None:
    """Asked, granted and measured at each rate of the story."""
    for each in stretches:
        wanted = words.rate_ml_per_h(each.wanted_ul_per_h)
        asked = "unknown" if each.asked is None else each.asked.text
        granted = "unknown" if each.granted is None else each.granted.text
        measured = "unknown" if each.measured is None else each.measured.text
        over = "" if each.measured is None else f" over {each.measured.window_text}"
        verdict.rows.append((each.label, f"asked {asked}, granted {granted}, measured {measured}{over}"))
        is_asked = each.asked is not None and each.asked.ul_per_h == each.wanted_ul_per_h
        verdict.expect(is_asked, f"{each.label}: asked {wanted}", asked)
        is_granted = each.granted is not None and each.granted.ul_per_h == each.wanted_ul_per_h
        verdict.expect(is_granted, f"{each.label}: granted {wanted}", granted)
        verdict.expect(is_near(each, lesson), f"{each.label}: measured {wanted}, within what it cannot know", measured)


def is_near(each: Stretch, lesson: Lesson) -> bool:
    """Measured as wanted, but for the counter's step and for when a report was true."""
    if each.measured is None:
        return False
    late_ul_per_h = each.wanted_ul_per_h * lesson.report_late_ms // each.measured.window_ms
    off_ul_per_h = abs(each.measured.ul_per_h - each.wanted_ul_per_h)
    return off_ul_per_h <= each.measured.uncertainty_ul_per_h + late_ul_per_h


def judge_volume(verdict: Verdict, story: Story, truth: dict[str, Any]) -> None:
    """What pumpd says is in, against what the plunger displaced."""
    lesson, low_nl, high_nl = story.lesson, story.delivered.low_nl, story.delivered.high_nl
    displaced_nl, motor_step_nl = int(truth["displaced_nl"]), int(truth["step_nl"])
    says_nl = (low_nl + high_nl) // 2
    allowed_nl = motor_step_nl + lesson.counter_step_nl + says_nl * lesson.tolerance_permille // 1_000
    off_nl = abs(displaced_nl - says_nl)
    share = f"{words.number(lesson.tolerance_permille, digits=1, places=1)} %"
    interval = words.interval_ml(low_nl, high_nl, places=3)
    displaced = words.volume_ml_fine(displaced_nl)
    verdict.rows += [
        ("delivered, says pumpd", f"{interval} of {story.total.text} ordered"),
        ("displaced, by the simulator", f"{displaced}, {words.volume_ml_fine(off_nl)} from the middle of that"),
        ("may differ by", f"{words.volume_ml_fine(allowed_nl)}: a motor step, a counter step and {share}"),
    ]
    verdict.expect(low_nl <= displaced_nl <= high_nl, f"displaced {interval}", displaced)
    middle = words.volume_ml_fine(says_nl)
    verdict.expect(off_nl <= allowed_nl, f"displaced within {words.volume_ml_fine(allowed_nl)} of {middle}", displaced)
    most_nl = story.total.nl + motor_step_nl
    verdict.expect(displaced_nl <= most_nl, f"displaced no more than the {story.total.text} ordered", displaced)
    least = words.volume_ml(lesson.at_least_nl)
    verdict.expect(displaced_nl >= lesson.at_least_nl, f"displaced at least {least} in all", displaced)
    turning = bool(truth["motor_turning"])
    verdict.expect(not turning, "a motor that stands still at the end", "it turns" if turning else "it stands")


def judge_telemetry(
    verdict: Verdict, story: Story, witness: Witness, standing: tuple[str, ...], *, said_goodbye: bool
) -> None:
    """What an independent subscriber heard."""
    kinds = ", ".join(f"{kind.value} {count}" for kind, count in witness.checker.messages.items() if count)
    verdict.rows += [
        ("MQTT messages seen", f"{witness.messages} ({kinds})"),
        ("MQTT gaps", f"{witness.gaps}"),
    ]
    verdict.expect(witness.messages > 0, "MQTT messages", "none")
    verdict.expect(witness.gaps == 0, "no gap in the numbers of the messages", f"{witness.gaps} missing")
    verdict.expect(not standing, "messages as the schemas promise", "; ".join(standing))
    phase = witness.phase(story.slot)
    verdict.expect(phase == "ended", "the last state over MQTT says ended", f"{phase}")
    acts = witness.acts(story.slot)
    wished = tuple(each for each in story.acts if each != "acknowledge")  # an alarm is of the bed, not of a slot
    heard = tuple(each for each in acts if each != "acknowledge")
    verdict.expect(heard == wished, f"events over MQTT: {', '.join(wished)}", ", ".join(heard) or "none")
    by_mqtt = witness.delivered_nl(story.slot)
    by_api = story.delivered.low_nl, story.delivered.high_nl
    told = "nothing" if by_mqtt is None else words.interval_ml(*by_mqtt, places=3)
    verdict.expect(
        by_mqtt == by_api, f"delivered over MQTT {words.interval_ml(*by_api, places=3)}, as on the page", told
    )
    last = ", ".join(witness.statuses[-1:]) or "none"
    verdict.expect(said_goodbye, "the daemon's last status over MQTT says down", last)


def judge_record(verdict: Verdict, record: Record, witness: Witness) -> None:
    """The journal, read by another process."""
    state = "chain intact" if record.holds else "NOT VERIFIED"
    verdict.rows.append(("journal rows, verified", f"{record.rows}, {state}, head {record.head[:12]}"))
    verdict.expect(record.holds and record.rows > 0, "a journal with rows and an intact chain", record.text)
    last = witness.last_journal_row
    verdict.expect(0 < last <= record.rows, f"journal rows up to {last}, the last that MQTT named", f"{record.rows}")
