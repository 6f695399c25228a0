"""What a pump's reports and silences and the ends of its commands make of its infusion.

`_by_report` is where the third wall stands: it, and what it calls, is the only way into INFUSING, STOPPED and ENDED
from a phase in which the motor may turn. Having sent a command proves nothing; the naive rule left the pump
running in 32 of 200 simulated runs. The phases and the ways between them stand at the top of phases.py.

Bad news is believed at once (an alarm frame stops), good news only as a whole: identity, counter and the rate
read back all have to fit what was confirmed, or the pump is stopped and somebody is told.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import alarms
from pumpd.core import facts as f
from pumpd.core.codes import CommandKind, Condition, Ending, Phase, Why
from pumpd.core.effects import Start
from pumpd.core.look import believed, measured_now, motor_step_nl
from pumpd.core.phases import change_rate, send_stop, stop_now, to
from pumpd.core.pump import Drive, PumpAlarm, Report
from pumpd.core.requests import (
    AlarmSeen,
    CommandEnded,
    Done,
    LinkReported,
    LinkState,
    Overtaken,
    PumpIdentified,
    PumpReported,
    PumpSilent,
    Refused,
    Unknown,
)
from pumpd.core.turn import Turn
from pumpd.core.units import PPM
from pumpd.core.watch import QUESTION_AFTER_NS, follow_plan

AT_REST: Final = (Phase.IDLE, Phase.CHECKING, Phase.STOPPED, Phase.ENDED)
VOLUME_GRID_NL: Final = 100_000  # coarsest step of a volume target: 0.1 mL with four digits above 100 mL


# --- what the bus brings ------------------------------------------------------------------------------------


def on_link(turn: Turn, request: LinkReported) -> None:
    """A change of the link; silence while infusing is judged by age, in watch.py."""
    pump = turn.pump(request.slot)
    if pump.link is not request.link or pump.link_detail != request.detail:
        turn.record(f.LinkWent(at_ns=turn.now_ns, slot=request.slot, link=request.link.value, detail=request.detail))
    if request.link is LinkState.UP:
        alarms.condition_over(turn, Condition.LINK_LOST, request.slot)


def on_identified(turn: Turn, request: PumpIdentified) -> None:
    """A pump said who it is. Another one than before inherits nothing."""
    slot, pump = request.slot, turn.pump(request.slot)
    changed = pump.identified not in (None, request.identified)
    if changed and pump.phase not in (Phase.IDLE, Phase.ENDED, Phase.FAULT):
        alarms.raise_alarm(turn, Condition.PUMP_CHANGED, slot, detail=request.identified.model)
        to(turn, slot, Phase.FAULT, Why.PUMP_CHANGED)  # first, while what was seen of the old one still counts
        send_stop(turn, slot)
    turn.record(f.PumpRecognised(at_ns=turn.now_ns, slot=slot, identified=request.identified))


def on_silent(turn: Turn, request: PumpSilent) -> None:
    """A look that showed nothing; age and lease are judged on the next tick."""
    turn.record(f.Missed(at_ns=turn.now_ns, slot=request.slot))


def on_alarm_seen(turn: Turn, request: AlarmSeen) -> None:
    """An unrequested alarm: believed at once as far as it is bad news, settled by the next report."""
    _alarmed(turn, request.slot, request.alarm)


def on_reported(turn: Turn, request: PumpReported) -> None:
    """One look at the pump. One that began before the phase did may show what was before it: only alarms count."""
    slot, report = request.slot, request.report
    turn.record(f.Seen(at_ns=request.at_ns, slot=slot, asked_at_ns=request.asked_at_ns, report=report))
    alarms.condition_over(turn, Condition.LINK_LOST, slot)
    if request.asked_at_ns >= turn.pump(slot).phase_since_ns:
        _by_report(turn, slot, report)
    elif report.alarm is not None:
        _alarmed(turn, slot, report.alarm)


def on_command_ended(turn: Turn, request: CommandEnded) -> None:
    """Every command ends done, refused, unknown or overtaken."""
    slot, outcome = request.slot, request.outcome
    pump = turn.pump(slot)
    if pump.stop is not None and pump.stop.command_id == request.command_id:
        _stop_ended(turn, slot, request.at_ns, outcome)
        return
    if pump.command is None or pump.command.command_id != request.command_id:
        return  # of an earlier run of the daemon
    kind = pump.command.kind
    turn.record(
        f.CommandClosed(
            at_ns=turn.now_ns, slot=slot, command_id=request.command_id, command=kind,
            ending=_ending(outcome), detail=_detail(outcome),
        )
    )  # fmt: skip
    if isinstance(outcome, Done) and outcome.report is not None:
        asked_at_ns = max(outcome.asked_at_ns, pump.command.at_ns)
        turn.record(f.Seen(at_ns=request.at_ns, slot=slot, asked_at_ns=asked_at_ns, report=outcome.report))
    if isinstance(outcome, Refused) and outcome.alarm is not None:
        _alarmed(turn, slot, outcome.alarm)
    match kind:
        case CommandKind.PREPARE:
            _prepared(turn, slot, outcome)
        case CommandKind.START:
            _started(turn, slot, outcome)
        case CommandKind.CHANGE_RATE:
            assert pump.command.rate_ul_per_h is not None
            _rate_changed(turn, slot, pump.command.rate_ul_per_h, outcome)
        case CommandKind.ACKNOWLEDGE:
            if isinstance(outcome, Done) and outcome.report is not None:
                _by_report(turn, slot, outcome.report)
        case CommandKind.STOP:  # pragma: no cover
            raise AssertionError("a stop stands in its own field")


def _ending(outcome: Done | Refused | Unknown | Overtaken) -> Ending:
    match outcome:
        case Done():
            return Ending.DONE
        case Refused():
            return Ending.REFUSED
        case Unknown():
            return Ending.UNKNOWN
        case Overtaken():
            return Ending.OVERTAKEN


def _detail(outcome: Done | Refused | Unknown | Overtaken) -> str:
    return outcome.detail if isinstance(outcome, Refused | Unknown) else ""


# --- the ends of commands -----------------------------------------------------------------------------------


def _prepared(turn: Turn, slot: str, outcome: Done | Refused | Unknown | Overtaken) -> None:
    """Checking is over: every value read back is what was asked, or nothing starts."""
    if turn.pump(slot).phase is not Phase.CHECKING:
        return  # a stop came first
    if not isinstance(outcome, Done) or outcome.granted is None:
        alarms.raise_alarm(turn, Condition.START_FAILED, slot, detail=_detail(outcome))
        stop_now(turn, slot, Why.COMMAND_REFUSED)
        return
    if not turn.state.journal_ok:
        alarms.raise_alarm(turn, Condition.START_FAILED, slot, detail="the journal cannot make the start durable")
        stop_now(turn, slot, Why.COMMAND_REFUSED)
        return
    granted, infusion = outcome.granted, turn.infusion(slot)
    asked_nl = infusion.total_nl - infusion.delivered.high_nl
    lease_s = infusion.programme.lease_s
    fits = (
        granted.rate_ul_per_h == infusion.rate_ul_per_h
        and asked_nl - VOLUME_GRID_NL <= granted.volume_nl <= asked_nl
        and granted.lease_s == lease_s
    )
    if not fits:
        alarms.raise_alarm(turn, Condition.RATE_DIFFERS, slot, value=granted.rate_ul_per_h)
        stop_now(turn, slot, Why.DEVIATION)
        return
    turn.record(f.LegPrepared(at_ns=turn.now_ns, slot=slot, granted=granted))
    to(turn, slot, Phase.STARTING, Why.PREPARED)
    command_id = turn.state.next_command_id
    turn.record(
        f.CommandIssued(
            at_ns=turn.now_ns, slot=slot, command_id=command_id, command=CommandKind.START,
            rate_ul_per_h=granted.rate_ul_per_h, raises=True,
        )
    )  # fmt: skip
    turn.want(Start(slot=slot, command_id=command_id))


def _started(turn: Turn, slot: str, outcome: Done | Refused | Unknown | Overtaken) -> None:
    """Done with a report decides; refused stops to be sure; unknown is for the pump's totals."""
    if turn.pump(slot).phase is not Phase.STARTING:
        return
    if isinstance(outcome, Done) and outcome.report is not None:
        _by_report(turn, slot, outcome.report)
        return
    if isinstance(outcome, Unknown):
        to(turn, slot, Phase.UNCERTAIN, Why.COMMAND_UNKNOWN)
        return
    alarms.raise_alarm(turn, Condition.START_FAILED, slot, detail=_detail(outcome))
    stop_now(turn, slot, Why.COMMAND_REFUSED)


def _rate_changed(turn: Turn, slot: str, asked: int, outcome: Done | Refused | Unknown | Overtaken) -> None:
    """A new rate is granted only as read back."""
    if turn.pump(slot).phase is not Phase.INFUSING:
        return
    infusion = turn.infusion(slot)
    before = infusion.granted_ul_per_h or 0
    match outcome:
        case Done(report=Report() as report) if report.drive is not Drive.INFUSING:
            _by_report(turn, slot, report)
        case Done(report=Report() as report) if report.rate_ul_per_h is None:
            to(turn, slot, Phase.UNCERTAIN, Why.COMMAND_UNKNOWN)  # taken, but it cannot be read back
        case Done(report=Report() as report) if report.rate_ul_per_h == asked:
            turn.record(
                f.RateGranted(
                    at_ns=turn.now_ns, slot=slot, asked_ul_per_h=asked, granted_ul_per_h=asked,
                    delivered=turn.delivered(slot),
                )
            )  # fmt: skip
            _by_report(turn, slot, report)
        case Unknown():
            to(turn, slot, Phase.UNCERTAIN, Why.COMMAND_UNKNOWN)
        case Refused() | Overtaken() if asked > before:
            # the pump goes on at the rate it had; a raise that did not happen harms nobody
            turn.record(
                f.RateGranted(
                    at_ns=turn.now_ns, slot=slot, asked_ul_per_h=before, granted_ul_per_h=before,
                    delivered=turn.delivered(slot),
                )
            )  # fmt: skip
        case _:
            alarms.raise_alarm(turn, Condition.RATE_DIFFERS, slot, value=before, detail=_detail(outcome))
            stop_now(turn, slot, Why.DEVIATION)


def _stop_ended(turn: Turn, slot: str, at_ns: int, outcome: Done | Refused | Unknown | Overtaken) -> None:
    """A stop is over when a report shows no drive; until then the next tick sends it again."""
    turn.record(f.StopTried(at_ns=turn.now_ns, slot=slot, pending=False))
    if isinstance(outcome, Refused) and outcome.alarm is not None:
        _alarmed(turn, slot, outcome.alarm)
    if isinstance(outcome, Done) and outcome.report is not None:
        stop = turn.pump(slot).stop
        asked_at_ns = max(outcome.asked_at_ns, 0 if stop is None else stop.at_ns)
        turn.record(f.Seen(at_ns=at_ns, slot=slot, asked_at_ns=asked_at_ns, report=outcome.report))
        _by_report(turn, slot, outcome.report)


# --- reports ------------------------------------------------------------------------------------------------


def _alarmed(turn: Turn, slot: str, alarm: PumpAlarm) -> None:
    """The pump is in alarm: it stands still by its manual, but is stopped and looked at all the same."""
    phase = turn.pump(slot).phase
    if phase in (Phase.IDLE, Phase.ENDED) and alarm in (PumpAlarm.RESET, PumpAlarm.LEASE_EXPIRED):
        return  # a pump that was switched on, or was left alone: nobody's drug is in it
    alarms.raise_alarm(turn, alarms.condition_of(alarm), slot, detail=alarm.value)
    if phase in (Phase.CHECKING, Phase.STARTING, Phase.INFUSING, Phase.UNCERTAIN):
        why = Why.PUMP_RESET if alarm is PumpAlarm.RESET else Why.PUMP_ALARM
        stop_now(turn, slot, why)


def _by_report(turn: Turn, slot: str, report: Report) -> None:
    """The phase by the pump's own word: the one entrance to INFUSING, STOPPED and ENDED (wall 3)."""
    alarms.told_by_pump(turn, slot, report.alarm)
    if report.alarm is not None:
        _alarmed(turn, slot, report.alarm)
    phase = turn.pump(slot).phase
    still = report.drive is Drive.STILL
    if phase in AT_REST or phase is Phase.FAULT:
        _at_rest(turn, slot, still=still)
    elif phase is Phase.STOPPING:
        if still:
            _close_stop(turn, slot)
            ended = _volume_reached(turn, slot, report)
            why = turn.pump(slot).why  # why it was stopped is worth more than that a report showed it
            to(turn, slot, Phase.ENDED if ended else Phase.STOPPED, why, settled=True)
            if ended:
                alarms.raise_alarm(turn, Condition.ENDED, slot)
    elif phase in (Phase.STARTING, Phase.UNCERTAIN) and turn.pump(slot).command is not None:
        return  # a start or change that may still be on its way: nothing is settled before its end
    elif still:
        _stood_still(turn, slot, report)
    else:
        _drives(turn, slot, report)


def _close_stop(turn: Turn, slot: str) -> None:
    stop = turn.pump(slot).stop
    if stop is not None:
        turn.record(f.StopTried(at_ns=turn.now_ns, slot=slot, pending=False))
        turn.record(
            f.CommandClosed(
                at_ns=turn.now_ns, slot=slot, command_id=stop.command_id, command=CommandKind.STOP,
                ending=Ending.DONE,
            )
        )  # fmt: skip


def _at_rest(turn: Turn, slot: str, *, still: bool) -> None:
    """A pump that should stand still: if it does not, stop it, whoever started it."""
    if still:
        _close_stop(turn, slot)
        _compare_at_rest(turn, slot)
        return
    alarms.raise_alarm(turn, Condition.UNCOMMANDED_DRIVE, slot)
    phase = turn.pump(slot).phase
    if phase in (Phase.IDLE, Phase.ENDED):
        to(turn, slot, Phase.FAULT, Why.UNCOMMANDED)
        send_stop(turn, slot)
    elif phase is Phase.FAULT:
        if not turn.pump(slot).sighting.stop_pending:
            send_stop(turn, slot)
    else:
        stop_now(turn, slot, Why.UNCOMMANDED)


def _compare_at_rest(turn: Turn, slot: str) -> None:
    """The last leg's counter at rest: what it adds went in between two looks, by somebody's hand at the pump."""
    pump = turn.pump(slot)
    if pump.phase not in (Phase.STOPPED, Phase.ENDED) or pump.infusion is None or not believed(pump):
        return
    counted = turn.counted(slot)
    if counted.low_nl > pump.infusion.delivered.high_nl:
        alarms.raise_alarm(turn, Condition.UNCOMMANDED_DRIVE, slot)
    if counted != pump.infusion.delivered:
        turn.record(f.Checkpoint(at_ns=turn.now_ns, slot=slot, delivered=counted))


def _volume_reached(turn: Turn, slot: str, report: Report) -> bool:
    """Is the plan's whole volume in, by the lower end, but for what counter and motor cannot resolve?"""
    infusion = turn.infusion(slot)
    if infusion.leg is None or report.infused_nl is None:
        return False
    return report.infused_nl + report.step_nl >= infusion.leg.granted.volume_nl


def _stood_still(turn: Turn, slot: str, report: Report) -> None:
    """It should drive (or we do not know), and it stands still."""
    if _volume_reached(turn, slot, report):
        to(turn, slot, Phase.ENDED, Why.VOLUME_REACHED, settled=True)
        alarms.raise_alarm(turn, Condition.ENDED, slot)
        return
    pump = turn.pump(slot)
    if pump.phase is Phase.STARTING or pump.why is Why.COMMAND_UNKNOWN:
        alarms.raise_alarm(turn, Condition.START_FAILED, slot)
        stop_now(turn, slot, Why.REPORTED_STILL)
        return
    if not _counter_fits(turn, slot, report):
        alarms.raise_alarm(turn, Condition.PUMP_RESET, slot)
        stop_now(turn, slot, Why.PUMP_RESET)
        return
    alarms.raise_alarm(turn, Condition.STOPPED_AT_PUMP, slot)
    to(turn, slot, Phase.STOPPED, Why.REPORTED_STILL, settled=True)


def _counter_fits(turn: Turn, slot: str, report: Report) -> bool:
    """Does the counter lie where this leg may have brought it? A reset or another pump's does not."""
    infusion = turn.infusion(slot)
    if infusion.leg is None or report.infused_nl is None:
        return report.infused_nl is None
    slack_nl = report.step_nl + motor_step_nl(turn.setup.info(slot), infusion.programme.syringe_diameter_um)
    return believed(turn.pump(slot)) and report.infused_nl <= infusion.leg.granted.volume_nl + slack_nl


def _drives(turn: Turn, slot: str, report: Report) -> None:
    """It drives while it should, or while nobody knew: as confirmed, or not at all."""
    pump, infusion = turn.pump(slot), turn.infusion(slot)
    granted = infusion.granted_ul_per_h
    if report.drive is Drive.OTHER:
        alarms.raise_alarm(turn, Condition.UNCOMMANDED_DRIVE, slot)
        stop_now(turn, slot, Why.DEVIATION)
        return
    if not _counter_fits(turn, slot, report):
        condition = Condition.PUMP_RESET if pump.phase is Phase.INFUSING else Condition.RATE_DIFFERS
        alarms.raise_alarm(turn, condition, slot, value=report.infused_nl)
        stop_now(turn, slot, Why.DEVIATION)
        return
    rate = report.rate_ul_per_h
    pending = pump.command
    if rate is None and pump.why is Why.COMMAND_UNKNOWN and granted != infusion.rate_ul_per_h:
        rate = _rate_by_totals(turn, slot)
        if rate is None:
            return
    allowed = (granted, infusion.rate_ul_per_h) if pump.phase is Phase.UNCERTAIN or pending else (granted,)
    if (rate is not None and rate not in allowed) or infusion.leg is None:
        alarms.raise_alarm(turn, Condition.RATE_DIFFERS, slot, value=rate)
        stop_now(turn, slot, Why.DEVIATION)
        return
    if pump.phase is Phase.INFUSING and pending is not None:
        return  # the end of the change settles the rate
    if pump.phase is Phase.UNCERTAIN and pump.link is not LinkState.UP:
        return  # good news from a pump that has not named itself since
    read = report.rate_ul_per_h
    fall_again = infusion.rate_ul_per_h if read is not None and read > infusion.rate_ul_per_h else None
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


def _rate_by_totals(turn: Turn, slot: str) -> int | None:
    """Which of two rates it runs at, when a change ended unknown and no read-back tells: the counter knows, in seconds.

    None while it could be either; 0 when it is neither, which no confirmed rate equals. Two rates so close that the
    counter cannot part them in 15 s count as the higher one, and what it really gives is watched like any other.
    """
    pump, infusion = turn.pump(slot), turn.infusion(slot)
    since = tuple(each for each in pump.sighting.readings if each.asked_at_ns >= pump.phase_since_ns)
    measured = measured_now(since)
    if measured is None:
        return None
    least = measured.rate_ul_per_h - measured.uncertainty_ul_per_h
    most = measured.rate_ul_per_h + measured.uncertainty_ul_per_h
    slack_ppm = turn.setup.info(slot).accuracy_ppm
    fits = [
        each
        for each in (infusion.granted_ul_per_h, infusion.rate_ul_per_h)
        if each is not None and least * PPM <= each * (PPM + slack_ppm) and each * (PPM - slack_ppm) <= most * PPM
    ]
    if len(fits) > 1 and turn.now_ns - pump.phase_since_ns < QUESTION_AFTER_NS:
        return None
    return max(fits, default=0)
