"""What a pump's own word makes of its infusion: the one entrance to INFUSING, STOPPED and ENDED.

`by_report` is where the third wall stands: it, and what it calls, is the only way into these three from a phase in
which the motor may turn. Having sent a command proves nothing; the naive rule left the pump running in 32 of
200 simulated runs. The phases and the ways between them stand at the top of phases.py.

Bad news is believed at once (an alarm frame stops), good news only as a whole: identity, counter and the rate
read back all have to fit what was confirmed, or the pump is stopped and somebody is told.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import alarms
from pumpd.core import facts as f
from pumpd.core import glimpses as g
from pumpd.core.alarm_table import TABLE, PumpAction
from pumpd.core.armed import count_purge, is_armed
from pumpd.core.battery import watch_battery
from pumpd.core.codes import AssetDoubt, CommandKind, Condition, Ending, Phase, Why
from pumpd.core.deviation import fell_back
from pumpd.core.doubting import beyond_reach, doubt
from pumpd.core.events import LinkState
from pumpd.core.lease import stands_in
from pumpd.core.look import believed, measured_now, motor_step_nl
from pumpd.core.new_rate import go_on
from pumpd.core.phases import change_rate, stop_now, to, trip
from pumpd.core.pump import Drive, DriverInfo, PumpAlarm, Report
from pumpd.core.state import Infusion, Leg, PumpState
from pumpd.core.turn import Turn
from pumpd.core.units import PPM
from pumpd.core.watch import QUESTION_AFTER_NS, follow_plan

AT_REST: Final = (Phase.IDLE, Phase.CHECKING, Phase.STOPPED, Phase.ENDED)


def alarmed(turn: Turn, slot: str, alarm: PumpAlarm) -> None:
    """The pump is in alarm: it stands still by its manual, but is stopped and looked at all the same."""
    phase = turn.pump(slot).phase
    if phase in (Phase.IDLE, Phase.ENDED) and alarm in (PumpAlarm.RESET, PumpAlarm.LEASE_EXPIRED):
        return  # a pump that was switched on, or was left alone: nobody's drug is in it
    condition = alarms.condition_of(alarm)
    if condition is not Condition.BATTERY_LOW:  # its stages are told by reports: battery.py
        alarms.raise_alarm(turn, condition, slot, detail=alarm.value)
    if alarm is PumpAlarm.RESET:
        doubt(turn, slot, AssetDoubt.POWER)
    if TABLE[condition].action(phase) is PumpAction.STOP:
        why = Why.PUMP_RESET if alarm is PumpAlarm.RESET else Why.PUMP_ALARM
        stop_now(turn, slot, why)


def by_report(turn: Turn, slot: str, report: Report) -> None:
    """The phase by the pump's own word: the one entrance to INFUSING, STOPPED and ENDED (wall 3)."""
    alarms.told_by_pump(turn, slot, report.alarm)
    watch_battery(turn, slot, report)
    if report.alarm is not None:
        alarmed(turn, slot, report.alarm)
    phase = turn.pump(slot).phase
    still = report.drive is Drive.STILL
    if phase in AT_REST or phase is Phase.FAULT:
        _at_rest(turn, slot, report.drive)
    elif phase is Phase.STOPPING:
        if still:
            _close_stop(turn, slot)
            why = turn.pump(slot).why  # why it was stopped is worth more than that a report showed it
            if _volume_reached(turn, slot, report):
                _over(turn, slot, why, why)
            else:
                to(turn, slot, Phase.STOPPED, why, settled=True)
                go_on(turn, slot)
    elif phase in (Phase.STARTING, Phase.UNCERTAIN) and turn.pump(slot).command is not None:
        return  # a start or change that may still be on its way: nothing is settled before its end
    elif still:
        _stood_still(turn, slot, report)
    else:
        _drives(turn, slot, report)


def _close_stop(turn: Turn, slot: str) -> None:
    stop = turn.pump(slot).stop
    if stop is not None:
        turn.record(g.StopTried(at_ns=turn.now_ns, slot=slot, pending=False))
        turn.record(
            f.CommandClosed(
                at_ns=turn.now_ns, slot=slot, command_id=stop.command_id, command=CommandKind.STOP,
                ending=Ending.DONE,
            )
        )  # fmt: skip


def _at_rest(turn: Turn, slot: str, drive: Drive) -> None:
    """A pump that should stand still: if it does not, stop it, whoever started it; but a line is primed by a purge."""
    if drive is Drive.OTHER and not is_armed(turn.pump(slot)):
        return
    if drive is Drive.STILL:
        _close_stop(turn, slot)
        alarms.condition_over(turn, Condition.UNCOMMANDED_DRIVE, slot)
        _compare_at_rest(turn, slot)
        count_purge(turn, slot)
        return
    if turn.pump(slot).sighting.after_gap:
        doubt(turn, slot, AssetDoubt.STATE)
    count_purge(turn, slot)
    trip(turn, slot, Condition.UNCOMMANDED_DRIVE, Why.UNCOMMANDED)


def _compare_at_rest(turn: Turn, slot: str) -> None:
    """The last leg's counter at rest: what it adds went in between two looks, by somebody's hand at the pump."""
    pump = turn.pump(slot)
    if pump.phase not in (Phase.STOPPED, Phase.ENDED) or pump.infusion is None:
        return
    last = pump.sighting.last
    strange = pump.infusion.leg is not None and not believed(pump)
    if pump.sighting.after_gap and last is not None and (strange or beyond_reach(turn, slot, last)):
        doubt(turn, slot, AssetDoubt.COUNTER)
        pump = turn.pump(slot)
    if pump.infusion is None or not believed(pump):
        return
    counted = turn.counted(slot)
    if counted.low_nl > pump.infusion.delivered.high_nl:
        alarms.raise_alarm(turn, Condition.UNCOMMANDED_DRIVE, slot)
    if counted != pump.infusion.delivered:
        turn.record(f.Checkpoint(at_ns=turn.now_ns, slot=slot, delivered=counted))


def _volume_reached(turn: Turn, slot: str, report: Report) -> bool:
    """Is the leg's whole volume in, but for what the counter cannot resolve, or the plan's by the lower end?"""
    infusion = turn.infusion(slot)
    if infusion.leg is None or report.infused_nl is None:
        return False
    if turn.pump(slot).asset_doubt not in (None, AssetDoubt.SILENCE) or beyond_reach(turn, slot, report):
        return False  # perhaps another pump has reached something
    if report.infused_nl + report.step_nl >= infusion.leg.whole_nl:
        return True
    return turn.counted(slot).low_nl > infusion.total_nl  # the rest of a cut bolus is in the target, not in the plan


def _over(turn: Turn, slot: str, why: Why, why_container: Why) -> None:
    """The pump has given what it was programmed with: the plan is over, or only this container."""
    leg = turn.infusion(slot).leg
    if leg is not None and leg.ends_container:
        to(turn, slot, Phase.STOPPED, why_container, settled=True)
        alarms.raise_alarm(turn, Condition.CONTAINER_ENDED, slot)
    else:
        to(turn, slot, Phase.ENDED, why, settled=True)
        alarms.raise_alarm(turn, Condition.ENDED, slot)


def _ran_out(turn: Turn, slot: str, report: Report) -> bool:
    """Did it come to the target that stands in for a lease, because nobody moved it on in time?"""
    if stands_in(turn.setup.info(slot)) is None or report.infused_nl is None or report.target_nl is None:
        return False
    return report.infused_nl + report.step_nl >= report.target_nl


def _stood_still(turn: Turn, slot: str, report: Report) -> None:
    """It should drive (or we do not know), and it stands still."""
    if _volume_reached(turn, slot, report):
        _over(turn, slot, Why.VOLUME_REACHED, Why.CONTAINER_ENDED)
        return
    if _ran_out(turn, slot, report):
        alarmed(turn, slot, PumpAlarm.LEASE_EXPIRED)
        return
    pump = turn.pump(slot)
    if pump.phase is Phase.STARTING or pump.why is Why.COMMAND_UNKNOWN:
        trip(turn, slot, Condition.START_FAILED, Why.REPORTED_STILL)
        return
    if not _counter_fits(turn, slot, report):
        doubt(turn, slot, AssetDoubt.COUNTER)
        trip(turn, slot, Condition.PUMP_RESET, Why.PUMP_RESET)
        return
    if pump.sighting.after_gap:
        doubt(turn, slot, AssetDoubt.STATE)
    alarms.raise_alarm(turn, Condition.STOPPED_AT_PUMP, slot)
    to(turn, slot, Phase.STOPPED, Why.REPORTED_STILL, settled=True)


def _counter_fits(turn: Turn, slot: str, report: Report) -> bool:
    """Does the counter lie where this leg may have brought it? A reset or another pump's does not."""
    infusion = turn.infusion(slot)
    if report.infused_nl is None:  # of a pump without a target, by which nobody would know the end
        return turn.setup.info(slot).stops_at_volume
    if infusion.leg is None:
        return False
    slack_nl = report.step_nl + motor_step_nl(turn.setup.info(slot), infusion.programme.syringe_diameter_um)
    if beyond_reach(turn, slot, report):
        return False
    return believed(turn.pump(slot)) and report.infused_nl <= infusion.leg.whole_nl + slack_nl


def _drives(turn: Turn, slot: str, report: Report) -> None:
    """It drives while it should, or while nobody knew: as confirmed, or not at all."""
    pump, infusion = turn.pump(slot), turn.infusion(slot)
    granted = infusion.granted_ul_per_h
    if report.drive is Drive.OTHER:
        trip(turn, slot, Condition.UNCOMMANDED_DRIVE, Why.DEVIATION)
        return
    if pump.phase is Phase.UNCERTAIN and report.infused_nl is None and turn.setup.info(slot).stops_at_volume:
        return  # its totals are to decide, and it tells none
    if not _counter_fits(turn, slot, report):
        doubt(turn, slot, AssetDoubt.COUNTER)
        condition = Condition.OVER_INFUSION if pump.phase is Phase.INFUSING else Condition.RATE_DIFFERS
        if report.infused_nl is None:
            condition = Condition.PUMP_RESET
        if pump.phase is Phase.INFUSING and report.infused_nl is not None:
            condition = fell_back(turn, slot, report.infused_nl) or condition
        trip(turn, slot, condition, Why.DEVIATION, value=report.infused_nl)
        return
    if infusion.leg is not None and not _target_fits(infusion.leg, turn.setup.info(slot), report):
        trip(turn, slot, Condition.TARGET_DIFFERS, Why.DEVIATION)
        return
    rate = rate_told(infusion, report)
    pending, sure = pump.command, True
    if rate is None and pump.phase is Phase.UNCERTAIN:
        fits = _rates_by_totals(turn, slot)
        if fits is None:
            return
        rate, sure = max(fits, default=0), len(fits) == 1
    allowed = (granted, infusion.rate_ul_per_h) if pump.phase is Phase.UNCERTAIN or pending else (granted,)
    if _lowered_at_its_keys(pump, granted, rate):
        turn.record(f.StepsByTap(at_ns=turn.now_ns, slot=slot))
        alarms.raise_alarm(turn, Condition.RATE_LOWERED_AT_PUMP, slot, value=rate)
    elif (rate is not None and rate not in allowed) or infusion.leg is None:
        if pump.sighting.after_gap:
            doubt(turn, slot, AssetDoubt.RATE)
        trip(turn, slot, Condition.RATE_DIFFERS, Why.DEVIATION, value=rate)
        return
    if pump.phase is Phase.INFUSING and pending is not None:
        return  # the end of the change settles the rate
    if pump.phase is Phase.UNCERTAIN and pump.link is not LinkState.UP:
        return  # good news from a pump that has not named itself since
    fall_again = infusion.rate_ul_per_h if rate is not None and sure and rate > infusion.rate_ul_per_h else None
    if rate is not None and (rate != granted or rate != infusion.rate_ul_per_h):
        turn.record(
            f.RateGranted(
                at_ns=turn.now_ns, slot=slot, asked_ul_per_h=rate, granted_ul_per_h=rate,
                delivered=turn.delivered(slot),
            )
        )  # fmt: skip
    if pump.phase is not Phase.INFUSING:
        if pump.phase is Phase.UNCERTAIN and pump.why is Why.RESTART:
            alarms.raise_alarm(turn, Condition.RESTARTED, slot)
        to(turn, slot, Phase.INFUSING, Why.REPORTED_DRIVING)
    if fall_again is not None:
        change_rate(turn, slot, fall_again)  # a decrease whose outcome was unknown did not happen: falling is free
        return
    follow_plan(turn, slot)


def _lowered_at_its_keys(pump: PumpState, granted: int | None, rate: int | None) -> bool:
    """Somebody made it slower at the pump while we were looking on: falling is free, and is told (wall 9)."""
    seen_all_along = pump.phase is Phase.INFUSING and pump.command is None and not pump.sighting.after_gap
    return seen_all_along and granted is not None and rate is not None and 0 < rate < granted


def _target_fits(leg: Leg, info: DriverInfo, report: Report) -> bool:
    """The volume target as it was read back at the prepare; one that stands in for a lease moves up to the whole."""
    if report.target_nl is None:
        return True
    if stands_in(info) is not None:
        return report.target_nl <= leg.whole_nl
    return report.target_nl == leg.granted.volume_nl


def rate_told(infusion: Infusion, report: Report) -> int | None:
    """The rate by the pump's own read-back, or None where that proves nothing.

    A firmware that tells the stored rate goes on telling the prepared one whatever was set since: the prepared one
    is then no answer, unless nothing else was ever confirmed.
    """
    if infusion.leg is None or not report.rate_may_be_stored:
        return report.rate_ul_per_h
    prepared = infusion.leg.granted.rate_ul_per_h
    nothing_else = prepared == infusion.granted_ul_per_h == infusion.rate_ul_per_h
    return None if report.rate_ul_per_h == prepared and not nothing_else else report.rate_ul_per_h


def _rates_by_totals(turn: Turn, slot: str) -> tuple[int, ...] | None:
    """Which of the confirmed rates it may be running at, where no read-back tells: the counter knows, in seconds.

    None while it could still be either. Two rates so close that the counter cannot part them in 15 s come back both;
    the higher one then counts, and what it really gives is watched like any other.
    """
    pump, infusion = turn.pump(slot), turn.infusion(slot)
    since = tuple(each for each in pump.sighting.readings if each.asked_at_ns >= pump.phase_since_ns)
    measured = measured_now(since)
    if measured is None:
        return None
    least = measured.rate_ul_per_h - measured.uncertainty_ul_per_h
    most = measured.rate_ul_per_h + measured.uncertainty_ul_per_h
    slack_ppm = turn.setup.info(slot).accuracy_ppm
    asked, granted = infusion.rate_ul_per_h, infusion.granted_ul_per_h
    candidates = (asked,) if granted in (None, asked) else (asked, granted)
    fits = tuple(
        each
        for each in candidates
        if least * PPM <= each * (PPM + slack_ppm) and each * (PPM - slack_ppm) <= most * PPM
    )
    if len(fits) > 1 and turn.now_ns - pump.phase_since_ns < QUESTION_AFTER_NS:
        return None
    return fits
