"""The pumps that the demo can put at the bed, and the lesson that suits each.

A pump without a watchdog of its own, or with one that anybody's question undoes, gets no drug, and a pump whose
watchdog cannot be set runs slowly: so the scripted nurse asks each pump for what it can do. Where a drug has to be
refused she first reads that refusal, then trains with saline. How near pumpd's word has to come to what was displaced
follows from how finely a pump counts.

Nothing here is known to the daemon: it reads the configuration that is written from this, as it would any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What the scripted nurse does, and how near the verdict has to be."""

    regimen: str
    container: str
    titrated_ml_per_h: str  # in the second step, downwards
    titrated_ul_per_h: int
    at_least_nl: int  # less displaced in all would prove little
    counter_step_nl: int = 1_000
    tolerance_permille: int = 1
    report_late_ms: int = 250  # a busy machine knows no better when a report was true
    refused_regimen: str | None = None  # a drug that this pump must not run
    refused_container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPump:
    """A driver, the simulated device that answers it, and the wire between them."""

    title: str
    driver: str
    device: str
    lesson: Lesson
    address: int = 0
    baud: int = 19_200
    format: str = "8N1"
    over_tcp: bool = False
    map: str | None = None  # the pump's register map, in the folder config
    options: Mapping[str, str] = field(default_factory=dict)  # of the driver

    def bus(self, port: str) -> str:
        """The `[[bus]]` of the configuration."""
        lines = ["[[bus]]", 'name = "cart"', f'port = "{port}"', f"baud = {self.baud}", f'format = "{self.format}"', ""]
        lines += ["[[bus.pump]]", 'slot = "p1"', f'driver = "{self.driver}"', f"address = {self.address}"]
        lines += ['asset = "simulated"', *([f'map = "{self.map}"'] if self.map else [])]
        options = ", ".join(f'{name} = "{value}"' for name, value in self.options.items())
        return "\n".join([*lines, *([f"options = {{ {options} }}"] if options else [])]) + "\n"


_FAST: Final = Lesson(
    regimen="TRAIN-3STEP",
    container="syringe-60",
    titrated_ml_per_h="220",  # from 240, so that half a millilitre at the lower rate costs a second only
    titrated_ul_per_h=220_000,
    at_least_nl=2_000_000,  # less would not show a step of the plunger's drift
)
_GENTLE: Final = Lesson(
    regimen="TRAIN-3GENTLE",
    container="syringe-60",
    titrated_ml_per_h="67.5",  # 1.125 mL/min: exact in the binary numbers of every wire
    titrated_ul_per_h=67_500,
    at_least_nl=1_000_000,
)

_BY_TURNS: Final = Lesson(
    regimen="TRAIN-3TURN",
    container="bag-100",
    titrated_ml_per_h="225",
    titrated_ul_per_h=225_000,
    at_least_nl=5_000_000,  # a whole turn of its rotor
    counter_step_nl=2_000_000,  # a fifth of a turn, where each of two legs ends
)


def _without_drug(lesson: Lesson, container: str) -> Lesson:
    return replace(lesson, refused_regimen="FM-3H", refused_container=container)


PUMPS: Final[Mapping[str, DemoPump]] = {
    each.driver: each
    for each in (
        DemoPump(title="New Era NE-1000", driver="new_era", device="new_era", lesson=_FAST),
        DemoPump(
            title="Alaris Asena GH",
            driver="alaris",
            device="alaris",
            # it has ended for a second and more before two looks show it
            lesson=replace(_GENTLE, report_late_ms=2_000),
            baud=38_400,
        ),
        DemoPump(
            title="Harvard / KDS Ultra",
            driver="harvard",
            device="harvard",
            lesson=replace(_without_drug(_GENTLE, "syringe-60-5"), tolerance_permille=10),
            baud=9_600,
        ),
        DemoPump(
            title="Teledyne ISCO",
            driver="isco",
            device="isco",
            lesson=replace(_without_drug(_GENTLE, "syringe-60-5"), counter_step_nl=20_000),
            address=1,
            over_tcp=True,
            options={"framing": "tcp"},
        ),
        DemoPump(
            title="ProMinent DULCO flex Control",
            driver="dulcoflex",
            device="dulcoflex",
            lesson=_without_drug(_BY_TURNS, "bag-250-2"),
            address=20,
            format="8E1",
        ),
        DemoPump(
            title="example bag pump",
            driver="generic_modbus",
            device="bag_pump",
            lesson=replace(_GENTLE, container="bag-100", counter_step_nl=20_000, tolerance_permille=50),
            address=1,
            format="8E1",
            map="pumps/bedside-bag-pump.toml",
        ),
    )
}
