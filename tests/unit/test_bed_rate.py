"""Changes of rate: steps of the plan, titration by a person, and what a lost reply makes of either."""

from __future__ import annotations

import pytest

from pumpd.core.codes import Condition, Phase, ReasonCode
from pumpd.core.effects import ChangeRate, Start, Stop, When
from pumpd.core.events import Overtaken, Refused, Unknown
from pumpd.core.pump import Drive
from pumpd.testing.bed_story import BedStory


def running(regimen: str = "TRAIN-5MIN") -> BedStory:
    bed = BedStory()
    bed.runs(regimen)
    return bed


def raised(effects: list[ChangeRate]) -> list[tuple[int, When]]:
    return [(each.rate_ul_per_h, each.when) for each in effects]


# --- steps --------------------------------------------------------------------------------------------------------


def test_an_automatic_step_goes_by_itself_when_its_volume_is_in() -> None:
    bed = running()  # 1 mL at 36 mL/h, 1.5 at 54, 2 at 72
    bed.drives(1_000)
    assert not bed.sent(ChangeRate), "by the lower end, the first step is not complete"
    bed.drives(1_005)
    assert raised(bed.sent(ChangeRate)) == [(54_000, When.AFTER_COMMIT)]
    bed.done(Drive.INFUSING, rate=54_000, infused_ul=1_006)
    assert bed.infusion().granted_ul_per_h == 54_000
    assert bed.infusion().step == 1


def test_a_step_up_of_a_drug_asks_and_waits_at_the_present_rate_for_its_tap() -> None:
    bed = running("FM-3H")
    bed.drives(2_110)
    assert not bed.sent(ChangeRate)
    assert bed.alarm(Condition.STEP_DUE)
    bed.drives(2_300)
    assert bed.infusion().granted_ul_per_h == 4_200
    bed.tap()
    assert raised(bed.sent(ChangeRate)) == [(5_600, When.AFTER_COMMIT)]
    assert bed.alarm(Condition.STEP_DUE) is None


def test_waiting_shifts_the_rest_and_catches_nothing_up() -> None:
    bed = running("FM-3H")  # 2.1 mL, 2.8 mL, 17.5 mL
    bed.drives(2_110)
    bed.drives(2_400)
    bed.tap()
    bed.done(Drive.INFUSING, rate=5_600, infused_ul=2_401)
    bed.drives(4_890)
    assert bed.alarm(Condition.STEP_DUE) is None, "the boundary lies at 4.9 mL in all"
    bed.drives(4_910)
    assert bed.alarm(Condition.STEP_DUE)
    assert bed.infusion().total_nl == 22_400_000


def test_a_tap_before_the_step_is_due_does_nothing() -> None:
    bed = running("FM-3H")
    bed.drives(1_000)
    bed.tap()
    assert ReasonCode.NO_STEP_DUE in bed.refusals
    assert not bed.sent(ChangeRate)


def test_a_due_step_is_told_again_after_a_pause() -> None:
    bed = running("FM-3H")
    bed.drives(2_110)
    bed.paused(2_110)
    assert bed.alarm(Condition.STEP_DUE) is None
    bed.resumes()
    bed.drives(3)
    assert bed.alarm(Condition.STEP_DUE)


def test_an_automatic_step_up_waits_while_the_journal_is_down_and_goes_when_it_is_back() -> None:
    bed = running()
    bed.journal(ok=False)
    bed.drives(1_005)
    assert not bed.sent(ChangeRate)
    bed.journal(ok=True)
    bed.drives(1_010)
    assert raised(bed.sent(ChangeRate)) == [(54_000, When.AFTER_COMMIT)]


def test_an_automatic_step_up_waits_while_a_high_alarm_is_unseen() -> None:
    bed = running()
    bed.flows(90)
    bed.boot()
    bed.connect()
    bed.drives(905)
    assert bed.phase() is Phase.INFUSING
    bed.drives(1_005)
    assert bed.alarm(Condition.STEP_DUE), "after a restart even an automatic step waits for a tap"
    assert not bed.sent(ChangeRate)


def test_a_step_down_needs_nobody() -> None:
    bed = running()
    bed.drives(1_005)
    bed.done(Drive.INFUSING, rate=54_000, infused_ul=1_006)
    bed.rate(40_000)
    bed.done(Drive.INFUSING, rate=40_000, infused_ul=1_007)
    bed.drives(2_510)
    assert bed.alarm(Condition.STEP_DUE), "72 mL/h is a rise from 40"
    assert not bed.sent(ChangeRate)


# --- titration ----------------------------------------------------------------------------------------------------


def test_down_is_free_and_leaves_at_once() -> None:
    bed = running()
    bed.rate(20_000)
    assert raised(bed.sent(ChangeRate)) == [(20_000, When.NOW)]
    bed.done(Drive.INFUSING, rate=20_000)
    look = bed.look()
    assert (look.asked_ul_per_h, look.granted_ul_per_h) == (20_000, 20_000)


@pytest.mark.requirement("FLOW-02")
def test_up_again_at_most_to_what_was_confirmed() -> None:
    bed = running()
    bed.rate(20_000)
    bed.done(Drive.INFUSING, rate=20_000)
    bed.rate(36_001)
    assert ReasonCode.RISE_NOT_CONFIRMED_UL_PER_H in bed.refusals
    bed.rate(36_000)
    assert raised(bed.sent(ChangeRate)) == [(36_000, When.AFTER_COMMIT)]


def test_a_raise_needs_a_person_and_a_decrease_does_too() -> None:
    bed = running()
    bed.rate(20_000, actor=None)
    assert bed.refusals == {ReasonCode.NOT_SIGNED_IN}


@pytest.mark.parametrize("rate", [0, -1, 1, 36_000])
@pytest.mark.requirement("FLOW-01")
def test_a_rate_that_the_pump_cannot_do_or_has_already_is_refused(rate: int) -> None:
    bed = running()
    bed.rate(rate)
    assert bed.reply is not None
    assert not bed.reply.accepted
    assert not bed.sent(ChangeRate)


@pytest.mark.requirement("LOG-06")
def test_the_journal_down_refuses_rises_and_nothing_else() -> None:
    bed = running()
    bed.journal(ok=False)
    assert bed.alarm(Condition.JOURNAL_DOWN, None)
    bed.rate(20_000)
    bed.done(Drive.INFUSING, rate=20_000)
    assert bed.infusion().granted_ul_per_h == 20_000
    bed.rate(30_000)
    assert bed.refusals == {ReasonCode.JOURNAL_DOWN}
    bed.drives(100)
    assert bed.phase() is Phase.INFUSING
    bed.stop()
    assert bed.sent(Stop)
    bed.stop_confirmed(infused_ul=101)
    bed.resume()
    assert ReasonCode.JOURNAL_DOWN in bed.refusals
    bed.journal(ok=True)
    assert bed.alarm(Condition.JOURNAL_DOWN, None) is None
    bed.resume()
    assert bed.phase() is Phase.CHECKING


def test_a_journal_that_fails_during_the_check_starts_nothing() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start()
    prepare = bed.last
    bed.journal(ok=False)
    bed.last = prepare
    bed.prepared()
    assert not bed.sent(Start)
    assert bed.phase() is Phase.STOPPING


# --- what a lost reply makes of it --------------------------------------------------------------------------------


@pytest.mark.requirement("CMD-04")
def test_a_lost_decrease_is_sent_again() -> None:
    bed = running()
    bed.rate(20_000)
    bed.ends(Unknown(detail="no reply"))
    assert bed.phase() is Phase.UNCERTAIN
    bed.drives(10, rate=36_000)
    assert bed.phase() is Phase.INFUSING
    assert raised(bed.sent(ChangeRate)) == [(20_000, When.NOW)]
    assert bed.infusion().granted_ul_per_h == 36_000, "granted is what was read back"


@pytest.mark.requirement("CMD-04")
def test_a_lost_raise_is_not_sent_again() -> None:
    bed = running()
    bed.rate(20_000)
    bed.done(Drive.INFUSING, rate=20_000)
    bed.rate(30_000)
    bed.ends(Unknown(detail="no reply"))
    bed.drives(10, rate=20_000)
    assert bed.phase() is Phase.INFUSING
    assert not bed.sent(ChangeRate)
    assert not [effect for effect in bed.ticks(3) if isinstance(effect, ChangeRate)]
    assert bed.infusion().rate_ul_per_h == 20_000


@pytest.mark.parametrize("rate", [20_000, 36_000])
def test_a_lost_reply_to_a_change_that_did_happen_is_found_by_read_back(rate: int) -> None:
    bed = running()
    bed.rate(25_000)
    bed.done(Drive.INFUSING, rate=25_000)
    bed.rate(rate)
    bed.ends(Unknown(detail="no reply"))
    bed.drives(10, rate=rate)
    assert bed.phase() is Phase.INFUSING
    assert bed.infusion().granted_ul_per_h == rate


@pytest.mark.parametrize("outcome", [Refused(detail="?OOR"), Overtaken()])
def test_a_raise_that_did_not_happen_leaves_the_rate(outcome: Refused | Overtaken) -> None:
    bed = running()
    bed.rate(20_000)
    bed.done(Drive.INFUSING, rate=20_000)
    bed.rate(30_000)
    bed.ends(outcome)
    assert bed.phase() is Phase.INFUSING
    assert (bed.infusion().rate_ul_per_h, bed.infusion().granted_ul_per_h) == (20_000, 20_000)


def test_a_decrease_that_the_pump_refuses_is_a_stop() -> None:
    bed = running()
    bed.rate(20_000)
    bed.ends(Refused(detail="?OOR"))
    assert bed.phase() is Phase.STOPPING
    assert bed.alarm(Condition.RATE_DIFFERS)


@pytest.mark.requirement("CMD-05")
def test_a_read_back_that_is_neither_is_a_stop() -> None:
    bed = running()
    bed.rate(20_000)
    bed.done(Drive.INFUSING, rate=25_000)
    assert bed.phase() is Phase.STOPPING
    assert bed.alarm(Condition.RATE_DIFFERS)


def test_looks_during_a_change_may_show_either_rate_and_no_other() -> None:
    bed = running()
    bed.rate(20_000)
    bed.drives(5, rate=36_000)
    bed.drives(8, rate=20_000)
    assert bed.phase() is Phase.INFUSING
    bed.drives(10, rate=50_000)
    assert bed.phase() is Phase.STOPPING


def test_nothing_is_settled_while_a_raise_may_still_be_on_its_way() -> None:
    bed = running()
    bed.rate(20_000)
    bed.done(Drive.INFUSING, rate=20_000)
    bed.rate(30_000)
    bed.suspended(2)
    assert bed.phase() is Phase.UNCERTAIN
    bed.drives(20, rate=20_000)
    assert bed.phase() is Phase.UNCERTAIN
    bed.done(Drive.INFUSING, rate=30_000, infused_ul=21)
    bed.drives(25, rate=30_000)
    assert bed.phase() is Phase.INFUSING
    assert bed.infusion().granted_ul_per_h == 30_000


def test_an_old_start_that_may_still_leave_is_not_taken_for_a_stopped_pump() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start()
    bed.prepared()
    bed.suspended(2)
    bed.report(Drive.STILL)
    assert bed.phase() is Phase.UNCERTAIN, "the start still waits for the disk"
    bed.done(Drive.INFUSING)
    bed.drives(5)
    assert bed.phase() is Phase.INFUSING
