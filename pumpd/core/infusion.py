"""What the bus brings makes of an infusion: news of the link, identities, looks, and the ends of commands.

Every command ends as done, refused, unknown or overtaken (wall 4), and each end has its own consequence here. What a
report then says of the phase is settled in reports.py, and nowhere else.
"""

from __future__ import annotations

from typing import assert_never

from pumpd.core import alarms
from pumpd.core import facts as f
from pumpd.core import glimpses as g
from pumpd.core.codes import AssetDoubt, CommandKind, Condition, Ending, Phase, Why
from pumpd.core.containers import ends_container
from pumpd.core.doubting import doubt
from pumpd.core.effects import Start
from pumpd.core.events import (
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
from pumpd.core.phases import send_stop, to, trip
from pumpd.core.programming import reads_back, whole_of_leg_nl
from pumpd.core.pump import Drive, Report
from pumpd.core.reports import alarmed, by_report, rate_told
from pumpd.core.turn import Turn

# --- what the bus brings ------------------------------------------------------------------------------------


def on_link(turn: Turn, request: LinkReported) -> None:
    """A change of the link; silence while infusing is judged by age, in watch.py."""
    pump = turn.pump(request.slot)
    if (pump.link, pump.link_why, pump.link_detail) != (request.link, request.why, request.detail):
        turn.record(
            f.LinkWent(
                at_ns=turn.now_ns, slot=request.slot, link=request.link.value, detail=request.detail, why=request.why
            )
        )  # fmt: skip
    if request.link is LinkState.UP:
        alarms.link_is_back(turn, request.slot)


def on_identified(turn: Turn, request: PumpIdentified) -> None:
    """A pump said who it is. Another one than before inherits nothing."""
    slot, pump = request.slot, turn.pump(request.slot)
    changed = pump.identified not in (None, request.identified)
    if changed and pump.phase not in (Phase.IDLE, Phase.ENDED, Phase.FAULT):
        alarms.raise_alarm(turn, Condition.PUMP_CHANGED, slot, detail=request.identified.model)
        doubt(turn, slot, AssetDoubt.IDENTITY)
        to(turn, slot, Phase.FAULT, Why.PUMP_CHANGED)  # first, while what was seen of the old one still counts
        send_stop(turn, slot)
    turn.record(f.PumpRecognised(at_ns=turn.now_ns, slot=slot, identified=request.identified))


def on_silent(turn: Turn, request: PumpSilent) -> None:
    """A look that showed nothing; age and lease are judged on the next tick."""
    turn.record(g.Missed(at_ns=turn.now_ns, slot=request.slot))


def on_alarm_seen(turn: Turn, request: AlarmSeen) -> None:
    """An unrequested alarm: believed at once as far as it is bad news, settled by the next report."""
    alarmed(turn, request.slot, request.alarm)


def on_reported(turn: Turn, request: PumpReported) -> None:
    """One look at the pump. One that began before the phase did may show what was before it: only alarms count."""
    slot, report = request.slot, request.report
    turn.record(g.Seen(at_ns=request.at_ns, slot=slot, asked_at_ns=request.asked_at_ns, report=report))
    alarms.link_is_back(turn, slot)
    if request.asked_at_ns >= turn.pump(slot).phase_since_ns:
        by_report(turn, slot, report)
    elif report.alarm is not None:
        alarmed(turn, slot, report.alarm)


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
        turn.record(g.Seen(at_ns=request.at_ns, slot=slot, asked_at_ns=asked_at_ns, report=outcome.report))
    if isinstance(outcome, Refused) and outcome.alarm is not None:
        alarmed(turn, slot, outcome.alarm)
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
                by_report(turn, slot, outcome.report)
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
        case _:
            assert_never(outcome)


def _detail(outcome: Done | Refused | Unknown | Overtaken) -> str:
    return outcome.detail if isinstance(outcome, Refused | Unknown) else ""


# --- the ends of commands -----------------------------------------------------------------------------------


def _prepared(turn: Turn, slot: str, outcome: Done | Refused | Unknown | Overtaken) -> None:
    """Checking is over: every value read back is what was asked, or nothing starts."""
    if turn.pump(slot).phase is not Phase.CHECKING:
        return  # a stop came first
    if not isinstance(outcome, Done) or outcome.granted is None:
        trip(turn, slot, Condition.START_FAILED, Why.COMMAND_REFUSED, detail=_detail(outcome))
        return
    if not turn.state.journal_ok:
        trip(
            turn, slot, Condition.START_FAILED, Why.COMMAND_REFUSED, detail="the journal cannot make the start durable"
        )
        return
    granted, infusion = outcome.granted, turn.infusion(slot)
    if not reads_back(infusion, turn.setup.info(slot), granted):
        trip(turn, slot, Condition.RATE_DIFFERS, Why.DEVIATION, value=granted.rate_ul_per_h)
        return
    whole_nl = whole_of_leg_nl(infusion, turn.setup.info(slot), granted)
    last = ends_container(infusion)
    turn.record(f.LegPrepared(at_ns=turn.now_ns, slot=slot, granted=granted, ends_container=last, whole_nl=whole_nl))
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
        by_report(turn, slot, outcome.report)
        return
    if isinstance(outcome, Unknown):
        to(turn, slot, Phase.UNCERTAIN, Why.COMMAND_UNKNOWN)
        return
    trip(turn, slot, Condition.START_FAILED, Why.COMMAND_REFUSED, detail=_detail(outcome))


def _rate_changed(turn: Turn, slot: str, asked: int, outcome: Done | Refused | Unknown | Overtaken) -> None:
    """A new rate is granted only as read back."""
    if turn.pump(slot).phase is not Phase.INFUSING:
        return
    infusion = turn.infusion(slot)
    before = infusion.granted_ul_per_h or 0
    match outcome:
        case Done(report=Report() as report) if report.drive is not Drive.INFUSING:
            by_report(turn, slot, report)
        case Done(report=Report() as report) if rate_told(infusion, report) is None:
            to(turn, slot, Phase.UNCERTAIN, Why.COMMAND_UNKNOWN)  # taken, but it cannot be read back
        case Done(report=Report() as report) if report.rate_ul_per_h == asked:
            turn.record(
                f.RateGranted(
                    at_ns=turn.now_ns, slot=slot, asked_ul_per_h=asked, granted_ul_per_h=asked,
                    delivered=turn.delivered(slot),
                )
            )  # fmt: skip
            by_report(turn, slot, report)
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
            trip(turn, slot, Condition.RATE_DIFFERS, Why.DEVIATION, value=before, detail=_detail(outcome))


def _stop_ended(turn: Turn, slot: str, at_ns: int, outcome: Done | Refused | Unknown | Overtaken) -> None:
    """A stop is over when a report shows no drive; until then the next tick sends it again."""
    turn.record(g.StopTried(at_ns=turn.now_ns, slot=slot, pending=False))
    if isinstance(outcome, Refused) and outcome.alarm is not None:
        alarmed(turn, slot, outcome.alarm)
    if isinstance(outcome, Done) and outcome.report is not None:
        stop = turn.pump(slot).stop
        asked_at_ns = max(outcome.asked_at_ns, 0 if stop is None else stop.at_ns)
        turn.record(g.Seen(at_ns=at_ns, slot=slot, asked_at_ns=asked_at_ns, report=outcome.report))
        by_report(turn, slot, outcome.report)
