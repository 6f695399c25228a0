"""The bed: `decide(state, request, setup)` yields facts and effects; the state is the fold of the facts.

Pure and total. One bed has one order of events: every request of every pump, person and clock passes here, one after
the other, so that limits, the same drug on two pumps, alarms and the nurse's path see one truth (wall 2).
`decide` judges; `evolve` (evolve.py) applies; nothing else changes state.

At a boot nothing is trusted (wall 12): whatever may have been driving is UNCERTAIN until the pump says who it is and
its counter fits; what was only being checked is stopped to be sure. No effect of the run before is sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from pumpd.core import (
    alarms,
    attending,
    authorship,
    balance,
    bolus_asking,
    changing,
    gates,
    in_force,
    infusion,
    line,
    listening,
    resuming,
    rise,
    silencing,
    swapping,
    titration,
    walking,
    watch,
)
from pumpd.core import events as e
from pumpd.core import facts as f
from pumpd.core import requests as r
from pumpd.core.asking import answered_before
from pumpd.core.bolus_asking import BolusReview
from pumpd.core.codes import AssetDoubt, Condition, Phase, Reason, ReasonCode, Severity, TimeAway, Why
from pumpd.core.confirming import stamp, stamped
from pumpd.core.doubting import doubt
from pumpd.core.effects import ChangeRate, Effect, Reply, Start
from pumpd.core.facts import Fact
from pumpd.core.limits import Review
from pumpd.core.order import Order
from pumpd.core.phases import stop_now, to
from pumpd.core.raising import RiseReview, review_rise
from pumpd.core.state import BedState
from pumpd.core.turn import Setup, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided, and the state that follows from it."""

    state: BedState
    facts: tuple[Fact, ...]
    effects: tuple[Effect, ...]


def decide(state: BedState, request: r.Request, setup: Setup) -> Decision:
    """Take one request in. A request about a slot that this bed does not have is refused or dropped."""
    turn = Turn(state, setup, request.at_ns)
    slot = getattr(request, "slot", None)
    if slot is not None and state.pump(slot) is None:
        if isinstance(request, r.PersonRequest):
            reason = Reason(code=ReasonCode.NO_SUCH_SLOT, severity=Severity.HARD)
            turn.want(Reply(request_id=request.request_id, accepted=False, reasons=(reason,)))
    elif isinstance(request, r.PersonRequest):
        if not answered_before(turn, request):
            _person(turn, request)
    elif isinstance(request, e.BusEvent):
        _bus(turn, request)
    else:
        _daemon(turn, request)
    return Decision(state=turn.state, facts=tuple(turn.facts), effects=tuple(turn.effects))


def preview(state: BedState, slot: str, order: Order, setup: Setup, now_ns: int) -> Review:
    """What a start of this order would be judged by now; changes nothing."""
    return stamped(rise.review_order(Turn(state, setup, now_ns), slot, order), now_ns)


def preview_rise(state: BedState, slot: str, rate_ul_per_h: int, setup: Setup, now_ns: int) -> RiseReview | None:
    """What a rise of what runs would be judged by now, as it is shown; None where nothing runs."""
    pump = state.pump(slot)
    if pump is None or pump.phase is not Phase.INFUSING:
        return None
    review = review_rise(Turn(state, setup, now_ns), slot, rate_ul_per_h)
    return replace(review, digest=stamp(review.digest, now_ns))


def preview_bolus(
    state: BedState, slot: str, setup: Setup, now_ns: int, *, dose_ug_per_kg: int, duration_s: int
) -> BolusReview | None:
    """What a bolus on top of what runs would be judged by now, as it is shown; None where nothing runs."""
    pump = state.pump(slot)
    if pump is None or pump.phase is not Phase.INFUSING:
        return None
    review = bolus_asking.review_bolus(Turn(state, setup, now_ns), slot, dose_ug_per_kg, duration_s)
    return replace(review, digest=stamp(review.digest, now_ns))


def still_stands(state: BedState, effect: Start | ChangeRate) -> bool:
    """Is a start or raise that waited for the disk still wanted? Doubt that came meanwhile blocks it (wall 4)."""
    pump = state.pump(effect.slot)
    if pump is None or pump.command is None or pump.command.command_id != effect.command_id or pump.stop is not None:
        return False
    return pump.phase is (Phase.STARTING if isinstance(effect, Start) else Phase.INFUSING)


def _person(turn: Turn, request: r.PersonRequest) -> None:
    if isinstance(request, r.PathRequest):
        walking.walk(turn, request)
        return
    match request:
        case r.StartRequested():
            gates.start(turn, request)
        case r.StopRequested():
            gates.stop(turn, request)
        case r.PauseRequested():
            gates.pause(turn, request)
        case r.ResumeRequested():
            resuming.resume(turn, request)
        case r.RateRequested():
            titration.rate(turn, request)
        case r.BolusRequested():
            bolus_asking.ask_bolus(turn, request)
        case r.StepRequested():
            titration.step(turn, request)
        case r.EndRequested():
            gates.end(turn, request)
        case r.AcknowledgeRequested():
            gates.acknowledge(turn, request)
        case r.AudioPauseRequested():
            silencing.pause_audio(turn, request)
        case r.DeliveryAnswered():
            gates.answer_delivery(turn, request)
        case r.RearmRequested():
            gates.rearm(turn, request)
        case r.ContainerChangeRequested():
            changing.change(turn, request)
        case r.PumpConfirmed():
            swapping.confirm(turn, request)
        case r.PrimeConfirmed():
            line.prime(turn, request)
        case r.FlushRecorded():
            line.flush(turn, request)
        case r.ReconcileRequested():
            balance.reconcile(turn, request)
        case r.AuthorAnswered():
            authorship.settle(turn, request)
        case _:
            assert_never(request)


def _bus(turn: Turn, request: e.BusEvent) -> None:
    match request:
        case e.LinkReported():
            infusion.on_link(turn, request)
        case e.PumpIdentified():
            infusion.on_identified(turn, request)
        case e.PumpReported():
            infusion.on_reported(turn, request)
        case e.PumpSilent():
            infusion.on_silent(turn, request)
        case e.AlarmSeen():
            infusion.on_alarm_seen(turn, request)
        case e.CommandEnded():
            infusion.on_command_ended(turn, request)
        case _:
            assert_never(request)


def _daemon(turn: Turn, request: e.DaemonEvent) -> None:
    match request:
        case e.Booted():
            _booted(turn, request)
        case e.Ticked():
            for pump in turn.state.pumps:
                watch.on_tick(turn, pump.slot)
            if request.full_second:
                attending.attend(turn)
            alarms.rise_unanswered(turn)
            silencing.sound_again(turn)
            listening.listen(turn)
        case e.JournalReported():
            _journal(turn, request)
        case e.WatcherGone():
            silencing.on_watcher_gone(turn, request)
            listening.on_watcher_gone(turn, request)
        case e.PagesListen():
            listening.on_pages(turn, request)
        case e.DayBegan():
            in_force.on_day(turn, request)
        case e.FilesCompared():
            in_force.on_files(turn, request)
        case e.ClockJumped():
            turn.record(f.ClockJumpSeen(at_ns=turn.now_ns, by_ns=request.by_ns))
            alarms.raise_alarm(turn, Condition.CLOCK_JUMP, None, value=request.by_ns)
            for pump in turn.state.pumps:
                if pump.phase in (Phase.INFUSING, Phase.STARTING):
                    to(turn, pump.slot, Phase.UNCERTAIN, Why.CLOCK_JUMP)
        case _:
            assert_never(request)


def _booted(turn: Turn, request: e.Booted) -> None:
    turn.record(
        f.BootStarted(
            at_ns=request.at_ns,
            boot=request.boot,
            kernel_boot=request.kernel_boot,
            shift_ns=request.shift_ns,
            slots=request.slots,
            away=request.away,
        )
    )
    alarms.condition_over(turn, Condition.JOURNAL_DOWN, None)  # whatever it was, this run has read the journal
    alarms.condition_over(turn, Condition.FILES_CHANGED, None)  # and every file anew
    in_force.on_day(turn, request)
    for pump in turn.state.pumps:
        if request.away is not TimeAway.KERNEL:
            doubt(turn, pump.slot, AssetDoubt.SILENCE)  # no machine starts within a lease
        match pump.phase:
            case Phase.INFUSING | Phase.STARTING:
                to(turn, pump.slot, Phase.UNCERTAIN, Why.RESTART)
            case Phase.CHECKING | Phase.STOPPING | Phase.FAULT:
                stop_now(turn, pump.slot, Why.RESTART)
            case _:
                pass  # IDLE, STOPPED and ENDED are at rest; UNCERTAIN is asked anyway


def _journal(turn: Turn, request: e.JournalReported) -> None:
    if request.ok == turn.state.journal_ok:
        return
    turn.record(f.JournalWent(at_ns=turn.now_ns, ok=request.ok, detail=request.detail))
    if request.ok:
        alarms.condition_over(turn, Condition.JOURNAL_DOWN, None)
    else:
        alarms.raise_alarm(turn, Condition.JOURNAL_DOWN, None, detail=request.detail)
