"""What may happen next at a bed: every person, pump, bus, clock and journal, with values on either side of a mark.

A move is a request and the sentence that tells it. The pump is free to say anything that its protocol can say: it may
tell the truth, be late, be somebody else, jump to the end of the plan or fall back to zero. To add a request: write a
generator of its moves here and put it into `OF_A_PUMP` or `OF_THE_BED`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from pumpd.core import events as e
from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import preview, preview_bolus, preview_rise
from pumpd.core.codes import CommandKind, PauseReason, Phase
from pumpd.core.order import Order
from pumpd.core.people import Role
from pumpd.core.programming import to_programme
from pumpd.core.pump import Drive, DriverInfo, Granted, PumpAlarm, Report
from pumpd.core.state import Command, PumpState
from pumpd.core.turn import Setup
from pumpd.core.units import NL_PER_UL, NS_PER_S, Towards, delivered_nl
from pumpd.testing.bed_story import NURSE, OTHER_PUMP, STEP_NL, THIS_PUMP
from pumpd.testing.explore_rules import BEYOND, BOLUS, EDGES, ON, order_of
from pumpd.testing.explore_sameness import ALL_APART, Apart, World, deadlines
from pumpd.testing.explore_visits import visits

SECOND: Final = Actor(person="nurse-2", role=Role.NURSE)
DOCTOR: Final = Actor(person="doctor-1", role=Role.PRESCRIBER)
CLERK: Final = Actor(person="clerk-1", role=Role.TECHNICIAN)
PRIME_NL: Final = 2_000 * NL_PER_UL
LOADED_NL: Final = 20_000 * NL_PER_UL
HALF_MINUTE_NS: Final = 30 * NS_PER_S
PAST_EVERY_DOUBT_NL: Final = 3 * STEP_NL  # counter step and motor step, on both sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something happens; `says` tells it in a sentence."""

    says: str
    request: r.Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """What a search takes into account, beside the moves."""

    name: str
    slots: tuple[str, ...]
    orders: tuple[str, ...]  # regimens that are started, and whose infusions are then followed
    beginnings: tuple[tuple[str, ...], ...] = ((),)  # where a search begins: words of the moves that lead there
    moves_max: int | None = None  # from there; None: as many as there are
    apart: Apart = ALL_APART
    edges: bool = False  # with an order on either side of every limit
    patients: bool = False  # two of them come and go (explore_visits.py)
    session_ng: int | None = None  # a state in which more was given is judged and not followed
    without: tuple[str, ...] = ()  # moves that do not happen in it, by the names of their generators


Moves = Callable[[World, PumpState, Setup, Domain], Iterator[Move]]


def moves(world: World, setup: Setup, domain: Domain) -> Iterator[Move]:
    """Everything that may happen in this state."""
    for of_the_bed in OF_THE_BED:
        if of_the_bed.__name__ not in domain.without:
            yield from of_the_bed(world, setup, domain)
    for pump in world.state.pumps:
        for of_a_pump in OF_A_PUMP:
            if of_a_pump.__name__ not in domain.without:
                yield from of_a_pump(world, pump, setup, domain)


def patients_come_and_go(world: World, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    if domain.patients:
        for says, request in visits(world.state, world.now_ns, world.asked):
            yield Move(says=says, request=request)


# --- people -----------------------------------------------------------------------------------------------------


def _asks(
    world: World,
    says: str,
    make: Callable[..., r.PersonRequest],
    actor: Actor | None = NURSE,
    **fields: Any,  # noqa: ANN401
) -> Move:
    request = make(at_ns=world.now_ns, request_id=f"q{world.asked}", actor=actor, **fields)
    who = "somebody" if actor is None else actor.person
    return Move(says=f"{who} {says}", request=request)


def starts(world: World, pump: PumpState, setup: Setup, domain: Domain) -> Iterator[Move]:
    slot = pump.slot
    if pump.phase not in (Phase.IDLE, Phase.ENDED):
        order = order_of(domain.orders[0])
        yield _asks(world, f"starts {order.regimen} on {slot}", r.StartRequested, slot=slot, order=order, digest="?")
        return
    for regimen in domain.orders:
        order = order_of(regimen)
        digest = preview(world.state, slot, order, setup, world.now_ns).digest
        for actor, how in ((NURSE, ""), (None, " without a name"), (CLERK, "")):
            says = f"starts {regimen} on {slot}{how}"
            yield _asks(world, says, r.StartRequested, actor, slot=slot, order=order, digest=digest)
        says = f"starts {regimen} on {slot} after reading another review"
        yield _asks(world, says, r.StartRequested, slot=slot, order=order, digest="0" * 16 + digest[16:])
        yield from _overridden(world, slot, order, digest)
    if domain.edges and not (world.asked or world.state.alarms) and pump.link is e.LinkState.UP:
        for edge in EDGES:
            for side in (ON, BEYOND):
                order = order_of(edge.name + side)
                digest = preview(world.state, slot, order, setup, world.now_ns).digest
                yield from _overridden(world, slot, order, digest)


def _overridden(world: World, slot: str, order: Order, digest: str) -> Iterator[Move]:
    override = r.Override(reason="discussed", second=SECOND)
    says = f"starts {order.regimen} on {slot} with {SECOND.person} as the second person"
    yield _asks(world, says, r.StartRequested, slot=slot, order=order, digest=digest, override=override)


def stops(world: World, pump: PumpState, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    slot = pump.slot
    yield _asks(world, f"presses STOP on {slot}", r.StopRequested, None, slot=slot)
    yield _asks(world, f"pauses {slot}", r.PauseRequested, slot=slot, reason=PauseReason.OTHER)
    yield _asks(world, f"ends {slot}", r.EndRequested, slot=slot)
    yield _asks(world, f"takes {slot} back into use", r.RearmRequested, slot=slot)


def goes_on(world: World, pump: PumpState, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    slot = pump.slot
    for keep in r.Keep:
        yield _asks(world, f"resumes {slot}, keeping the {keep.value}", r.ResumeRequested, slot=slot, keep=keep)
    yield _asks(world, f"resumes {slot}", r.ResumeRequested, CLERK, slot=slot)
    yield _asks(world, f"lets {slot} step up", r.StepRequested, slot=slot)
    yield _asks(world, f"lets {slot} step up", r.StepRequested, CLERK, slot=slot)
    for answer in (r.Answer.DRIVEN, r.Answer.CANNOT_TELL):
        yield _asks(world, f"answers for {slot}: {answer.value}", r.DeliveryAnswered, slot=slot, answer=answer)


def rates(world: World, pump: PumpState, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    """Below, at and above what was confirmed, by one pair of eyes and by two."""
    slot, infusion = pump.slot, pump.infusion
    if infusion is None:
        return
    confirmed = infusion.plan[infusion.step].rate_ul_per_h
    for rate, how in ((confirmed // 2, "half"), (confirmed, "all"), (confirmed + 1, "more than all")):
        says = f"sets {slot} to {how} of the confirmed rate"
        yield _asks(world, says, r.RateRequested, slot=slot, rate_ul_per_h=rate)
    more = confirmed + 1
    review = preview_rise(world.state, slot, more, setup, world.now_ns)
    for second in (SECOND, DOCTOR):
        yield _asks(
            world, f"sets {slot} to more than was confirmed, with {second.person}", r.RateRequested, slot=slot,
            rate_ul_per_h=more, digest="" if review is None else review.digest,
            override=r.Override(reason="discussed", second=second),
        )  # fmt: skip


def boluses(world: World, pump: PumpState, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    """By who may and who may not, on the limit and beyond it."""
    if pump.infusion is None:
        return
    most = BOLUS.dose_ug_per_kg.hard
    for actor, dose in ((DOCTOR, most), (NURSE, most), (DOCTOR, most + 1)):
        asked = {"dose_ug_per_kg": dose, "duration_s": BOLUS.shortest_s}
        review = preview_bolus(world.state, pump.slot, setup, world.now_ns, **asked)
        digest = "" if review is None else review.digest
        says = f"asks for a bolus of {dose} ug/kg on {pump.slot}"
        yield _asks(world, says, r.BolusRequested, actor, slot=pump.slot, digest=digest, **asked)


def labels(world: World, pump: PumpState, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    slot = pump.slot
    for asset, how in ((setup.asset(slot), "right"), ("another", "wrong")):
        yield _asks(world, f"reads the label of {slot}: the {how} one", r.PumpConfirmed, slot=slot, asset=asset)


def papers(world: World, pump: PumpState, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    """Lines, containers and what is left over: what a person has to say of things that no pump sees."""
    slot, infusion = pump.slot, pump.infusion
    order = order_of(domain.orders[0])
    says = f"says that the line of {slot} is primed"
    yield _asks(world, says, r.PrimeConfirmed, slot=slot, regimen=order.regimen, container=order.container)
    says = f"has flushed the line of {slot}"
    yield _asks(world, says, r.FlushRecorded, slot=slot, volume_nl=PRIME_NL, all_the_same=True)
    says = f"balances {slot}"
    left = LOADED_NL
    yield _asks(world, says, r.ReconcileRequested, slot=slot, loaded_nl=left, residual_nl=left, remark="spilt")
    if infusion is not None:
        label = infusion.programme.concentration_ug_per_ml
        for found, how in ((label, "right"), (label + 1, "wrong")):
            yield _asks(
                world, f"hangs another container on {slot}, with the {how} label", r.ContainerChangeRequested,
                slot=slot, container=infusion.order.container, concentration_ug_per_ml=found, second=SECOND,
            )  # fmt: skip


def acknowledges(world: World, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    for alarm in world.state.alarms:
        says = f"has seen {alarm.condition.value} on {alarm.slot or 'the bed'}"
        yield _asks(world, says, r.AcknowledgeRequested, alarm_id=alarm.alarm_id)
    says = "has seen an alarm that is gone"
    yield _asks(world, says, r.AcknowledgeRequested, alarm_id=world.state.next_alarm_id)
    if len(world.state.pumps) > 1:
        yield _asks(world, "presses STOP ALL", r.StopRequested, None, slot=None)


def hushes(world: World, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    yield _asks(world, "pauses the sound", r.AudioPauseRequested, watcher="page")
    gone = e.WatcherGone(at_ns=world.now_ns, watcher="page")
    yield Move(says="the page is closed", request=gone)


# --- the pump and its bus -----------------------------------------------------------------------------------------


def _counters(pump: PumpState) -> dict[str, int | None]:
    """What the counter may tell, by name: as before, at the next mark of the plan, at its end, beyond, back at zero."""
    before = pump.sighting.readings[-1].infused_nl if pump.sighting.readings else 0
    found: dict[str, int | None] = {"as before": before}
    infusion = pump.infusion
    if infusion is not None and infusion.leg is not None:
        base_nl, total_nl = infusion.leg.base.low_nl, infusion.leg.granted.volume_nl
        for step in range(len(infusion.plan)):
            mark_nl = infusion.boundary_nl(step) - base_nl + PAST_EVERY_DOUBT_NL
            if before < mark_nl < total_nl:
                found["at the end of a step"] = mark_nl
        if before < total_nl:
            found["at the end of the plan"] = total_nl
        found["beyond the plan"] = total_nl + 10 * PAST_EVERY_DOUBT_NL
    if before:
        found["back at zero"] = 0
    return found


def _report(pump: PumpState, drive: Drive, infused_nl: int | None, **different: Any) -> Report:  # noqa: ANN401
    rate = None if pump.infusion is None else pump.infusion.rate_ul_per_h
    report = Report(drive=drive, rate_ul_per_h=rate, infused_nl=infused_nl, step_nl=STEP_NL, alarm=None)
    return replace(report, **different)


def _reports(pump: PumpState) -> Iterator[tuple[str, Report]]:
    counters = _counters(pump)
    same = counters["as before"]
    for where, infused_nl in counters.items():
        yield f"stands still, its counter {where}", _report(pump, Drive.STILL, infused_nl)
        yield f"infuses, its counter {where}", _report(pump, Drive.INFUSING, infused_nl)
    for alarm in (PumpAlarm.STALL, PumpAlarm.RESET, PumpAlarm.LEASE_EXPIRED):
        yield f"stands still in {alarm.value}", _report(pump, Drive.STILL, same, alarm=alarm)
    yield "is driven another way", _report(pump, Drive.OTHER, same)
    if pump.infusion is not None:
        for rate in {pump.infusion.granted_ul_per_h, 2 * pump.infusion.rate_ul_per_h} - {None, 0}:
            yield f"infuses at {rate} uL/h", _report(pump, Drive.INFUSING, same, rate_ul_per_h=rate)
        yield "infuses, and perhaps tells a stored rate", _report(pump, Drive.INFUSING, same, rate_may_be_stored=True)
        yield "infuses, and tells no counter", _report(pump, Drive.INFUSING, None)


def looks(world: World, pump: PumpState, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    slot, now_ns = pump.slot, world.now_ns
    for says, report in _reports(pump):
        seen = e.PumpReported(at_ns=now_ns, slot=slot, asked_at_ns=now_ns, report=report)
        yield Move(says=f"{slot} is looked at: it {says}", request=seen)
    before_ns = max(0, pump.phase_since_ns - 1)
    for drive in (Drive.STILL, Drive.INFUSING):
        late = e.PumpReported(at_ns=now_ns, slot=slot, asked_at_ns=before_ns, report=_report(pump, drive, 0))
        yield Move(says=f"a look at {slot} from before comes late: {drive.value}", request=late)
    infusion = pump.infusion
    if infusion is not None and pump.sighting.readings and infusion.granted_ul_per_h:
        at_ns, counter = now_ns + HALF_MINUTE_NS, pump.sighting.readings[-1].infused_nl
        even_nl = delivered_nl(infusion.granted_ul_per_h, HALF_MINUTE_NS, Towards.DOWN)
        for times, how in ((0, "has not moved"), (1, "flowed evenly"), (3, "gave three times as much")):
            report = _report(pump, Drive.INFUSING, counter + times * even_nl)
            seen = e.PumpReported(at_ns=at_ns, slot=slot, asked_at_ns=at_ns, report=report)
            yield Move(says=f"{slot} is looked at half a minute later: it infuses and {how}", request=seen)


def commands_end(world: World, pump: PumpState, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    now_ns, slot = world.now_ns, pump.slot
    for command in (pump.command, pump.stop):
        if command is None:
            continue
        for says, outcome in _outcomes(pump, command, setup.info(slot), now_ns):
            ended = e.CommandEnded(at_ns=now_ns, slot=slot, command_id=command.command_id, outcome=outcome)
            yield Move(says=f"the {command.kind.value} of {slot} ends: {says}", request=ended)
    stale = e.CommandEnded(at_ns=now_ns, slot=slot, command_id=0, outcome=e.Done())
    yield Move(says=f"a command of {slot} from long ago ends", request=stale)


def _outcomes(pump: PumpState, command: Command, info: DriverInfo, now_ns: int) -> Iterator[tuple[str, e.Outcome]]:
    yield "refused", e.Refused(detail="?")
    yield "refused in stall", e.Refused(detail="?", alarm=PumpAlarm.STALL)
    yield "unknown", e.Unknown(detail="?")
    yield "overtaken", e.Overtaken()
    if command.kind is CommandKind.PREPARE:
        asked = to_programme(pump.due(), info)
        granted = Granted(
            rate_ul_per_h=asked.rate_ul_per_h, volume_nl=asked.volume_nl - asked.volume_nl % STEP_NL,
            lease_s=asked.lease_s, infused_nl=0, step_nl=STEP_NL,
        )  # fmt: skip
        yield "done as asked", e.Done(granted=granted, asked_at_ns=now_ns)
        less = replace(granted, rate_ul_per_h=granted.rate_ul_per_h - 1)
        yield "done at another rate", e.Done(granted=less, asked_at_ns=now_ns)
        return
    for says, report in _reports(pump):
        if "as before" in says or "end of the plan" in says or "stored" in says or "uL/h" in says:
            yield f"it {says}", e.Done(report=report, asked_at_ns=now_ns)


def bus_brings(world: World, pump: PumpState, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    now_ns, slot = world.now_ns, pump.slot
    for link in e.LinkState:
        news = e.LinkReported(at_ns=now_ns, slot=slot, link=link, detail="")
        yield Move(says=f"the link of {slot} is {link.value}", request=news)
    same = pump.identified or THIS_PUMP
    for who, how in ((same, "as before"), (THIS_PUMP if same == OTHER_PUMP else OTHER_PUMP, "another pump")):
        named = e.PumpIdentified(at_ns=now_ns, slot=slot, identified=who)
        yield Move(says=f"{slot} names itself {who.model}, {how}", request=named)
    yield Move(says=f"{slot} does not answer", request=e.PumpSilent(at_ns=now_ns, slot=slot, detail=""))
    for alarm in (PumpAlarm.STALL, PumpAlarm.RESET):
        seen = e.AlarmSeen(at_ns=now_ns, slot=slot, alarm=alarm)
        yield Move(says=f"{slot} cries {alarm.value}", request=seen)


# --- the house --------------------------------------------------------------------------------------------------


def time_passes(world: World, setup: Setup, domain: Domain) -> Iterator[Move]:
    """The clock ticks, now and at each deadline that is still to come."""
    yield Move(says="the clock ticks", request=e.Ticked(at_ns=world.now_ns))
    for name, at_ns in deadlines(world, setup):
        if at_ns > world.now_ns and domain.apart.counts(name):
            yield Move(says=f"time passes until this: {name}", request=e.Ticked(at_ns=at_ns))


def house_brings(world: World, setup: Setup, domain: Domain) -> Iterator[Move]:  # noqa: ARG001
    now_ns = world.now_ns
    for ok in (True, False):
        news = e.JournalReported(at_ns=now_ns, ok=ok, detail="")
        yield Move(says="the journal writes again" if ok else "the journal cannot write", request=news)
    yield Move(says="the machine was suspended", request=e.ClockJumped(at_ns=now_ns, by_ns=NS_PER_S))
    day = e.DayBegan(at_ns=now_ns, today_day=1)
    yield Move(says="midnight passes", request=day)
    boot = e.Booted(at_ns=now_ns, boot="b", kernel_boot="k", shift_ns=0, slots=domain.slots)
    yield Move(says="the daemon restarts", request=boot)


OF_A_PUMP: Final[tuple[Moves, ...]] = (
    starts, stops, goes_on, rates, boluses, labels, papers, looks, commands_end, bus_brings
)  # fmt: skip
OF_THE_BED: Final = (acknowledges, hushes, time_passes, house_brings, patients_come_and_go)
