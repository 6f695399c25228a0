"""The catalogue fits its library, and a pump is offered only what it can take."""

from __future__ import annotations

from dataclasses import replace

from pumpd.core.library import ContainerKind
from pumpd.core.regimen import Catalogue, DayPlan, Regimen, RegimenStep, Titration, faults_of, offers
from pumpd.testing.clinical import NE_1000, shipped_rules


def shipped(regimen_id: str) -> Regimen:
    found = shipped_rules().catalogue.regimen(regimen_id)
    assert found is not None
    return found


def faults_with(changed: Regimen) -> str:
    rules = shipped_rules()
    return "\n".join(faults_of(Catalogue(version="t", sha256="", regimens=(changed,)), rules.library))


def test_shipped_catalogue_fits_the_shipped_library() -> None:
    rules = shipped_rules()
    assert faults_of(rules.catalogue, rules.library) == ()


def test_days_of_the_crps_series_rise_to_the_full_dose() -> None:
    series = shipped("CRPS-OP10")
    doses = [[step.dose for step in series.steps_on(day) or ()] for day in range(1, 11)]
    assert doses == [[175], [260], *[[350]] * 8]
    assert series.steps_on(0) is None
    assert series.steps_on(11) is None


def test_syringe_pump_is_offered_syringes_only() -> None:
    found = offers(shipped_rules(), NE_1000)
    assert [offer.regimen.id for offer in found] == [r.id for r in shipped_rules().catalogue.regimens]
    assert {c.kind for offer in found for c in offer.containers} == {ContainerKind.SYRINGE}


def test_pump_that_takes_no_syringes_is_offered_bags_only() -> None:
    found = offers(shipped_rules(), replace(NE_1000, takes_syringes=False))
    assert {c.kind for offer in found for c in offer.containers} == {ContainerKind.BAG}
    assert {offer.regimen.id for offer in found} == {offer.regimen.id for offer in offers(shipped_rules(), NE_1000)}


def test_regimen_of_an_entry_without_a_bag_is_not_offered_to_a_bag_pump() -> None:
    rules = shipped_rules()
    only_syringes = tuple(
        replace(each, containers=tuple(c for c in each.containers if c.kind is ContainerKind.SYRINGE))
        if each.id == "SALINE-TRAIN"
        else each
        for each in rules.library.entries
    )
    found = offers(
        replace(rules, library=replace(rules.library, entries=only_syringes)), replace(NE_1000, takes_syringes=False)
    )
    assert found
    assert not [offer.regimen.id for offer in found if offer.regimen.id.startswith("TRAIN")]


def test_steps_of_a_high_alert_drug_never_go_by_themselves() -> None:
    assert "automatic" in faults_with(replace(shipped("FM-3H"), automatic=True))


def test_regimen_of_an_unknown_entry_is_a_fault() -> None:
    assert "no entry" in faults_with(replace(shipped("FM-3H"), entry="KET-NONE"))


def test_gap_or_missing_day_is_a_fault() -> None:
    series = shipped("CRPS-OP10")
    first, _, last = series.days
    assert "without gap" in faults_with(replace(series, days=(first, last)))
    assert "sessions" in faults_with(replace(series, days=series.days[:2]))


def test_empty_or_senseless_steps_are_a_fault() -> None:
    series = shipped("MDD-2x3")

    def plan(*steps: RegimenStep) -> Regimen:
        return replace(series, days=(DayPlan(first_day=1, last_day=series.sessions, steps=steps),))

    assert "needs steps" in faults_with(plan(RegimenStep(dose=0, duration_s=60)))
    assert "needs steps" in faults_with(plan(RegimenStep(dose=500, duration_s=0)))
    step = RegimenStep(dose=250, duration_s=1_200)
    assert "exactly one step" in faults_with(plan(step, step))


def test_titration_stays_within_what_its_entry_allows() -> None:
    rules = shipped_rules()
    series = shipped("FM-3H")
    slow = Titration(up_by=250, dwell_s=1_800, highest=2_000)
    one_step = (replace(series.days[0], steps=series.days[0].steps[:1]),)
    fits = replace(series, days=one_step, titration=slow)
    assert faults_of(replace(rules.catalogue, regimens=(fits,)), rules.library) == ()
    for wrong in (replace(slow, up_by=251), replace(slow, dwell_s=1_799)):
        assert "rises faster" in faults_with(replace(fits, titration=wrong))
    assert "above the hard limit" in faults_with(replace(fits, titration=replace(slow, highest=2_001)))
    assert "one step a day" in faults_with(replace(fits, titration=replace(slow, highest=299)))
    assert "one step a day" in faults_with(replace(fits, titration=replace(slow, up_by=0)))
    assert "one step a day" in faults_with(replace(fits, days=series.days))
    assert "nobody titrate" in faults_with(replace(fits, entry="KET-CRPS-OP"))


def test_a_mood_regimen_asks_about_thoughts_of_suicide_and_no_other_does() -> None:
    asking = {each.id for each in shipped_rules().catalogue.regimens if each.asks_risk}
    mood = {each.id for each in shipped_rules().catalogue.regimens if each.entry == "KET-MOOD"}
    assert asking == mood
    assert "SI-2" in asking


def test_regimen_whose_drug_left_the_library_is_not_offered() -> None:
    rules = shipped_rules()
    kept = tuple(each for each in rules.library.entries if not each.high_alert)
    found = offers(replace(rules, library=replace(rules.library, entries=kept)), NE_1000)
    assert found
    assert all(offer.regimen.id.startswith("TRAIN") for offer in found)


def test_two_regimens_of_one_name_are_a_fault() -> None:
    rules = shipped_rules()
    doubled = replace(rules.catalogue, regimens=(*rules.catalogue.regimens, rules.catalogue.regimens[0]))
    assert faults_of(doubled, rules.library) == ("two regimens with the same id",)
