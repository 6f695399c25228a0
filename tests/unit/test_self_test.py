"""The shipped library catches every slip and leaves its own regimens alone; a worse one is found out, cell by cell."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd import words_self_test
from pumpd.cli import main
from pumpd.core.codes import ReasonCode
from pumpd.core.library import Cap, DoseUnit, Span
from pumpd.core.population import ADULTS
from pumpd.core.regimen import DayPlan, RegimenStep, Rules
from pumpd.core.self_test import Asked, Trial, asked_in_all, self_test
from pumpd.core.slips import Mistaken, Slip, Written, factor, mistaken
from pumpd.testing.clinical import CONFIG, shipped_rules
from pumpd.testing.guards import guard_removed

LIBRARY = CONFIG / "drug-library.toml"


def only(regimen_id: str, entry: dict[str, object] | None = None, regimen: dict[str, object] | None = None) -> Rules:
    """The shipped rules with one regimen, and something changed in it or its entry."""
    rules = shipped_rules()
    found = rules.catalogue.regimen(regimen_id)
    assert found is not None
    changed = replace(found, **regimen or {})  # type: ignore[arg-type]
    entries = tuple(
        replace(each, **entry or {}) if each.id == found.entry else each  # type: ignore[arg-type]
        for each in rules.library.entries
    )
    return replace(
        rules,
        library=replace(rules.library, entries=entries),
        catalogue=replace(rules.catalogue, regimens=(changed,)),
    )


def trial(regimen_id: str, entry: dict[str, object] | None = None, regimen: dict[str, object] | None = None) -> Trial:
    (found,) = self_test(only(regimen_id, entry, regimen))
    return found


def silent(found: Trial) -> set[Slip]:
    return {slip for slip, tried in found.slips if tried.failed}


@pytest.mark.requirement("F39")
@pytest.mark.requirement("CMD-14")
def test_shipped_library_holds_for_every_regimen_with_a_drug() -> None:
    found = self_test(shipped_rules())
    assert len(found) == 12
    assert words_self_test.failures(found) == ()
    assert all(each.holds() for each in found)
    assert all(tried.count >= 4 for each in found for _, tried in each.slips)


def test_adults_are_asked_in_one_visit_of_twenty_at_most() -> None:
    asked = asked_in_all(self_test(shipped_rules()))
    assert asked.visits == 51 * len(ADULTS)
    assert asked.within_goal()
    assert asked.refused == 0


@pytest.mark.parametrize(
    ("soft", "within"), [(0, True), (50, True), (51, False)]
)  # fmt: skip
def test_goal_is_a_share_of_visits(soft: int, within: bool) -> None:  # noqa: FBT001  # a row of the table
    assert Asked(visits=1_000, soft=soft, refused=0).within_goal() is within


MOOD = "KET-MOOD"
DAY = DayPlan(
    first_day=1,
    last_day=4,
    steps=(RegimenStep(dose=100, duration_s=1_800), RegimenStep(dose=500, duration_s=9_000)),
)
WIDE = dict.fromkeys(
    (
        "rate_ug_per_kg_per_h",
        "cap_ug_per_h",
        "cap_total_ug",
        "rolling_hour_ug",
        "rolling_hour_ug_per_kg",
        "cap_course_ug",
    )
)


def marks(entry_id: str, **changes: int) -> dict[str, object]:
    entry = shipped_rules().library.entry(entry_id)
    assert entry is not None
    return {"dose": replace(entry.dose, **changes)}


@pytest.mark.parametrize(
    ("regimen_id", "entry", "slips"),
    [
        ("CRPS-IP5", marks("KET-PAIN-IP", hard_high=200_000) | WIDE, {Slip.TENFOLD, Slip.TENFOLD_STEP}),  # only asks
        ("MDD-2x3", marks(MOOD, soft_high=6_000, hard_high=6_000) | WIDE, {Slip.UNIT}),  # 10 x: the ceiling stands
        ("MDD-2x3", marks(MOOD, hard_low=1, soft_low=40), {Slip.TENTH, Slip.UNIT}),
        ("MDD-2x3", marks(MOOD, soft_low=333), {Slip.UNIT}),  # 0.5 taken for mg/kg/h over 40 min
        ("MDD-2x3", marks(MOOD, soft_high=750), {Slip.UNIT}),  # 0.75 mg/kg/h taken for mg/kg
        ("CRPS-IP5", marks("KET-PAIN-IP", soft_low=3_000), {Slip.UNIT}),  # mcg/kg/min at 50 kg
        ("NP-OP5", marks("KET-PAIN-OP", hard_low=1, soft_low=50), {Slip.TENTH}),
    ],
    ids=["ten times is only asked", "no limit left", "low too low", "soft low", "soft high", "at 50 kg", "tenth"],
)
def test_limit_that_is_too_wide_is_found_in_its_own_column(
    regimen_id: str, entry: dict[str, object], slips: set[Slip]
) -> None:
    found = trial(regimen_id, entry)
    assert silent(found) == slips
    assert not found.holds()
    assert len(words_self_test.failures([found])) >= len(slips)


def test_container_that_is_too_small_has_caught_nothing() -> None:
    """0.75 mg/kg for 85 kg does not fit into one syringe: what fits into another was not asked about all the same."""
    single = {**marks(MOOD, soft_high=750), "containers_max": 1, "containers_why": ""}
    failed = dict(trial("MDD-2x3", single).slips)[Slip.UNIT].failed
    assert {each.weight_g for each in failed} == {50_000, 60_000, 70_000, 85_000}


def test_each_step_is_looked_at_alone() -> None:
    """Ten times all steps is refused; ten times the first alone stays within a limit that is too wide."""
    wide = marks("KET-PAIN-OP", soft_high=3_500, hard_high=3_500)
    found = dict(trial("FM-3H", {**wide, "cap_ug_per_h": None, "rolling_hour_ug_per_kg": None}).slips)
    assert found[Slip.TENFOLD].failed == ()
    assert {each.step for each in found[Slip.TENFOLD_STEP].failed} == set()  # 3 mg/kg/h: the ceiling still stands
    slow = trial("FM-3H", wide, {"days": (DAY,)})
    assert {each.step for each in dict(slow.slips)[Slip.TENFOLD_STEP].failed} == {1}


def test_limit_that_is_too_narrow_for_its_own_regimen_is_found() -> None:
    found = trial("MDD-2x3", {"cap_total_ug": Cap(soft=40_000, hard=100_000)})
    assert {each.weight_g for each in found.own.failed} == {85_000}
    assert {each.reason.code for each in found.own.failed if each.reason} == {ReasonCode.CAP_TOTAL_UG}
    assert "soft limit of 40 mg" in words_self_test.failures([found])[0]


def test_regimen_that_crosses_a_soft_limit_says_so() -> None:
    unmarked = trial("CRPS-IP5", regimen={"soft_on_purpose": False})
    assert {each.reason.code for each in unmarked.own.failed if each.reason} == {
        ReasonCode.DOSE_UG_PER_H,
        ReasonCode.CAP_UG_PER_H,
    }
    assert {each.weight_g for each in unmarked.own.failed} == {65_000, 70_000, 75_000, 80_000, 85_000}  # above 30 mg/h


def test_mark_that_nothing_asks_for_is_found() -> None:
    found = trial("MDD-2x3", regimen={"soft_on_purpose": True})
    assert words_self_test.failures([found]) == (
        "MDD-2x3: marked soft_on_purpose, and no limit speaks. Take the mark away.",
    )


def test_mark_excuses_no_hard_limit() -> None:
    found = trial("MDD-2x3", {"cap_total_ug": Cap(soft=None, hard=40_000)}, {"soft_on_purpose": True})
    assert {each.weight_g for each in found.own.failed if each.reason} == {85_000}


def test_heavy_are_asked_once_a_series_and_the_narrow_cap_every_time() -> None:
    once = trial("CRPS-OP10").asked
    assert (once.visits, once.soft) == (1_200, 12)
    every = trial("NP-OP5").asked
    assert every.soft > 5 * 12


# --- slips ------------------------------------------------------------------------------------------------------


def test_units_of_half_a_milligram_over_40_minutes() -> None:
    """0.67, 40 and 16.7 times: what comes of 0.5 and 12.5 in the wrong field."""
    step = RegimenStep(dose=500, duration_s=2_400)

    def times(meant: Written, taken: Written) -> Fraction:
        return factor(Mistaken(meant=meant, taken=taken), step, 70_000)

    assert times(Written.MG_PER_KG, Written.MG_PER_KG_PER_H) == Fraction(2, 3)
    assert times(Written.MG_PER_KG, Written.MG_PER_KG_PER_MIN) == 40
    assert times(Written.MCG_PER_KG_PER_MIN, Written.MG_PER_KG_PER_H) == Fraction(50, 3)
    assert times(Written.MG, Written.MG_PER_KG) == 70


units = st.sampled_from([DoseUnit.MG_PER_KG, DoseUnit.MG_PER_KG_PER_H, DoseUnit.MG_PER_H])


@given(units, st.integers(60, 100_000), st.integers(1, 3), st.integers(35_000, 200_000))
def test_every_confusion_has_its_opposite(unit: DoseUnit, duration_s: int, count: int, weight_g: int) -> None:
    step = RegimenStep(dose=500, duration_s=duration_s)
    pairs = mistaken(unit, (step,) * count)
    assert len(pairs) == (10 if count == 1 and duration_s <= 6 * 3_600 else 10 - 2 * sum(
        each in (Written.MG, Written.MG_PER_KG) and each.value != unit.value for each in Written
    ))  # fmt: skip
    for pair in pairs:
        back = Mistaken(meant=pair.taken, taken=pair.meant)
        assert back in pairs
        assert factor(pair, step, weight_g) * factor(back, step, weight_g) == 1


# --- on the command line -------------------------------------------------------------------------------------------


def test_check_prints_the_table_and_says_that_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "check", str(LIBRARY)]) == 0
    told = capsys.readouterr().out.splitlines()
    heads = next(line for line in told if line.startswith("regimen "))
    assert all(len(line) <= 100 for line in told if line.startswith(("regimen", "MDD", "CRPS", "NP")))
    assert heads.split("  ")[0] == "regimen"
    assert next(line for line in told if line.startswith("NP-OP5")).split()[1:4] == ["4/4", "12/12", "4/4"]
    assert told[-1] == "The self-test holds."


def test_check_of_a_library_that_lets_a_slip_through_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = LIBRARY.read_text().replace('soft_low = "0.4", typical = "0.5"', 'soft_low = "0.2", typical = "0.5"')
    path = tmp_path / "library.toml"
    path.write_text(text)
    assert main(["library", "check", str(path), "--regimens", str(CONFIG / "regimens.toml")]) == 2
    refused = capsys.readouterr().err
    assert "not the one that was approved" in refused
    sha256 = refused.split('write sha256 = "')[1][:64]
    path.write_text(
        "\n".join(f'sha256 = "{sha256}"' if line.startswith("sha256") else line for line in text.split("\n"))
    )
    assert main(["library", "check", str(path), "--regimens", str(CONFIG / "regimens.toml")]) == 1
    told = capsys.readouterr().out
    assert "MDD-2x3, day 1, 50 kg (about 110 pounds): a number in mg/kg taken for mg/kg/h goes through" in told
    assert told.splitlines()[-1] == "THE SELF-TEST FAILED."


def test_check_without_a_catalogue_says_which_file_it_wants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site.toml").write_text(LIBRARY.read_text())
    assert main(["library", "check", str(tmp_path / "site.toml")]) == 2
    assert "--regimens FILE" in capsys.readouterr().err


def test_core_that_forgot_to_compare_two_weights_lets_pounds_through_and_is_found() -> None:
    """No file can switch that comparison off; an update of the core could lose it."""
    with guard_removed("pumpd.core.patient._judge_change", instead=lambda *_: []):
        rules = only("FM-3H")
        wide = Span(hard_low=1, soft_low=1, typical=70_000, soft_high=10**6, hard_high=10**6)
        patient = replace(rules.library.patient, weight_g=wide, bmi_milli=wide)
        (found,) = self_test(replace(rules, library=replace(rules.library, patient=patient)))
    assert Slip.POUNDS in silent(found)


def test_over_an_hour_two_units_are_one_number_and_no_slip() -> None:
    tried = {}
    for duration_s in (2_400, 3_600):
        days = (DayPlan(first_day=1, last_day=6, steps=(RegimenStep(dose=500, duration_s=duration_s),)),)
        tried[duration_s] = dict(trial("MDD-2x3", regimen={"days": days}).slips)[Slip.UNIT].count
    assert 0 < tried[3_600] < tried[2_400]
