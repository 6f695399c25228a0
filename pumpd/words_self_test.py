"""What the self-test of a library found, as a table that fits a terminal, and a sentence for everything that failed.

A row is a regimen, a column a kind of slip, a cell how many of how many were caught. Below it stand the slips that
went through, since a count of them mends nothing; and last how often adults would be asked, which is no failure but
what decides whether a limit is still read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pumpd.core.population import SOURCE
from pumpd.core.regimen import Rules
from pumpd.core.self_test import GOAL_PERMILLE, Asked, Silent, Trial, Tried, asked_in_all
from pumpd.core.slips import Slip
from pumpd.words import number, weight
from pumpd.words_reasons import reason_text

SHOWN_MAX: Final = 12  # of one regimen and kind: the rest is more of the same
_HEADS: Final[Mapping[Slip, str]] = {
    Slip.TENFOLD: "x 10",
    Slip.TENFOLD_STEP: "one step x 10",
    Slip.TENTH: "/ 10",
    Slip.UNIT: "other unit",
    Slip.POUNDS: "lb as kg",
}
_WENT_THROUGH: Final[Mapping[Slip, str]] = {
    Slip.TENFOLD: "ten times the dose is not refused",
    Slip.TENFOLD_STEP: "ten times the dose of step {step} is not refused",
    Slip.TENTH: "a tenth of the dose goes through without a question",
    Slip.UNIT: "a number in {meant} taken for {taken} goes through without a question",
    Slip.POUNDS: "pounds for kilograms go through without a question",
}


def _percent(asked: Asked) -> str:
    return f"{number(asked.soft * 1_000 // max(asked.visits, 1), digits=1, places=1)} %"


def _cell(tried: Tried) -> str:
    return f"{tried.count - len(tried.failed)}/{tried.count}"


def table(tested: Sequence[Trial]) -> tuple[str, ...]:
    """One line a regimen, under a line of heads."""
    rows = [("regimen", *_HEADS.values(), "own maximum", "asked")]
    rows += [
        (each.regimen, *(_cell(tried) for _, tried in each.slips), _cell(each.own), _percent(each.asked))
        for each in tested
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for name, *cells in rows:
        told = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *told]))
    return tuple(lines)


def _slip_line(tested: Trial, slip: Slip, silent: Silent) -> str:
    meant, taken = ("", "") if silent.pair is None else (silent.pair.meant.value, silent.pair.taken.value)
    said = _WENT_THROUGH[slip].format(step=silent.step, meant=meant, taken=taken)
    return f"{tested.regimen}, day {silent.first_day}, {weight(silent.weight_g)}: {said}."


def _own_line(tested: Trial, silent: Silent) -> str:
    if silent.reason is None:
        return f"{tested.regimen}: marked soft_on_purpose, and no limit speaks. Take the mark away."
    where = f"{tested.regimen}, day {silent.first_day}, {weight(silent.weight_g)}, as published"
    return f"{where}: {reason_text(silent.reason)}"


def failures(tested: Sequence[Trial]) -> tuple[str, ...]:
    """A sentence for each, a dozen at most of one kind."""
    lines: list[str] = []
    for each in tested:
        for told in (
            *([_slip_line(each, slip, silent) for silent in tried.failed] for slip, tried in each.slips),
            [_own_line(each, silent) for silent in each.own.failed],
        ):
            lines += told[:SHOWN_MAX]
            if len(told) > SHOWN_MAX:
                lines.append(f"{each.regimen}: and {len(told) - SHOWN_MAX} more like these.")
    return tuple(lines)


def asked_line(tested: Sequence[Trial]) -> str:
    """How often somebody would be asked, over all visits."""
    asked = asked_in_all(tuple(tested))
    goal = f"{number(GOAL_PERMILLE, digits=1, places=1)} %"
    verdict = f"within the goal of {goal}."
    if not asked.within_goal():
        verdict = f"ABOVE the goal of {goal}: limits that speak so often are clicked away."
    refused = f" Refused: {asked.refused:,}." if asked.refused else ""
    share = f"{asked.soft:,} of {asked.visits:,} visits, {_percent(asked)}"
    return f"Somebody is asked in {share} ({SOURCE}): {verdict}{refused}"


def report(rules: Rules, tested: Sequence[Trial]) -> tuple[str, ...]:
    """All of it, top to bottom."""
    library, catalogue = rules.library, rules.catalogue
    failed = failures(tested)
    return (
        f"{library.name} {library.version}: {len(library.entries)} entries, sha256 {library.sha256}",
        f"catalogue {catalogue.version}: {len(catalogue.regimens)} regimens, sha256 {catalogue.sha256}",
        "",
        *table(tested),
        "",
        *failed,
        asked_line(tested),
        "THE SELF-TEST FAILED." if failed else "The self-test holds.",
    )
