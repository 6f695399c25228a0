"""What is remarked on when an order is signed: whether a benzodiazepine comes before the start, as its scheme has it.

Against the dysphoria of ketamine a benzodiazepine is given before an infusion for pain; before one for a mood it may
blunt the effect (Andrashko et al., Front Psychiatry 2020; Feeney et al., J Clin Psychiatry 2023). So the catalogue
offers it with the regimens for pain that give one, and with none for a mood. The choice is the prescriber's: leaving it
out, or adding it, is a note at the signature, on record and never a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pumpd.core.adjuncts import BENZODIAZEPINES
from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.prescribed import Premedication
from pumpd.core.regimen import Regimen
from pumpd.core.series import SeriesOrder


def premedication_notes(order: SeriesOrder, regimen: Regimen) -> tuple[Reason, ...]:
    """In which way the order leaves what its scheme does about a benzodiazepine."""
    ordered, usual = _benzodiazepines(order.premedication), _benzodiazepines(regimen.before)
    if usual and not ordered:
        return (_note(ReasonCode.PREMEDICATION_LEFT_OUT, usual[0]),)
    if ordered and regimen.asks_risk:
        return (_note(ReasonCode.PREMEDICATION_FOR_MOOD, ordered[0]),)
    return ()


def _benzodiazepines(before: Iterable[Premedication]) -> tuple[str, ...]:
    return tuple(each.drug for each in before if each.drug.strip().casefold() in BENZODIAZEPINES)


def _note(code: ReasonCode, drug: str) -> Reason:
    return replace(Reason(code=code, severity=Severity.NOTE), about=drug)
