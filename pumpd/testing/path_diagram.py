"""The picture of the nurse's path in docs/path.md, and the table of its gates, made from what decides.

The gates before a start stand in one tuple of the core (visit_gates.py), each in the module of its step; what closes a
discharge and what holds a rise back are asked of the core too, with a patient at the bed for whom nothing has been done
yet and one who has just left it. So picture and table gain and lose a gate with the core. Both are written between
marks of the page by `python -m pumpd.testing.path_diagram`; a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from pumpd import words_reasons
from pumpd.core.care_requests import EmergencyRequested
from pumpd.core.codes import Reason, ReasonCode
from pumpd.core.departure import Exit
from pumpd.core.departure_requests import DischargeRequested
from pumpd.core.gates_of_care import against_going_up
from pumpd.core.observing import Measure, WhyNot
from pumpd.core.prescribed import Premedication, Route
from pumpd.core.recovery import against_discharge
from pumpd.core.series import Disposition
from pumpd.core.turn import Turn
from pumpd.core.visit_gates import GATES, Gate
from pumpd.testing.bed_story import NURSE
from pumpd.testing.departure_story import DepartureStory
from pumpd.testing.path_story import WELL, PathStory

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "path.md"
MIDAZOLAM: Final = Premedication(drug="midazolam", dose_ug=2_000, route=Route.VEIN, wait_s=300, sedating=True)
REGIMEN: Final = "MDD-2x3"  # it has every gate: for a mood, and with a premedication here
_TITLES: Final = {"check_in_gates": "Check-in", "preparation_gates": "Preparation", "visit_gates": "Observations"}
_OWN: Final = {"check_gate": "Double check", "sound_gate": "Review and start"}  # a step of its own
_PICTURE: Final = re.compile(r"(?<=<!-- generated: path -->\n).*?(?=<!-- end -->)", re.DOTALL)
_GATES: Final = re.compile(r"(?<=<!-- generated: gates -->\n).*?(?=<!-- end -->)", re.DOTALL)


def steps() -> dict[str, list[Gate]]:
    """Each step in the order in which a nurse comes to it, with the gates that are opened there."""
    found: dict[str, list[Gate]] = {}
    for gate in GATES:
        title = _OWN.get(gate.__name__) or _TITLES[gate.__module__.rpartition(".")[2]]
        found.setdefault(title, []).append(gate)
    return found


def closed_by(gate: Gate) -> Reason:
    """What this gate says of a patient who has only just come, or for whom everything but its part was done."""
    story = PathStory()
    story.connected()
    story.sign(REGIMEN, premedication=(MIDAZOLAM,))
    story.opens()
    story.setup = replace(story.setup, needs_sound=True)
    said = gate(Turn(story.state, story.setup, story.now_ns), story.visit)
    if not said:  # a wait begins with what is waited for
        story.gives_premedication()
        said = gate(Turn(story.state, story.setup, story.now_ns), story.visit)
    return said[0]


def closes_going(to: Disposition) -> list[ReasonCode]:
    """What keeps a patient here who has just had the drug and has left the bed."""
    story = DepartureStory()
    story.here(REGIMEN)
    story.infuses()
    story.gives()
    story.moves()
    story.accepted()
    asked = DischargeRequested(
        at_ns=story.now_ns, request_id="", actor=NURSE, visit="v1", to=to, escort_present=False,
        instructions_given=False,
    )  # fmt: skip
    return _codes(against_discharge(Turn(story.state, story.setup, story.now_ns), story.known(), asked))


def closes_rises() -> list[ReasonCode]:
    """What holds a step, a resume and every other rise back: nobody looked, what was seen, what was not, and worse."""
    story = PathStory()
    story.begins(REGIMEN)
    story.tick(1_800)

    def now() -> list[Reason]:
        return against_going_up(story.state, story.visit, story.now_ns)

    found = now()
    story.observes({**WELL, Measure.SYSTOLIC: 190, Measure.SPO2: WhyNot.NO_EQUIPMENT})
    found += now()
    story.by(EmergencyRequested)
    return _codes([*found, *now()])


def picture() -> str:
    lines = ["```mermaid", "flowchart TD", '    signed(["A prescriber signs a series order"]) --> at_bed']
    lines.append('    at_bed["The visit is opened: the patient is at the bed"] --> step0')
    for number, (title, gates) in enumerate(steps().items()):
        following = "runs" if number == len(steps()) - 1 else f"step{number + 1}"
        named = "<br/>".join(_name(gate.__name__.removesuffix("_gate")) for gate in gates)
        lines.append(f'    step{number}["{title}<br/>-----<br/>{named}"] --> {following}')
    rises = ", ".join(_said(closes_rises()))
    lines += [
        f'    runs["The drug runs<br/>-----<br/>a rise waits while: {rises}"] --> over',
        '    over["Ended: line flushed or thrown away, waste witnessed"] --> recovering["Recovering: the bed is free"]',
    ]
    for to in Disposition:
        closed = "<br/>".join(_said(closes_going(to)))
        lines.append(f'    recovering -- "{closed}" --> {to.value}(["{to.value}"])')
    others = ", ".join(_name(way.value) for way in Exit if way not in (Exit.HOME, Exit.WARD))
    lines += [
        f'    always(["always open, with a reason: {others}"])',
        "    at_bed -.-> always",
        "    runs -. STOP, End .-> always",
        "    recovering -.-> always",
    ]
    return "\n".join([*lines, "```"]) + "\n"


def table() -> str:
    lines = ["| Step | Gate | What the refusal says |", "|---|---|---|"]
    for title, gates in steps().items():
        for gate in gates:
            said = words_reasons.reason_text(closed_by(gate)).replace("|", "/")
            lines.append(f"| {title} | {_name(gate.__name__.removesuffix('_gate'))} | {said} |")
    return "\n".join(lines) + "\n"


def redrawn(page: str) -> str:
    """The page with picture and table of today."""
    for block, text in ((_PICTURE, picture()), (_GATES, table())):
        found = block.search(page)
        assert found, "the marks of a generated block are gone"
        page = page[: found.start()] + text + page[found.end() :]
    return page


def _codes(reasons: Iterable[Reason]) -> list[ReasonCode]:
    return list(dict.fromkeys(reason.code for reason in reasons))


def _said(codes: Iterable[ReasonCode]) -> Iterator[str]:
    return (_name(code.value.removesuffix("_s")) for code in codes)


def _name(code: str) -> str:
    return code.replace("_", " ")


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
