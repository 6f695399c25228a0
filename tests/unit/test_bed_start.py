"""A start: who may, what stands against it, and that only the pump's own report makes it an infusion."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.actor import Actor
from pumpd.core.codes import Condition, Phase, ReasonCode
from pumpd.core.effects import Prepare, Start, Stop, When
from pumpd.core.events import Done, LinkState, Overtaken, Refused, Unknown
from pumpd.core.people import Role
from pumpd.core.pump import Drive, Granted, PumpAlarm
from pumpd.core.requests import StartRequested
from pumpd.testing.bed_story import NURSE, STEP_NL, BedStory, order_for


def ready(**kwargs: int) -> BedStory:
    bed = BedStory(**kwargs)  # type: ignore[arg-type]  # cycle_ms alone
    bed.connect()
    bed.report()
    return bed


def test_a_start_goes_through_checking_and_starting_to_infusing_by_report() -> None:
    bed = ready()
    bed.start("TRAIN-5MIN")
    assert bed.phase() is Phase.CHECKING
    (prepare,) = bed.sent(Prepare)
    assert (prepare.remaining.rate_ul_per_h, prepare.remaining.volume_nl) == (36_000, 4_500_000)
    assert prepare.remaining.lease_s == bed.infusion().programme.lease_s
    assert not bed.sent(Start)
    bed.prepared()
    assert bed.phase() is Phase.STARTING
    (start,) = bed.sent(Start)
    assert start.when is When.AFTER_COMMIT
    bed.done(Drive.INFUSING)
    assert bed.phase() is Phase.INFUSING


def test_until_the_first_reading_there_is_room_for_a_rollers_first_stroke() -> None:
    """Which comes sooner than at the mean rate: seeds 2 and 5 of the bag pump had 0.95 uL more in than was stated."""
    bed = ready()
    bed.start("TRAIN-5MIN")
    bed.prepared()
    assert bed.look().delivered.high_nl == 0
    bed.wait(0.2)
    at_the_mean_rate_nl = 36_000 * 1_000 * 2 // 36_000  # of 0.2 s
    assert bed.look().delivered.low_nl == 0
    assert bed.look().delivered.high_nl >= at_the_mean_rate_nl + STEP_NL
    bed.done(Drive.INFUSING, infused_ul=2)
    assert bed.look().delivered.high_nl < at_the_mean_rate_nl + 3 * STEP_NL, (
        "by its own step the counter makes room, once"
    )


def test_a_start_that_is_done_but_stands_still_is_no_infusion() -> None:
    bed = ready()
    bed.start()
    bed.prepared()
    bed.done(Drive.STILL)
    assert bed.phase() is Phase.STOPPING
    assert bed.sent(Stop)
    assert bed.alarm(Condition.START_FAILED)


def test_a_look_under_way_while_the_start_is_does_not_settle_it() -> None:
    bed = ready()
    bed.start()
    bed.prepared()
    bed.report(Drive.STILL)
    assert bed.phase() is Phase.STARTING
    bed.done(Drive.INFUSING)
    assert bed.phase() is Phase.INFUSING


def test_a_refused_start_is_stopped_to_be_sure() -> None:
    bed = ready()
    bed.start()
    bed.prepared()
    bed.ends(Refused(detail="?NA"))
    assert bed.phase() is Phase.STOPPING
    assert bed.sent(Stop)
    assert bed.alarm(Condition.START_FAILED)


@pytest.mark.requirement("CMD-04")
def test_an_unknown_start_is_never_sent_again_and_the_pump_decides() -> None:
    bed = ready()
    bed.start()
    bed.prepared()
    bed.ends(Unknown(detail="no reply"))
    assert bed.phase() is Phase.UNCERTAIN
    assert not [effect for effect in bed.ticks(3) if isinstance(effect, Start)]
    bed.drives(20)
    assert bed.phase() is Phase.INFUSING


def test_an_unknown_start_that_did_not_happen_is_stopped() -> None:
    bed = ready()
    bed.start()
    bed.prepared()
    bed.ends(Unknown(detail="no reply"))
    bed.report(Drive.STILL)
    assert bed.phase() is Phase.STOPPING
    assert bed.sent(Stop)
    assert bed.alarm(Condition.START_FAILED)


@pytest.mark.parametrize("outcome", [Refused(detail="?OOR"), Unknown(detail="silent"), Overtaken(), Done()])
def test_a_check_that_does_not_end_well_starts_nothing(outcome: Refused | Unknown | Overtaken | Done) -> None:
    bed = ready()
    bed.start()
    bed.ends(outcome)
    assert bed.phase() is Phase.STOPPING
    assert not bed.sent(Start)
    bed.stop_confirmed()
    assert bed.phase() is Phase.STOPPED


@pytest.mark.parametrize(
    ("field", "value"), [("rate_ul_per_h", 36_001), ("volume_nl", 4_501_000), ("volume_nl", 4_000_000), ("lease_s", 99)]
)
@pytest.mark.requirement("CMD-05")
def test_a_read_back_that_differs_starts_nothing(field: str, value: int) -> None:
    bed = ready()
    bed.start()
    (prepare,) = bed.sent(Prepare)
    sent = prepare.remaining
    read = Granted(
        rate_ul_per_h=sent.rate_ul_per_h, volume_nl=sent.volume_nl, lease_s=sent.lease_s, infused_nl=0, step_nl=1_000
    )
    bed.ends(Done(granted=replace(read, **{field: value})))
    assert bed.phase() is Phase.STOPPING
    assert not bed.sent(Start)
    assert bed.alarm(Condition.RATE_DIFFERS)


def test_nobody_and_technicians_start_nothing() -> None:
    bed = ready()
    bed.start(actor=None)
    assert ReasonCode.NOT_SIGNED_IN in bed.refusals
    bed.start(actor=Actor(person="admin", role=Role.TECHNICIAN))
    assert ReasonCode.ROLE_MAY_NOT in bed.refusals
    assert bed.phase() is Phase.IDLE


def test_a_review_that_is_no_longer_true_starts_nothing() -> None:
    bed = ready()
    order = order_for("TRAIN-5MIN")
    bed.take(
        StartRequested(
            at_ns=bed.now_ns, request_id="r", actor=NURSE, slot="p1", order=order, digest="what another review said"
        )
    )
    assert bed.refusals == {ReasonCode.REVIEW_CHANGED}


def test_a_second_start_on_the_same_pump_is_refused() -> None:
    bed = ready()
    bed.runs()
    bed.start()
    assert ReasonCode.WRONG_PHASE in bed.refusals
    assert bed.phase() is Phase.INFUSING


def test_a_start_is_refused_while_the_pump_is_unknown_away_or_in_alarm() -> None:
    bed = BedStory()
    bed.start()
    assert ReasonCode.LINK_DOWN in bed.refusals
    bed.connect()
    bed.start()
    assert ReasonCode.PUMP_UNKNOWN in bed.refusals
    bed.report(alarm=PumpAlarm.STALL)
    bed.start()
    assert ReasonCode.PUMP_IN_ALARM in bed.refusals
    bed.report()
    bed.link(LinkState.SILENT)
    bed.start()
    assert ReasonCode.LINK_DOWN in bed.refusals
    bed.link(LinkState.UP)
    bed.start()
    assert bed.phase() is Phase.CHECKING


def test_a_start_is_refused_when_three_worst_cycles_of_the_bus_outlast_the_lease() -> None:
    bed = ready()
    bed.start("TRAIN-5MIN")
    lease_s = bed.infusion().programme.lease_s
    assert lease_s is not None
    just = lease_s * 1_000 // 3
    slow = ready(cycle_ms=just + 1)
    slow.start("TRAIN-5MIN")
    assert slow.refusals == {ReasonCode.BUS_CYCLE_MS}
    fast = ready(cycle_ms=just)
    fast.start("TRAIN-5MIN")
    assert fast.phase() is Phase.CHECKING


@pytest.mark.requirement("FLOW-13")
def test_an_infusion_ends_only_by_the_pumps_own_report_at_its_volume() -> None:
    bed = ready()
    bed.runs("TRAIN-30S")  # 1 mL at 120 mL/h
    bed.flows(29)
    bed.wait(120)
    assert bed.phase() is Phase.INFUSING, "time alone ends nothing"
    bed.report(Drive.STILL, infused_ul=1_000)
    assert bed.phase() is Phase.ENDED
    assert bed.look().delivered.low_nl <= 1_000_000 <= bed.look().delivered.high_nl
    assert bed.alarm(Condition.ENDED)
    bed.start("TRAIN-30S")
    assert bed.phase() is Phase.CHECKING
    assert bed.alarm(Condition.ENDED) is None


def test_a_pump_that_stands_still_before_its_volume_is_stopped_not_ended() -> None:
    bed = ready()
    bed.runs("TRAIN-30S")
    bed.report(Drive.STILL, infused_ul=600)
    assert bed.phase() is Phase.STOPPED
    assert bed.alarm(Condition.STOPPED_AT_PUMP)


def test_a_stop_pressed_as_the_volume_comes_in_is_the_end() -> None:
    bed = ready()
    bed.runs("TRAIN-30S")
    bed.flows(29)
    bed.stop()
    bed.stop_confirmed(infused_ul=1_000)
    assert bed.phase() is Phase.ENDED


@pytest.mark.requirement("LEASE-04")
def test_the_next_look_is_asked_for_only_after_the_last_was_taken_in() -> None:
    bed = ready()
    bed.runs()
    bed.tick(0.6)
    assert bed.asks_to_look()
    bed.ticks(3)
    assert not bed.asks_to_look(), "the last look has not come back"
    bed.drives(30)
    bed.tick(0.6)
    assert bed.asks_to_look()


def test_a_raise_that_waits_for_the_disk_does_not_keep_the_lease_from_being_renewed() -> None:
    bed = ready()
    bed.runs("TRAIN-5MIN")
    bed.rate(30_000)
    bed.done(Drive.INFUSING, rate=30_000)
    bed.rate(36_000)
    assert bed.pump().command is not None
    bed.tick(0.6)
    assert bed.asks_to_look()


def test_a_look_that_began_before_the_start_is_believed_for_its_alarm_alone() -> None:
    bed = ready()
    bed.runs()
    bed.report(Drive.STILL, alarm=PumpAlarm.STALL, ago_ms=60_000, after_s=0.2)
    assert bed.alarm(Condition.STALLED) is not None
    assert bed.phase() is Phase.STOPPING


def test_a_pump_that_refuses_a_command_because_of_an_alarm_is_heard() -> None:
    bed = ready()
    bed.runs()
    bed.rate(20_000)
    bed.ends(Refused(detail="?S stalled", alarm=PumpAlarm.STALL))
    assert bed.alarm(Condition.STALLED) is not None
    assert bed.phase() is Phase.STOPPING
