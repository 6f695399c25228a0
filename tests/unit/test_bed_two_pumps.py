"""Two pumps at one bed: one order of events, one truth for limits, and no pump that minds the other's trouble."""

from __future__ import annotations

from dataclasses import replace

from pumpd.core.bed import preview
from pumpd.core.codes import Condition, Phase, ReasonCode
from pumpd.core.effects import Stop
from pumpd.core.events import AlarmSeen, Unknown
from pumpd.core.pump import Drive
from pumpd.core.requests import AcknowledgeRequested, StartRequested, StopRequested
from pumpd.core.units import NG_PER_MG
from pumpd.testing.bed_story import NURSE, TOGETHER, BedStory, order_for


def bed_of_two() -> BedStory:
    bed = BedStory(slots=("p1", "p2"))
    bed.connect()
    bed.report(slot="p1")
    bed.report(slot="p2")
    return bed


def total_codes(bed: BedStory, slot: str, regimen: str, day: int = 1) -> set[ReasonCode]:
    found = preview(bed.state, slot, order_for(regimen, day=day), bed.setup, bed.now_ns).grant
    return {reason.code for reason in found.reasons if not found.allowed}


def test_stop_all_stops_both_from_anybody() -> None:
    bed = bed_of_two()
    bed.runs("TRAIN-5MIN", slot="p1")
    bed.runs("TRAIN-30S", slot="p2")
    bed.stop(None)
    assert [effect.slot for effect in bed.last.effects if isinstance(effect, Stop)] == ["p1", "p2"]
    assert (bed.phase("p1"), bed.phase("p2")) == (Phase.STOPPING, Phase.STOPPING)
    bed.stop_confirmed(slot="p2")
    assert (bed.phase("p1"), bed.phase("p2")) == (Phase.STOPPING, Phase.STOPPED)


def test_stop_of_one_leaves_the_other_alone() -> None:
    bed = bed_of_two()
    bed.runs(slot="p1")
    bed.runs(slot="p2")
    bed.stop("p1")
    assert bed.phase("p2") is Phase.INFUSING
    bed.stop_ends(Unknown(detail="no reply"), "p1")
    bed.drives(10, slot="p2")
    assert bed.phase("p2") is Phase.INFUSING


def test_a_fault_of_one_pump_never_disturbs_the_other() -> None:
    """F14: an error on one channel stopped all of them."""
    bed = bed_of_two()
    bed.runs(slot="p1")
    bed.report(Drive.INFUSING, slot="p2", rate=9_000)
    assert bed.phase("p2") is Phase.FAULT
    bed.drives(10, slot="p1")
    assert bed.phase("p1") is Phase.INFUSING
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE, "p1") is None


def test_the_same_drug_on_two_pumps_counts_together() -> None:
    """CRPS-OP10 gives up to 100 mg a session: what the first pump is committed to give leaves no room for another."""
    bed = bed_of_two()
    assert total_codes(bed, "p2", "CRPS-OP10", 10) == set()
    bed.runs("CRPS-OP10", slot="p1", day=10)
    bed.drives(5, slot="p1")
    assert total_codes(bed, "p2", "CRPS-OP10", 10) == {
        ReasonCode.CAP_TOTAL_UG,
        ReasonCode.ROLLING_HOUR_UG,
        ReasonCode.SAME_DRUG_RUNNING,
    }


def test_saline_beside_a_drug_is_another_matter() -> None:
    bed = bed_of_two()
    bed.runs("FM-3H", slot="p1")
    bed.runs("TRAIN-5MIN", slot="p2")
    assert bed.phase("p2") is Phase.INFUSING


def test_what_is_given_running_and_committed_elsewhere_is_one_sum() -> None:
    """At any moment of the first pump's infusion, the second pump's review sees the whole of it."""
    bed = bed_of_two()
    bed.runs("CRPS-OP10", slot="p1", day=10)
    whole = None
    for _ in range(200):  # more than three checkpoints, and looks between them
        counter = bed.pump("p1").sighting.readings[-1].infused_nl // 1_000
        bed.drives(counter + 1, slot="p1", after_s=0.5)
        reasons = preview(bed.state, "p2", order_for("CRPS-OP10", day=10), bed.setup, bed.now_ns).grant.reasons
        asked = next(reason.asked for reason in reasons if reason.code is ReasonCode.CAP_TOTAL_UG)
        assert asked is not None
        whole = asked if whole is None else whole
        assert whole - 1 <= asked <= whole + 100, "nothing falls between what is told and what is to come"


def test_the_history_of_an_infusion_is_the_upper_end_of_its_interval() -> None:
    bed = bed_of_two()
    bed.runs("FM-3H", slot="p1")
    bed.runs("FM-3H", slot="p2", override=TOGETHER)
    bed.flows(65, slot="p1")
    for _ in range(5):
        bed.ticks(7)  # silence: doubt, and a wider interval on record
        assert bed.phase("p1") is Phase.UNCERTAIN
        bed.drives(bed.pump("p1").sighting.readings[-1].infused_nl // 1_000 + 8, slot="p1")
        assert bed.phase("p1") is Phase.INFUSING
    bed.paused(bed.pump("p1").sighting.readings[-1].infused_nl // 1_000, slot="p1")
    infusion = bed.infusion("p1")
    told_ng = sum(each.mass_ng for each in bed.state.history if each.infusion_id == infusion.infusion_id)
    in_ng = infusion.delivered.high_nl * infusion.programme.concentration_ug_per_ml // 1_000
    assert in_ng <= told_ng <= in_ng + len(bed.state.history), "rounded up stretch by stretch, and nothing twice"
    assert told_ng < NG_PER_MG


def test_a_titration_up_is_judged_with_what_the_other_pump_was_granted_meanwhile() -> None:
    """Wall 10: the second pump was reviewed while the first ran slower than confirmed."""
    bed = bed_of_two()
    bed.runs("FM-3H", slot="p1")
    bed.rate(2_100, "p1")
    bed.done(Drive.INFUSING, slot="p1", rate=2_100)
    before = bed.state
    bed.rate(4_200, "p1")
    assert bed.reply is not None
    assert bed.reply.accepted
    bed.state = bed.kept = before
    infusion = bed.infusion("p1")
    assert infusion.entry is not None
    infusion = replace(infusion, entry=replace(infusion.entry, rolling_hour_ug_per_kg=100))
    bed.state = bed.kept = before.with_pump(replace(bed.pump("p1"), infusion=infusion))
    bed.rate(4_200, "p1")
    assert ReasonCode.ROLLING_HOUR_UG_PER_KG in bed.refusals


def test_acknowledging_on_one_pump_leaves_the_others_alarm() -> None:
    bed = bed_of_two()
    for slot in ("p1", "p2"):
        bed.report(Drive.INFUSING, slot=slot, rate=9_000)
    bed.acknowledge(Condition.UNCOMMANDED_DRIVE, "p1")
    for slot in ("p1", "p2"):
        bed.report(slot=slot)
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE, "p1") is None
    alarm = bed.alarm(Condition.UNCOMMANDED_DRIVE, "p2")
    assert alarm is not None
    assert not alarm.acknowledged


def test_a_slot_that_this_bed_does_not_have() -> None:
    bed = bed_of_two()
    before = bed.state
    bed.take(StopRequested(at_ns=bed.now_ns, request_id="x", actor=None, slot="p9"))
    assert bed.refusals == {ReasonCode.NO_SUCH_SLOT}
    order = order_for("TRAIN-30S")
    bed.take(StartRequested(at_ns=bed.now_ns, request_id="y", actor=NURSE, slot="p9", order=order, digest=""))
    assert bed.refusals == {ReasonCode.NO_SUCH_SLOT}
    bed.report(slot="p9") if bed.state.pump("p9") else None
    assert bed.state == before


def test_an_alarm_of_a_slot_that_was_taken_away_goes_with_it() -> None:
    bed = bed_of_two()
    bed.report(Drive.INFUSING, slot="p2", rate=9_000)
    alarm = bed.alarm(Condition.UNCOMMANDED_DRIVE, "p2")
    assert alarm is not None
    bed.setup = type(bed.setup)(
        rules=bed.setup.rules, pumps=bed.setup.pumps[:1], worst_cycle_ms=bed.setup.worst_cycle_ms,
        resume_limit_s=900, training=True,
    )  # fmt: skip
    bed.boot()
    bed.take(AcknowledgeRequested(at_ns=bed.now_ns, request_id="z", actor=NURSE, alarm_id=alarm.alarm_id))
    assert bed.refusals == {ReasonCode.NO_SUCH_ALARM}


def test_an_alarm_frame_of_one_pump_stops_that_one() -> None:
    from pumpd.core.pump import PumpAlarm

    bed = bed_of_two()
    bed.runs(slot="p1")
    bed.runs(slot="p2")
    bed.take(AlarmSeen(at_ns=bed.now_ns, slot="p2", alarm=PumpAlarm.STALL))
    assert (bed.phase("p1"), bed.phase("p2")) == (Phase.INFUSING, Phase.STOPPING)
