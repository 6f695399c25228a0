"""Quantities in ISMP form, and a sentence for every reason that says what to do."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd import words
from pumpd.core.codes import Grant, Reason, ReasonCode, Severity
from pumpd.core.library import DoseUnit
from pumpd.core.limits import review
from pumpd.core.order import Order
from pumpd.core.programme import Programme
from pumpd.testing.clinical import NE_1000, shipped_rules
from pumpd.testing.container_story import small_containers
from pumpd.words_reasons import highest_dose_text, highest_rate_text, reason_text
from pumpd.words_review import cannot_detect, review_lines, review_text

ISMP_NUMBER = re.compile(r"(?<![\d.,])(?:0|[1-9]\d{0,2}(?:,\d{3})*)(?:\.\d*[1-9])?(?![\d,]|\.\d)")
quantities = st.integers(0, 10**12)


@given(quantities, st.integers(0, 9), st.integers(0, 6))
def test_number_has_no_naked_point_no_trailing_zero_and_thousands_apart(value: int, digits: int, places: int) -> None:
    assert ISMP_NUMBER.fullmatch(words.number(value, digits=digits, places=places))


@given(quantities, st.integers(0, 6))
def test_number_with_all_its_places_is_exact(value: int, digits: int) -> None:
    text = words.number(value, digits=digits, places=digits).replace(",", "")
    whole, _, fraction = text.partition(".")
    assert int(whole + fraction.ljust(digits, "0")) == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (words.volume_ml(35_000_000), "35 mL"),
        (words.volume_ml(41_205_000), "41.21 mL"),
        (words.volume_ml(4_999), "less than 0.01 mL"),
        (words.volume_ml(0), "0 mL"),
        (words.rate_ml_per_h(24_500), "24.5 mL/h"),
        (words.rate_ml_per_h(1_699_000), "1,699 mL/h"),
        (words.mass(41_200), "41.2 mg"),
        (words.mass(500), "500 mcg"),
        (words.mass_at_most(25_007_365), "25.1 mg"),
        (words.mass_at_least(839_990_000), "839.9 mg"),
        (words.dose(350, DoseUnit.MG_PER_KG_PER_H), "0.35 mg/kg/h"),
        (words.dose(500, DoseUnit.MG_PER_KG), "0.5 mg/kg"),
        (words.dose(10_000, DoseUnit.MG_PER_H), "10 mg/h"),
        (words.dose(60_000, DoseUnit.ML_PER_H), "60 mL/h"),
        (words.concentration(5_000), "5 mg/mL"),
        (words.weight(82_400), "82.4 kg (about 182 pounds)"),
        (words.height(1_755), "175.5 cm"),
        (words.duration(2_400), "40 min"),
        (words.duration(12_600), "3 h 30 min"),
        (words.duration(34), "34 s"),
        (words.duration(0), "0 s"),
        (words.duration_ns(150_400_000_000), "2 min 30 s"),
        (words.duration_ns(2_399_600_000_000), "40 min"),
        (words.age(2_900_000_000), "2 s ago"),
        (words.interval_ml(12_345_678, 12_345_679), "between 12.3 and 12.4 mL"),
        (words.interval_ml(12_300_000, 12_300_000), "12.3 mL"),
        (words.clock_time(1_763_820_300_000, offset_min=0), "14:05"),
        (words.clock_time(1_763_820_300_000, offset_min=-600, seconds=True), "04:05:00"),
        (words.bmi(35_800), "35.8"),
    ],
)
def test_quantity_reads_as_a_nurse_would_write_it(text: str, shown: str) -> None:
    assert text == shown


@given(quantities, quantities)
def test_interval_is_rounded_outwards(one: int, other: int) -> None:
    low, high = sorted((one, other))
    shown = [float(n.replace(",", "")) for n in re.findall(r"[\d,]+(?:\.\d+)?", words.interval_ml(low, high))]
    assert shown[0] * 1e6 <= low + 1
    assert shown[-1] * 1e6 >= high - 1


ACTIONS = (
    "Ask|ask|Choose|Nothing to do|Check|Call|call|Look|Sign in|Wait|Read|End|Try|Use|Measure|Enter|enter|Give|give"
    "|Connect|Turn the sound on|Keep it in mind|confirm|Do not start|acknowledge|take it back"
)


@pytest.mark.parametrize("code", list(ReasonCode))
def test_every_reason_has_a_sentence_that_says_what_to_do(code: ReasonCode) -> None:
    numbers: tuple[tuple[int | None, int | None], ...] = ((None, None), (1_500, 1_000), (1_000, 1_500))
    for severity, (asked, limit) in product(Severity, numbers):
        text = reason_text(Reason(code=code, severity=severity, asked=asked, limit=limit))
        assert text[0].isupper() or text[0].isdigit()
        assert text.endswith(".")
        assert "{" not in text
        assert "None" not in text
        assert code.value not in text
        assert re.search(ACTIONS, text), text


def test_reason_names_both_numbers_and_the_side() -> None:
    over = Reason(code=ReasonCode.DOSE_UG_PER_KG_PER_H, severity=Severity.HARD, asked=3_500, limit=2_000)
    assert "3.5 mg/kg/h is above the hard limit of 2 mg/kg/h" in reason_text(over)
    under = Reason(code=ReasonCode.DOSE_UG_PER_KG, severity=Severity.SOFT, asked=100, limit=200)
    assert "0.1 mg/kg is below the soft limit of 0.2 mg/kg" in reason_text(under)


def test_refusal_says_what_would_be_acceptable() -> None:
    grant = Grant(allowed=False, reasons=(), highest_acceptable=1_250)
    assert highest_dose_text(grant, DoseUnit.MG_PER_KG_PER_H) == "The highest acceptable dose is 1.25 mg/kg/h."
    assert highest_rate_text(grant) == "The highest acceptable rate is 1.25 mL/h."
    assert not highest_dose_text(Grant(allowed=False, reasons=()), DoseUnit.MG_PER_KG)


def reviewed(regimen_id: str, container: str, weight_g: int) -> tuple[dict[str, str], str]:
    rules = shipped_rules()
    order = Order(regimen=regimen_id, day=1, weight_g=weight_g, height_mm=1_750, container=container)
    programme = review(order, rules, NE_1000, (), 0).programme
    assert programme is not None
    return dict(review_lines(order, programme, rules, NE_1000)), review_text(order, programme, rules, NE_1000)


def test_review_says_all_that_a_nurse_confirms() -> None:
    lines, text = reviewed("FM-3H", "syringe-60-5", 70_000)
    assert lines["Drug"] == "ketamine 5 mg/mL (high-alert)"
    assert lines["Patient"] == "70 kg (about 154 pounds), 175 cm"
    assert lines["Step 1"] == "0.3 mg/kg/h, 21 mg/h, 4.2 mL/h: 2.1 mL in 30 min"
    assert lines["Step 3"] == "0.5 mg/kg/h, 35 mg/h, 7 mL/h: 17.5 mL in 2 h 30 min"
    assert lines["In all"] == "112 mg in 22.4 mL in 3 h 30 min"
    assert lines["Steps up"] == "each waits for a tap"
    assert lines["If this computer fails"] == "the pump stops by itself within 14 s"
    assert "air in the line" in lines["The New Era NE-1000 cannot detect"]
    assert "If this computer fails: the pump stops by itself within 14 s." in text


def test_review_of_saline_speaks_of_flow_and_not_of_dose() -> None:
    lines, _ = reviewed("TRAIN-3STEP", "syringe-60", 70_000)
    assert lines["Step 3"] == "300 mL/h: 1.25 mL in 15 s"
    assert lines["In all"] == "2.35 mL in 34 s"
    assert lines["Steps up"] == "each goes by itself"
    assert not any("mg" in value for value in lines.values())


def test_clamp_of_the_regimen_stands_in_the_review() -> None:
    rules = shipped_rules()
    order = Order(regimen="CRPS-OP10", day=3, weight_g=80_000, height_mm=1_750, container="syringe-60-5")
    programme = review(order, rules, NE_1000, (), 0).programme
    assert programme is not None
    lines = dict(review_lines(order, programme, rules, NE_1000))
    assert lines["Capped"] == "The regimen's own cap reduces 28 mg/h to 25 mg/h. Nothing to do."
    assert lines["In all"] == "100 mg in 20 mL in 4 h"


def test_what_a_pump_detects_is_not_listed_as_undetected() -> None:
    assert "blocked line, not even" not in cannot_detect(NE_1000)
    assert "pressure" in cannot_detect(NE_1000)


def test_review_of_several_containers_says_what_each_holds_and_when_it_ends_by_the_clock() -> None:
    rules = small_containers(10_000_000)
    order = Order(regimen="FM-3H", day=1, weight_g=70_000, height_mm=1_750, container="syringe-60-5")
    programme = review(order, rules, NE_1000, (), 0).programme
    assert programme is not None
    lines = dict(review_lines(order, programme, rules, NE_1000, lambda after_ns: f"{after_ns // 10**9} s"))
    assert lines["Container 1 holds"].startswith("14 mL: 10 mL to give, 3 mL for the line, 1 mL stays behind")
    assert "used up after 1 h 44 min, at 6222 s if started now" in lines["Container 1 holds"]
    assert lines["Container 3 holds"].startswith("6.4 mL: 2.4 mL to give")
    assert lines["Containers"].startswith("3, and it stands at each change. ")
    single = dict(review_lines(order, programme_of(order), shipped_rules(), NE_1000))
    assert single["It holds"] == "26.4 mL: 22.4 mL to give, 3 mL for the line, 1 mL stays behind"


def programme_of(order: Order) -> Programme:
    programme = review(order, shipped_rules(), NE_1000, (), 0).programme
    assert programme is not None
    return programme
