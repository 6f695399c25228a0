"""What the patient of a demo shows and says: cards that a trainer puts on the monitor.

No patient is simulated: what these say is written, like the cards of a skills lab. The nurse sees them on a
page of their own (demo_trainer.py) and types what she reads, as at any bed; the bed then judges it as it would there.
The figures are chosen by the hold criteria of docs/path.md: a surge that asks for a pause once it has lasted, distress
that asks for one at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Card(Enum):
    WELL = "well"
    SURGE = "surge"
    DISTRESS = "distress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """`values`: name, figure and unit as a monitor shows them; `says` and `looks` are read aloud or seen."""

    title: str
    values: tuple[tuple[str, str, str], ...]
    looks: str
    says: str
    expect: str  # for the trainer alone


def _values(pressure: str, heart: str, spo2: str, breaths: str) -> tuple[tuple[str, str, str], ...]:
    return (
        ("Blood pressure", pressure, "mmHg"),
        ("Heart rate", heart, "per min"),
        ("Oxygen saturation", spo2, "%"),
        ("Breaths", breaths, "per min"),
    )


PATIENTS: Final[dict[Card, Patient]] = {
    Card.WELL: Patient(
        title="Well",
        values=_values("120/75", "72", "97", "14"),
        looks="Awake and calm, lies with open eyes.",
        says="“I feel a bit light. It is all right.”",
        expect="Observed as it is due; nothing is held back.",
    ),
    Card.SURGE: Patient(
        title="Blood-pressure surge",
        values=_values("188/112", "104", "97", "16"),
        looks="Awake, flushed, rubs the forehead.",
        says="“My head is pounding.”",
        expect=(
            "Both pressures are entered. No step up is possible, a lower rate and a pause are offered; "
            "measured again after 5 min and still so, a pause is asked for."
        ),
    ),
    Card.DISTRESS: Patient(
        title="Distress",
        values=_values("148/92", "116", "98", "24"),
        looks="Eyes wide, grips the rail, does not look at anybody. Distress 8 of 10.",
        says="“I am not here any more. Make it stop.”",
        expect="“Asks to stop” and the distress are entered: a pause is asked for at once. Somebody stays and talks.",
    ),
}
