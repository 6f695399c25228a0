"""One day of a published regimen as a nurse meets it: what hangs, how strong it is, how long it runs, and where to.

Read off the shipped library and catalogue, so that a regimen that changes is played as it is then. What is drawn up is
real at the simulated pump too: its barrel is the one of the order, and what priming took is out of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from pumpd_sim.chain import Chain
from pumpd_sim.plant import PlantSpec

from pumpd import words
from pumpd.core.library import Container, Entry
from pumpd.core.regimen import Regimen, RegimenStep
from pumpd.core.series import Disposition
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.path_story import series_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    regimen: Regimen
    entry: Entry
    container: Container
    day: int
    steps: tuple[RegimenStep, ...]

    @classmethod
    def of(cls, regimen_id: str, day: int) -> Self:
        """AssertionError where the catalogue has no such day."""
        rules = shipped_rules()
        regimen = rules.catalogue.regimen(regimen_id)
        assert regimen is not None, f"there is no regimen {regimen_id}"
        entry = rules.library.entry(regimen.entry)
        assert entry is not None, regimen.entry
        container = entry.container(series_order(regimen_id).container)
        assert container is not None, regimen_id
        steps = regimen.steps_on(day)
        assert steps is not None, f"{regimen_id} has no day {day}"
        return cls(regimen=regimen, entry=entry, container=container, day=day, steps=steps)

    @property
    def to_the_ward(self) -> bool:
        """Whose regimen is for patients of the house."""
        return "inpatient" in f"{self.regimen.title} {self.regimen.indication}"

    @property
    def disposition(self) -> Disposition:
        return Disposition.WARD if self.to_the_ward else Disposition.HOME

    @property
    def dose(self) -> str:
        """The highest of the day, as the second person reads it off the order."""
        return plain(max(step.dose for step in self.steps), 3)

    @property
    def strength(self) -> str:
        return plain(self.container.concentration_ug_per_ml, 3)

    @property
    def size_ml(self) -> str:
        return plain(self.container.capacity_nl, 6)

    @property
    def title(self) -> str:
        """Such as "CRPS-OP10, day 3 of 10: ketamine, 0.35 mg/kg/h, 60 mL syringe, 5 mg/mL"."""
        doses = ", ".join(plain(step.dose, 3) for step in self.steps)
        days = f"day {self.day} of {self.regimen.sessions}"
        what = f"{self.entry.drug}, {doses} {self.entry.unit.value}, {self.container.title}"
        return f"{self.regimen.id}, {days}: {what}"

    def pump(self) -> Chain:
        """A simulated pump with this syringe in it, and its line primed."""
        spec = replace(
            PlantSpec(), capacity_nl=self.container.capacity_nl,
            volume_nl=self.container.capacity_nl - self.container.prime_nl,
        )  # fmt: skip
        if self.container.inner_diameter_um is not None:
            spec = replace(spec, syringe_diameter_um=self.container.inner_diameter_um)
        return Chain(mode="safe", plant=spec)


def treatments() -> tuple[Regimen, ...]:
    """Every regimen that gives a drug."""
    rules = shipped_rules()
    drugs = {entry.id for entry in rules.library.entries if entry.high_alert}
    return tuple(each for each in rules.catalogue.regimens if each.entry in drugs)


def plain(value: int, digits: int) -> str:
    """As a person types it: no comma between thousands."""
    return words.number(value, digits=digits, places=digits).replace(",", "")
