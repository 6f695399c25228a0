"""What stands on the page where a line is flushed or thrown away: what it would mean first, and then the form."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Final

from pumpd.api_departure_models import DoseView, FlushView, Todo
from pumpd.api_models import ReasonCode, ReasonView, Severity
from pumpd.console.room import templates
from pumpd.console.wasting import Entry

HELD: Final = FlushView(
    held_nl=3_000_000, held_ng=15_000_000, course_ng=1, course_limit_ng=2, visits_left=0, visits_left_ng=0,
    visits_fitting=0, visits_fitting_without=0, beyond=(), text="The line still holds 15 mg (3 mL).",
)  # fmt: skip
LIMIT: Final = ReasonView(
    code=ReasonCode.CAP_TOTAL_UG, severity=Severity.HARD, asked=113_000, limit=100_000, text="Above 100 mg.", about=""
)
DOSE: Final = DoseView(
    infusion_id=7, slot="p1", drug="ketamine", given_text="98 mg", given_ml_text="19.6 mL", is_over=True,
    is_wasted=False, wasted_text=None, wasted_by=None, witness=None, began_ts_ms=0, last_ts_ms=0, flush=HELD,
)  # fmt: skip


def page(flush: FlushView | None) -> str:
    """The entry of a dose, as the screen and the list both show it."""
    dose = DOSE.model_copy(update={"flush": flush})
    each = Entry(
        id="7", visit="v1", patient="p", todo=Todo.WASTE, dose=dose, since_ts_ms=0, here="/visits/v1/waste"
    )  # fmt: skip
    shown = templates().from_string('{% import "leftovers.html.j2" as left with context %}{{ left.entry(each) }}')
    return shown.render(
        each=each, values={}, faults={}, sent="", form_token="", person=None, witnesses=[], people={},
        look=SimpleNamespace(key=str),
    )  # fmt: skip


def test_what_a_flush_would_mean_is_read_before_the_form() -> None:
    shown = page(HELD)
    assert shown.index("The line still holds 15 mg (3 mL).") < shown.index("do-flush-7") < shown.index("do-waste-7")
    assert "all_the_same" not in shown
    assert "do-flush" not in page(None)


def test_flush_that_a_limit_refuses_is_folded_away_and_sent_as_read() -> None:
    shown = page(HELD.model_copy(update={"beyond": (LIMIT,)}))
    assert shown.index("Above 100 mg.") < shown.index("<details>") < shown.index("do-flush-7")
    folded = re.search(r"<details>(.*?)</details>", shown, re.DOTALL)
    assert folded is not None
    assert 'name="all_the_same" value="yes"' in folded.group(1)
    assert "do-waste-7" not in folded.group(1), "throwing it away is never folded away"
