"""Every limit speaks at once, no slip of a factor of ten or of pounds goes through, and the answer is total."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.codes import Given, Grant, Reason, ReasonCode, Severity
from pumpd.core.exposure import committed, steps_mass_ng, worst_window_ng
from pumpd.core.library import CEILINGS, Cap, Container, DoseUnit, Entry, Span
from pumpd.core.limits import DOSE_MAX, Review, check_remaining, fingerprint, given_elsewhere, reasoned, review
from pumpd.core.order import Order, WeightBasis
from pumpd.core.regimen import Catalogue, Regimen, RegimenStep, Rules, offers
from pumpd.core.steps import Step
from pumpd.testing.clinical import NE_1000, shipped_rules

NOW = 10**15
HOUR_NS = 3_600 * 10**9
POUND_G = 453.59237
DRUGS = ("MDD-2x3", "CRPS-OP10", "FM-3H")
EVERY = tuple(regimen.id for regimen in shipped_rules().catalogue.regimens)


def regimen_of(regimen_id: str) -> Regimen:
    found = shipped_rules().catalogue.regimen(regimen_id)
    assert found is not None
    return found


def syringe_for(regimen: Regimen, weight_g: int) -> Container:
    offer = next(o for o in offers(shipped_rules(), NE_1000) if o.regimen.id == regimen.id)
    return next((c for c in offer.containers if c.suits_weight(weight_g)), offer.containers[0])


def order(regimen_id: str, weight_g: int, *, height_mm: int = 1_750, day: int = 0) -> Order:
    """By default the last day of the series, which has the full dose."""
    regimen = regimen_of(regimen_id)
    box = syringe_for(regimen, weight_g)
    return Order(
        regimen=regimen_id,
        day=day or regimen.sessions,
        weight_g=weight_g,
        height_mm=height_mm,
        container=box.id,
        weight_basis=WeightBasis.ACTUAL,
    )


def upright(weight_g: int) -> int:
    """A height in mm at which this weight is a body mass index of about 24."""
    return int((weight_g / 24_000) ** 0.5 * 1_000)


def rules_with(regimen: Regimen) -> Rules:
    rules = shipped_rules()
    others = tuple(regimen if r.id == regimen.id else r for r in rules.catalogue.regimens)
    return Rules(library=rules.library, catalogue=Catalogue(version="t", sha256="", regimens=others))


def scaled(regimen: Regimen, dose: tuple[int, int] = (1, 1), time: tuple[int, int] = (1, 1)) -> Rules:
    """The same regimen with all doses and times multiplied; its own cap is taken away."""

    def changed(step: RegimenStep) -> RegimenStep:
        return RegimenStep(dose=step.dose * dose[0] // dose[1], duration_s=step.duration_s * time[0] // time[1])

    days = tuple(replace(d, steps=tuple(changed(s) for s in d.steps)) for d in regimen.days)
    return rules_with(replace(regimen, days=days, cap_ug_per_h=None))


def judge(asked: Order, rules: Rules | None = None, history: tuple[Given, ...] = ()) -> Review:
    return review(asked, rules or shipped_rules(), NE_1000, history, NOW)


def spoke(grant: Grant) -> dict[ReasonCode, Severity]:
    return {reason.code: reason.severity for reason in grant.reasons}


def worst(grant: Grant) -> Severity:
    return grant.reasons[0].severity if grant.reasons else Severity.NOTE


@given(st.sampled_from(EVERY), st.integers(50_000, 115_000), st.integers(1, 10))
def test_every_regimen_offered_runs_from_50_to_115_kg_without_a_prompt(
    regimen_id: str, weight_g: int, day: int
) -> None:
    day = min(day, regimen_of(regimen_id).sessions)
    answer = judge(order(regimen_id, weight_g, height_mm=upright(weight_g), day=day))
    assert answer.grant.allowed
    softly = {reason.code for reason in answer.grant.reasons if reason.severity is Severity.SOFT}
    if regimen_id == "NP-OP5" and weight_g > 85_000:  # six hours of the highest regimen for the heaviest: on purpose
        assert softly <= {ReasonCode.CAP_TOTAL_UG, ReasonCode.CAP_UG_PER_H}
    else:
        assert softly == set(), answer.grant.reasons
    assert answer.programme is not None
    assert answer.programme.lease_s is not None
    assert 1 <= answer.programme.lease_s <= 14


@given(st.sampled_from(DRUGS), st.integers(50_000, 115_000))
def test_ten_times_every_dose_is_refused(regimen_id: str, weight_g: int) -> None:
    regimen = regimen_of(regimen_id)
    answer = judge(order(regimen_id, weight_g), scaled(regimen, dose=(10, 1)))
    assert not answer.grant.allowed
    assert answer.programme is None


@pytest.mark.parametrize("weight_kg", [50, 70, 85, 115])
@pytest.mark.parametrize("regimen_id", DRUGS)
def test_ten_times_any_single_step_is_refused(regimen_id: str, weight_kg: int) -> None:
    regimen = regimen_of(regimen_id)
    plan = regimen.days[-1]
    for index, step in enumerate(plan.steps):
        steps = list(plan.steps)
        steps[index] = replace(step, dose=step.dose * 10)
        wrong = replace(regimen, days=(*regimen.days[:-1], replace(plan, steps=tuple(steps))), cap_ug_per_h=None)
        assert not judge(order(regimen_id, weight_kg * 1_000), rules_with(wrong)).grant.allowed


@given(st.sampled_from(DRUGS), st.integers(50_000, 115_000))
def test_a_tenth_of_every_dose_is_at_least_questioned(regimen_id: str, weight_g: int) -> None:
    answer = judge(order(regimen_id, weight_g), scaled(regimen_of(regimen_id), dose=(1, 10)))
    assert worst(answer.grant) in {Severity.SOFT, Severity.HARD}


@given(st.sampled_from(DRUGS), st.integers(50_000, 115_000))
def test_a_tenth_of_the_time_is_refused(regimen_id: str, weight_g: int) -> None:
    answer = judge(order(regimen_id, weight_g), scaled(regimen_of(regimen_id), time=(1, 10)))
    assert spoke(answer.grant).get(ReasonCode.DURATION_S) is Severity.HARD


@given(st.sampled_from(DRUGS), st.integers(53_000, 130_000), st.integers(1_500, 2_000))
def test_pounds_typed_as_kilograms_are_at_least_questioned(regimen_id: str, true_weight_g: int, height_mm: int) -> None:
    typed_g = int(true_weight_g / POUND_G) * 1_000
    answer = judge(order(regimen_id, typed_g, height_mm=height_mm))
    assert worst(answer.grant) in {Severity.SOFT, Severity.HARD}


@pytest.mark.parametrize("regimen_id", DRUGS)
def test_pounds_of_a_light_patient_are_caught_by_the_height(regimen_id: str) -> None:
    at_165 = judge(order(regimen_id, 110_000, height_mm=1_650)).grant
    assert spoke(at_165)[ReasonCode.BMI_MILLI] is Severity.SOFT
    unasked = replace(order(regimen_id, 110_000, height_mm=1_700), weight_basis=None)
    assert spoke(judge(unasked).grant)[ReasonCode.WEIGHT_BASIS_BMI_MILLI] is Severity.HARD
    without = judge(order(regimen_id, 110_000, height_mm=0)).grant
    assert spoke(without)[ReasonCode.HEIGHT_NOT_GIVEN] is Severity.SOFT


def test_all_reasons_are_told_together_and_the_most_limiting_first() -> None:
    rules = scaled(regimen_of("MDD-2x3"), dose=(10, 1), time=(1, 10))
    grant = judge(order("MDD-2x3", 130_000, height_mm=1_500), rules).grant
    found = spoke(grant)
    for code in (
        ReasonCode.DOSE_UG_PER_KG,
        ReasonCode.DURATION_S,
        ReasonCode.RATE_LIMIT_UG_PER_KG_PER_H,
        ReasonCode.CAP_TOTAL_UG,
        ReasonCode.ROLLING_HOUR_UG_PER_KG,
        ReasonCode.CEILING_UG_PER_KG_PER_H,
        ReasonCode.CONTAINERS_NEEDED,
    ):
        assert found[code] is Severity.HARD
    assert found[ReasonCode.WEIGHT_G] is Severity.SOFT
    assert found[ReasonCode.BMI_MILLI] is Severity.SOFT
    assert grant.reasons[0].code is ReasonCode.RATE_LIMIT_UG_PER_KG_PER_H  # fifty times the limit
    ranks = [(Severity.HARD, Severity.SOFT, Severity.CLAMPED, Severity.NOTE).index(r.severity) for r in grant.reasons]
    assert ranks == sorted(ranks)


@pytest.mark.requirement("LIB-01")
def test_soft_limit_of_the_dose_needs_an_override_and_hard_refuses() -> None:
    soft = judge(order("FM-3H", 50_000, height_mm=1_600), scaled(regimen_of("FM-3H"), dose=(3, 1))).grant
    assert soft.allowed
    assert spoke(soft)[ReasonCode.DOSE_UG_PER_KG_PER_H] is Severity.SOFT
    hard = judge(order("FM-3H", 50_000, height_mm=1_600), scaled(regimen_of("FM-3H"), dose=(5, 1))).grant
    assert not hard.allowed
    assert spoke(hard)[ReasonCode.DOSE_UG_PER_KG_PER_H] is Severity.HARD


def test_right_dose_given_too_fast_is_refused_by_the_separate_rate_limit() -> None:
    regimen = regimen_of("MDD-2x3")
    fast = scaled(regimen, dose=(8, 5), time=(3, 4))  # 0.8 mg/kg over 30 min: both inside their hard limits
    found = spoke(judge(order("MDD-2x3", 60_000), fast).grant)
    assert found[ReasonCode.RATE_LIMIT_UG_PER_KG_PER_H] is Severity.HARD
    assert found[ReasonCode.DOSE_UG_PER_KG] is Severity.SOFT
    assert found[ReasonCode.DURATION_S] is Severity.SOFT


def test_crps_is_clamped_by_its_own_cap_without_a_prompt() -> None:
    answer = judge(order("CRPS-OP10", 80_000))
    assert answer.programme is not None
    assert not answer.grant.needs_override
    assert [(s.rate_ul_per_h, s.volume_nl) for s in answer.programme.steps] == [(5_000, 20_000_000)]
    assert spoke(answer.grant) == {ReasonCode.REGIMEN_CAP_UG_PER_H: Severity.CLAMPED}


@pytest.mark.parametrize(("weight_g", "box"), [(100_001, "syringe-60-1"), (100_000, "syringe-60-2")])
def test_concentration_has_to_match_exactly(weight_g: int, box: str) -> None:
    grant = judge(replace(order("MDD-2x3", weight_g), container=box)).grant
    assert spoke(grant)[ReasonCode.CONCENTRATION_UG_PER_ML] is Severity.HARD


def test_same_session_twice_is_refused_by_what_was_given_already() -> None:
    start, end = NOW - 3 * HOUR_NS, NOW - 2 * HOUR_NS
    earlier = (Given(drug="ketamine", from_ns=start, to_ns=end, mass_ng=60_000_000),)
    assert spoke(judge(order("MDD-2x3", 70_000), history=earlier).grant) == {ReasonCode.CAP_TOTAL_UG: Severity.SOFT}
    assert not judge(order("CRPS-OP10", 70_000), history=earlier).grant.allowed
    other = (replace(earlier[0], drug="midazolam"),)
    assert judge(order("CRPS-OP10", 70_000), history=other).grant.reasons == ()
    yesterday = (replace(earlier[0], from_ns=start - 24 * HOUR_NS, to_ns=end - 24 * HOUR_NS),)
    assert judge(order("CRPS-OP10", 70_000), history=yesterday).grant.reasons == ()


def test_rolling_hour_counts_the_last_minutes_and_the_first() -> None:
    recent = (Given(drug="ketamine", from_ns=NOW - HOUR_NS // 6, to_ns=NOW, mass_ng=10_000_000),)
    grant = judge(order("CRPS-OP10", 70_000), history=recent).grant
    assert spoke(grant)[ReasonCode.ROLLING_HOUR_UG] is Severity.HARD


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"regimen": "NONE"}, ReasonCode.UNKNOWN_REGIMEN),
        ({"container": "none"}, ReasonCode.UNKNOWN_CONTAINER),
        ({"container": "syringe-60-5"}, ReasonCode.CONTAINER_NOT_FOR_REGIMEN),
        ({"container": "bag-100-1"}, ReasonCode.CONTAINER_NOT_FOR_PUMP),
        ({"day": 7}, ReasonCode.DAY_NOT_IN_REGIMEN),
    ],
)
def test_order_that_names_what_does_not_exist_is_refused(change: dict[str, object], code: ReasonCode) -> None:
    grant = judge(replace(order("MDD-2x3", 70_000), **change)).grant  # type: ignore[arg-type]
    assert not grant.allowed
    assert spoke(grant)[code] is Severity.HARD


anything = st.integers(-(10**18), 10**18)
given_stretches = st.builds(
    Given,
    drug=st.sampled_from(["ketamine", "midazolam"]),
    from_ns=st.integers(0, 2 * NOW),
    to_ns=st.integers(0, 2 * NOW),
    mass_ng=st.integers(0, 10**18),
)


@given(
    st.sampled_from([*EVERY, "NONE"]),
    anything,
    anything,
    anything,
    st.sampled_from(["syringe-60-1", "syringe-60-2", "syringe-60-5", "syringe-60", "bag-100-1", "none"]),
    st.lists(given_stretches, max_size=3),
)
def test_review_answers_whatever_it_is_asked(  # noqa: PLR0917  # one argument for each thing asked
    regimen_id: str, day: int, weight_g: int, height_mm: int, box: str, history: list[Given]
) -> None:
    for weight in (weight_g, weight_g % 200_000):
        asked = Order(regimen=regimen_id, day=day % 12, weight_g=weight, height_mm=height_mm, container=box)
        answer = judge(asked, history=tuple(history))
        assert answer.grant.allowed is (answer.programme is not None)
        assert answer.grant.allowed or any(r.severity is Severity.HARD for r in answer.grant.reasons)
        assert judge(replace(asked, day=day)).digest


@given(
    st.sampled_from(EVERY),
    st.integers(40_000, 190_000),
    st.integers(2, 30),
    st.sampled_from([0, 5_000_000, 40_000_000]),
)
def test_highest_acceptable_dose_is_accepted_and_the_next_one_is_not(
    regimen_id: str, weight_g: int, factor: int, before_ng: int
) -> None:
    regimen = regimen_of(regimen_id)
    history = (Given(drug="ketamine", from_ns=NOW - HOUR_NS // 2, to_ns=NOW, mass_ng=before_ng),)
    asked = order(regimen_id, weight_g, height_mm=upright(weight_g))
    tenfold = scaled(regimen, dose=(factor, 1))
    grant = judge(asked, tenfold, history).grant
    highest = grant.highest_acceptable
    if highest is None:
        return
    assert not grant.allowed
    inflated = tenfold.catalogue.regimen(regimen_id)
    assert inflated is not None
    peak = max(step.dose for step in inflated.days[-1].steps)
    for dose, allowed in ((highest, True), (highest + 1, False)):
        tried = scaled(inflated, dose=(dose, peak))
        assert judge(asked, tried, history).grant.allowed is allowed, (dose, grant.reasons)


def test_highest_acceptable_dose_is_what_the_syringe_holds_where_it_binds_first() -> None:
    rules = scaled(regimen_of("FM-3H"), dose=(10, 1))
    single = tuple(replace(e, containers_max=1, containers_why="") for e in rules.library.entries)
    grant = judge(order("FM-3H", 70_000), replace(rules, library=replace(rules.library, entries=single))).grant
    assert grant.highest_acceptable is not None
    assert abs(grant.highest_acceptable - _by_hand_fm_3h(70_000)) <= 1


def _by_hand_fm_3h(weight_g: int) -> int:
    """850 mg, 12 mg/kg, 150 mg/h, 2 mg/kg/h and 56 mL of 5 mg/mL: the syringe binds first at 70 kg."""
    mg_per_dose = weight_g * (3 * 30 + 4 * 30 + 5 * 150) / 5 / 60 / 1_000_000  # for 1 mcg/kg/h at the top
    return int(280 / mg_per_dose)


def test_no_dose_helps_where_the_weight_refuses() -> None:
    grant = judge(order("FM-3H", 250_000)).grant
    assert not grant.allowed
    assert grant.highest_acceptable is None


def test_digest_follows_order_programme_and_library() -> None:
    first = judge(order("MDD-2x3", 70_000))
    assert first.digest == judge(order("MDD-2x3", 70_000)).digest
    assert first.digest != judge(order("MDD-2x3", 70_100)).digest
    rules = shipped_rules()
    other = Rules(library=replace(rules.library, sha256="0" * 64), catalogue=rules.catalogue)
    assert first.digest != judge(order("MDD-2x3", 70_000), other).digest


def test_fingerprint_is_fnv_1a() -> None:
    assert fingerprint() == f"{_fnv_1a(b'()'):016x}"


def _fnv_1a(data: bytes) -> int:
    value = 14_695_981_039_346_656_037  # offset basis and prime: Fowler, Noll and Vo
    for byte in data:
        value = ((value ^ byte) * 1_099_511_628_211) % 2**64
    return value


# --- commands at a running infusion ---------------------------------------------------------------------------


def entry_of(regimen_id: str) -> Entry:
    found = shipped_rules().library.entry(regimen_of(regimen_id).entry)
    assert found is not None
    return found


@given(st.sampled_from(EVERY), st.integers(50_000, 115_000), st.integers(1, 99), st.integers(10, 3_600))
def test_rest_of_a_granted_programme_may_always_be_resumed(
    regimen_id: str, weight_g: int, percent: int, pause_s: int
) -> None:
    programme = judge(order(regimen_id, weight_g)).programme
    assert programme is not None
    done_nl = programme.total_nl * percent // 100
    given_ng = steps_mass_ng([Step(rate_ul_per_h=1, volume_nl=done_nl)], programme.concentration_ug_per_ml)
    lasted_ns = done_nl * 3_600 * 10**6 // programme.steps[0].rate_ul_per_h  # all at the first step: slowest
    end_ns = NOW - pause_s * 10**9
    before = (Given(drug=programme.drug, from_ns=end_ns - lasted_ns, to_ns=end_ns, mass_ng=given_ng),)
    left = list(programme.steps)
    to_skip_nl = done_nl
    while to_skip_nl > 0:
        used_nl = min(to_skip_nl, left[0].volume_nl)
        to_skip_nl -= used_nl
        left[0] = replace(left[0], volume_nl=left[0].volume_nl - used_nl)
        left = left if left[0].volume_nl else left[1:]
    grant = check_remaining(programme, tuple(left), entry_of(regimen_id), before, NOW)
    hard = [reason.code for reason in grant.reasons if reason.severity is Severity.HARD]
    assert hard == [], grant.reasons


@given(st.sampled_from(DRUGS), st.integers(50_000, 115_000), st.integers(1, 400))
def test_rise_beyond_a_limit_is_refused_with_the_highest_rate_that_is_not(
    regimen_id: str, weight_g: int, factor: int
) -> None:
    programme = judge(order(regimen_id, weight_g)).programme
    assert programme is not None

    def asked(rate: int) -> Grant:
        steps = (replace(programme.steps[0], rate_ul_per_h=rate), *programme.steps[1:])
        return check_remaining(programme, steps, entry_of(regimen_id), (), NOW)

    rate = programme.steps[0].rate_ul_per_h * factor // 10 + 1
    grant = asked(rate)
    if grant.allowed:
        assert rate * programme.concentration_ug_per_ml <= CEILINGS.rate_ug_per_kg_per_h * weight_g
        assert grant.highest_acceptable is None
        return
    highest = grant.highest_acceptable
    assert highest is not None
    assert highest < rate
    assert highest == 0 or asked(highest).allowed
    assert not asked(highest + 1).allowed


def test_raise_of_a_rate_dose_is_judged_by_the_dose_limits() -> None:
    programme = judge(order("FM-3H", 70_000)).programme
    assert programme is not None
    hard_ul_per_h = 2_000 * 70_000 // 5_000
    last = replace(programme.steps[-1], rate_ul_per_h=hard_ul_per_h + 1, volume_nl=1_000_000)
    grant = check_remaining(programme, (last,), entry_of("FM-3H"), (), NOW)
    assert entry_of("FM-3H").unit is DoseUnit.MG_PER_KG_PER_H
    assert spoke(grant)[ReasonCode.DOSE_UG_PER_KG_PER_H] is Severity.HARD
    assert grant.highest_acceptable == hard_ul_per_h


def test_infusion_whose_limits_are_not_on_record_is_not_raised() -> None:
    programme = judge(order("FM-3H", 70_000)).programme
    assert programme is not None
    grant = check_remaining(programme, programme.steps, None, (), NOW)
    assert grant.reasons == (Reason(code=ReasonCode.LIMITS_NOT_ON_RECORD, severity=Severity.HARD),)


@given(st.sampled_from(DRUGS), st.integers(50_000, 115_000))
def test_rolling_hour_of_a_granted_programme_is_within_the_library(regimen_id: str, weight_g: int) -> None:
    programme = judge(order(regimen_id, weight_g)).programme
    assert programme is not None
    entry = entry_of(regimen_id)
    future = committed(programme.steps, programme.concentration_ug_per_ml, NOW)
    hour_ng = worst_window_ng((), future, now_ns=NOW, window_ns=HOUR_NS)
    if entry.rolling_hour_ug is not None:
        assert hour_ng <= entry.rolling_hour_ug * 1_000
    if entry.rolling_hour_ug_per_kg is not None:
        assert hour_ng <= entry.rolling_hour_ug_per_kg * weight_g


NO_LIMIT = {
    "rate_ug_per_kg_per_h": None,
    "cap_ug_per_h": None,
    "cap_total_ug": None,
    "cap_total_ug_per_kg": None,
    "rolling_hour_ug": None,
    "rolling_hour_ug_per_kg": None,
}


def rules_with_entry(regimen: Regimen, **changes: object) -> Rules:
    rules = rules_with(regimen)
    entries = tuple(
        replace(e, **{**NO_LIMIT, **changes}) if e.id == regimen.entry else e  # type: ignore[arg-type]
        for e in rules.library.entries
    )
    return Rules(library=replace(rules.library, entries=entries), catalogue=rules.catalogue)


@pytest.mark.parametrize(
    ("field", "just_enough", "code"),
    [  # MDD at 70 kg: 35 mg in 40 min
        ("rate_ug_per_kg_per_h", 750, ReasonCode.RATE_LIMIT_UG_PER_KG_PER_H),
        ("cap_ug_per_h", 52_500, ReasonCode.CAP_UG_PER_H),
        ("cap_total_ug", 35_000, ReasonCode.CAP_TOTAL_UG),
        ("cap_total_ug_per_kg", 500, ReasonCode.CAP_TOTAL_UG_PER_KG),
        ("rolling_hour_ug", 35_000, ReasonCode.ROLLING_HOUR_UG),
        ("rolling_hour_ug_per_kg", 500, ReasonCode.ROLLING_HOUR_UG_PER_KG),
    ],
)
@pytest.mark.requirement("FLOW-02")
def test_each_limit_speaks_alone_from_one_unit_above_it(field: str, just_enough: int, code: ReasonCode) -> None:
    regimen, asked = regimen_of("MDD-2x3"), order("MDD-2x3", 70_000)

    def limit(value: int) -> object:
        return value if field.startswith("rolling") else Cap(soft=None, hard=value)

    assert judge(asked, rules_with_entry(regimen, **{field: limit(just_enough)})).grant.reasons == ()
    refused = judge(asked, rules_with_entry(regimen, **{field: limit(just_enough - 1)})).grant
    assert spoke(refused) == {code: Severity.HARD}


@pytest.mark.requirement("FLOW-02")
@pytest.mark.requirement("LIB-05")
def test_ceilings_refuse_where_a_library_sets_no_limit_at_all() -> None:
    wide = Span(hard_low=1, soft_low=1, typical=1, soft_high=10**8, hard_high=10**8)
    regimen = scaled(regimen_of("MDD-2x3"), dose=(32, 1)).catalogue.regimen("MDD-2x3")
    assert regimen is not None
    found = spoke(judge(order("MDD-2x3", 70_000), rules_with_entry(regimen, dose=wide)).grant)
    assert found[ReasonCode.CEILING_UG_PER_KG_PER_H] is Severity.HARD
    assert found[ReasonCode.CEILING_TOTAL_UG_PER_KG] is Severity.HARD


def test_low_limit_of_another_step_does_not_lead_the_search_astray() -> None:
    steps = (RegimenStep(dose=60, duration_s=3_600), RegimenStep(dose=2_100, duration_s=3_600))
    regimen = regimen_of("FM-3H")
    wrong = replace(regimen, days=(replace(regimen.days[0], steps=steps),))
    grant = judge(order("FM-3H", 50_000, height_mm=1_600), rules_with(wrong)).grant
    assert not grant.allowed
    assert grant.highest_acceptable == 2_000


def test_what_nobody_gave_elsewhere_is_no_entry_in_the_history() -> None:
    asked = order("CRPS-OP10", 70_000)
    assert given_elsewhere(asked, "ketamine", NOW) == ()
    assert given_elsewhere(replace(asked, elsewhere_ng=-1), "ketamine", NOW) == ()
    given_there = given_elsewhere(replace(asked, elsewhere_ng=1), "ketamine", NOW)
    assert given_there == (Given(drug="ketamine", from_ns=NOW, to_ns=NOW, mass_ng=1),)


@pytest.mark.parametrize(("dose", "duration_s"), [(0, 3_600), (-1, 3_600), (DOSE_MAX + 1, 3_600), (100, 0), (100, -1)])
def test_an_order_of_nothing_or_of_nonsense_is_refused_and_never_compiled(dose: int, duration_s: int) -> None:
    """No reason of pump or container stands beside it: there is no programme that could misfit."""
    regimen = regimen_of("CRPS-OP10")
    steps = (RegimenStep(dose=dose, duration_s=duration_s),)
    odd = replace(regimen, days=tuple(replace(day, steps=steps) for day in regimen.days))
    answer = review(order("CRPS-OP10", 70_000), rules_with(odd), NE_1000, (), NOW)
    assert answer.programme is None
    assert not answer.grant.allowed
    assert answer.grant.highest_acceptable is None
    spoke = {reason.code for reason in answer.grant.reasons}
    assert spoke & {ReasonCode.DOSE_UG_PER_KG_PER_H, ReasonCode.DURATION_S}
    assert not spoke & {ReasonCode.PUMP_RATE_MIN_UL_PER_H, ReasonCode.PUMP_RATE_MAX_UL_PER_H, ReasonCode.LEASE_S}


def test_the_most_limiting_reason_comes_first_whatever_way_it_was_crossed() -> None:
    """Severity, then how many times asked and limit lie apart; a reason without numbers comes first of its severity."""

    def said(code: ReasonCode, severity: Severity, asked: int | None = None, limit: int | None = None) -> Reason:
        return Reason(code=code, severity=severity, asked=asked, limit=limit)

    note = said(ReasonCode.WEIGHT_BASIS_BMI_MILLI, Severity.NOTE, 900, 1)
    clamped = said(ReasonCode.ROUNDED_RATE_UL_PER_H, Severity.CLAMPED, 900, 1)
    soft = said(ReasonCode.CAP_UG_PER_H, Severity.SOFT, 900, 1)
    no_number = said(ReasonCode.JOURNAL_DOWN, Severity.HARD)
    half_a_number = said(ReasonCode.LINK_DOWN, Severity.HARD, 1)
    nine_times = said(ReasonCode.DURATION_S, Severity.HARD, 0, 9)
    five_times = said(ReasonCode.DOSE_UG_PER_KG, Severity.HARD, 5, 1)
    four_times_less = said(ReasonCode.WEIGHT_G, Severity.HARD, 2, 8)
    grant = Grant(allowed=True, reasons=(note, clamped, soft), highest_acceptable=3)
    found = reasoned(grant, [four_times_less, five_times, nine_times, half_a_number, no_number])
    assert found.highest_acceptable == 3
    assert not found.allowed
    assert set(found.reasons[:2]) == {no_number, half_a_number}
    assert found.reasons[2:] == (nine_times, five_times, four_times_less, soft, clamped, note)
