"""A bed as a story: every request goes through `decide`, time is a number, and each line reads as what happened.

The pump is whoever writes the story: it reports what the line says, and nothing else happens behind its back. After
every request the story checks what must hold whatever the story is: state is the fold of the durable facts, phases
go only along the table, and INFUSING, STOPPED and ENDED are entered from a moving phase only by a report (wall 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from pumpd.core import events as e
from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import Decision, decide, preview, preview_rise
from pumpd.core.codes import Condition, PauseReason, Phase, ReasonCode
from pumpd.core.effects import Effect, Observe, Prepare, Reply, When
from pumpd.core.evolve import evolve
from pumpd.core.facts import Fact
from pumpd.core.look import Look, look
from pumpd.core.order import Order
from pumpd.core.people import Role
from pumpd.core.pump import Drive, DriverInfo, Granted, Identified, PumpAlarm, Report
from pumpd.core.regimen import Rules
from pumpd.core.state import Alarm, BedState, Infusion, PumpState, durable
from pumpd.core.turn import Setup
from pumpd.core.units import NL_PER_UL, NS_PER_MS, NS_PER_S
from pumpd.testing.bed_faults import faults_of
from pumpd.testing.clinical import NE_1000, shipped_rules

NURSE: Final = Actor(person="nurse-1", role=Role.NURSE)
SECOND: Final = Actor(person="nurse-2", role=Role.NURSE)
TOGETHER: Final = r.Override(reason="two lines, as ordered", second=SECOND)
STEP_NL: Final = 1_000  # the counter's step below 10 mL
THIS_PUMP: Final = Identified(model="NE-1000", firmware="3.928", serial=None)
OTHER_PUMP: Final = Identified(model="NE-1010", firmware="3.928", serial=None)

E = TypeVar("E", bound=Effect)


def order_for(regimen: str, *, day: int = 1, weight_g: int = 70_000) -> Order:
    """An order that needs no override, in a syringe."""
    found = shipped_rules().catalogue.regimen(regimen)
    own = {"SALINE-TRAIN": "syringe-60", "KET-MOOD": "syringe-60-1"}.get("" if found is None else found.entry)
    return Order(regimen=regimen, day=day, weight_g=weight_g, height_mm=1_750, container=own or "syringe-60-5")


class BedStory:
    """A bed with the slots `p1`, `p2` ...; the sentences are about `p1` unless they say otherwise."""

    def __init__(
        self,
        *,
        slots: Sequence[str] = ("p1",),
        info: DriverInfo = NE_1000,
        rules: Rules | None = None,
        cycle_ms: int = 300,
        resume_limit_s: int = 900,
        one_bus: bool = False,
    ) -> None:
        self.setup = Setup(
            rules=shipped_rules() if rules is None else rules,
            pumps=tuple((slot, info) for slot in slots),
            worst_cycle_ms=tuple((slot, cycle_ms) for slot in slots),
            resume_limit_s=resume_limit_s,
            training=True,
            assets=tuple((slot, f"No. {slot}") for slot in slots),
            buses=(tuple(slots),) if one_bus else (),
        )
        self.now_ns = 1_000 * NS_PER_S
        self.today = 20_000  # 2024-10-04
        self.state = BedState()
        self.kept = BedState()  # what the journal alone would tell
        self.facts: list[Fact] = []
        self.last: Decision = Decision(state=self.state, facts=(), effects=())
        self.reply: Reply | None = None
        self._requests = 0
        self.boot()

    # --- what was seen ------------------------------------------------------------------------------------------

    def pump(self, slot: str = "p1") -> PumpState:
        pump = self.state.pump(slot)
        assert pump is not None
        return pump

    def phase(self, slot: str = "p1") -> Phase:
        return self.pump(slot).phase

    def infusion(self, slot: str = "p1") -> Infusion:
        infusion = self.pump(slot).infusion
        assert infusion is not None
        return infusion

    def look(self, slot: str = "p1") -> Look:
        return look(self.pump(slot), self.setup.info(slot), self.now_ns, self.state.boot_at_ns)

    def alarm(self, condition: Condition, slot: str | None = "p1") -> Alarm | None:
        return next((a for a in self.state.alarms if a.condition is condition and a.slot == slot), None)

    def sent(self, kind: type[E], slot: str = "p1") -> list[E]:
        """Effects of this kind of the last decision."""
        return [e for e in self.last.effects if isinstance(e, kind) and getattr(e, "slot", slot) == slot]

    @property
    def refusals(self) -> set[ReasonCode]:
        """Why the last request of a person was refused."""
        assert self.reply is not None
        assert not self.reply.accepted
        return {reason.code for reason in self.reply.reasons}

    # --- requests -----------------------------------------------------------------------------------------------

    def take(self, request: r.Request) -> Decision:
        before = self.state
        self.last = decide(before, request, self.setup)
        self.state = self.last.state
        self.facts += self.last.facts
        for fact in self.last.facts:
            if getattr(fact, "DURABLE", True):
                self.kept = evolve(self.kept, fact)
        replies = self.sent(Reply)
        self.reply = replies[0] if replies else self.reply
        assert faults_of(before, request, self.last.facts, self.state) == []
        assert durable(self.kept) == durable(self.state)
        if not before.journal_ok:
            assert [e for e in self.last.effects if e.when is When.AFTER_COMMIT] == []
        return self.last

    def request_id(self) -> str:
        self._requests += 1
        return f"r{self._requests}"

    def boot(self, *, away_s: float = 0) -> None:
        """The daemon (re)starts; the state before is what its journal kept."""
        self.wait(away_s)
        self.state = self.kept
        slots = tuple(slot for slot, _ in self.setup.pumps)
        at_ns = self.now_ns
        self.take(
            e.Booted(
                at_ns=at_ns, boot=f"b{at_ns}", kernel_boot="k", shift_ns=0, slots=slots, today_day=self.today
            )
        )  # fmt: skip

    def days(self, days: int) -> Decision:
        """So many midnights later."""
        self.today += days
        return self.take(e.DayBegan(at_ns=self.now_ns, today_day=self.today))

    def connect(self, *slots: str, who: Identified = THIS_PUMP) -> None:
        """The pumps name themselves; the links are up."""
        for slot in slots or tuple(slot for slot, _ in self.setup.pumps):
            self.take(e.PumpIdentified(at_ns=self.now_ns, slot=slot, identified=who))
            self.link(e.LinkState.UP, slot)

    def link(self, link: e.LinkState, slot: str = "p1") -> None:
        self.take(e.LinkReported(at_ns=self.now_ns, slot=slot, link=link, detail=link.value))

    def wait(self, seconds: float) -> None:
        """Time passes, and nobody ticks."""
        self.now_ns += round(seconds * 1_000) * NS_PER_MS

    def tick(self, seconds: float = 0) -> None:
        """Time passes, and the bed's clock says so, once."""
        self.wait(seconds)
        self.take(e.Ticked(at_ns=self.now_ns))

    def ticks(self, seconds: float) -> list[Effect]:
        """Time passes in tenths of a second; everything that was wanted meanwhile."""
        wanted: list[Effect] = []
        for _ in range(round(seconds * 10)):
            self.tick(0.1)
            wanted += self.last.effects
        return wanted

    # --- the pump -----------------------------------------------------------------------------------------------

    def report(
        self,
        drive: Drive = Drive.STILL,
        *,
        slot: str = "p1",
        rate: int | None = None,
        infused_ul: int | None = 0,
        alarm: PumpAlarm | None = None,
        ago_ms: int = 50,
        after_s: float = 0.5,
    ) -> Decision:
        """A look ends: asked for `ago_ms` before. A pump that drives reads back the asked rate if none is given."""
        self.wait(after_s)
        return self.take(
            e.PumpReported(
                at_ns=self.now_ns,
                slot=slot,
                asked_at_ns=self.now_ns - ago_ms * NS_PER_MS,
                report=self.a_report(drive, slot=slot, rate=rate, infused_ul=infused_ul, alarm=alarm),
            )
        )

    def a_report(
        self,
        drive: Drive,
        *,
        slot: str = "p1",
        rate: int | None = None,
        infused_ul: int | None = 0,
        alarm: PumpAlarm | None = None,
    ) -> Report:
        infusion = self.pump(slot).infusion
        asked = None if infusion is None else infusion.rate_ul_per_h
        return Report(
            drive=drive,
            rate_ul_per_h=asked if rate is None else rate,
            infused_nl=None if infused_ul is None else infused_ul * NL_PER_UL,
            step_nl=STEP_NL,
            alarm=alarm,
        )

    def drives(self, infused_ul: int, *, slot: str = "p1", rate: int | None = None, after_s: float = 0) -> Decision:
        """A look shows that it infuses, and its counter; by default after the time that the granted rate takes."""
        readings, granted = self.pump(slot).sighting.readings, self.infusion(slot).granted_ul_per_h or 0
        more_ul = infused_ul - (readings[-1].infused_nl // NL_PER_UL if readings else 0) if granted else 0
        took_s = after_s or max(0.5, more_ul * 3_600 / max(granted, 1))
        return self.report(Drive.INFUSING, slot=slot, rate=rate, infused_ul=infused_ul, after_s=took_s)

    def flows(self, seconds: float, *, slot: str = "p1", from_ul: int = 0) -> int:
        """It infuses evenly at the granted rate and is looked at twice a second; its counter at the end, in uL."""
        granted = self.infusion(slot).granted_ul_per_h or 0
        for look_no in range(1, round(seconds * 2) + 1):
            self.drives(from_ul + granted * look_no // 7_200, slot=slot, after_s=0.5)
        return from_ul + granted * round(seconds * 2) // 7_200

    def ends(self, outcome: e.Outcome, slot: str = "p1", *, after_s: float = 0.1) -> Decision:
        """The pending command ends."""
        command = self.pump(slot).command
        assert command is not None
        self.wait(after_s)
        return self.take(e.CommandEnded(at_ns=self.now_ns, slot=slot, command_id=command.command_id, outcome=outcome))

    def done(self, drive: Drive, *, slot: str = "p1", rate: int | None = None, infused_ul: int | None = 0) -> Decision:
        """The pending command is done, by this report."""
        report = self.a_report(drive, slot=slot, rate=rate, infused_ul=infused_ul)
        return self.ends(e.Done(report=report, asked_at_ns=self.now_ns), slot)

    def stop_ends(self, outcome: e.Outcome, slot: str = "p1") -> Decision:
        """An attempt at the stop ends."""
        stop = self.pump(slot).stop
        assert stop is not None
        self.wait(0.1)
        return self.take(e.CommandEnded(at_ns=self.now_ns, slot=slot, command_id=stop.command_id, outcome=outcome))

    def stop_confirmed(self, *, slot: str = "p1", infused_ul: int | None = 0) -> Decision:
        """The stop's own report shows no drive."""
        report = self.a_report(Drive.STILL, slot=slot, infused_ul=infused_ul)
        return self.stop_ends(e.Done(report=report, asked_at_ns=self.now_ns), slot)

    def prepared(self, slot: str = "p1") -> Decision:
        """The pump reads back what was just sent to it."""
        (prepare,) = self.sent(Prepare, slot)
        sent = prepare.remaining
        granted = Granted(
            rate_ul_per_h=sent.rate_ul_per_h, volume_nl=sent.volume_nl - sent.volume_nl % STEP_NL,
            lease_s=sent.lease_s, infused_nl=0, step_nl=STEP_NL,
        )  # fmt: skip
        return self.ends(e.Done(granted=granted, asked_at_ns=self.now_ns), slot)

    # --- people -------------------------------------------------------------------------------------------------

    def start(
        self,
        regimen: str = "TRAIN-5MIN",
        *,
        slot: str = "p1",
        actor: Actor | None = NURSE,
        day: int = 1,
        override: r.Override | None = None,
    ) -> Decision:
        """A nurse starts what the review showed."""
        order = order_for(regimen, day=day)
        digest = preview(self.state, slot, order, self.setup, self.now_ns).digest
        return self.take(
            r.StartRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=actor, slot=slot, order=order, digest=digest,
                override=override,
            )
        )  # fmt: skip

    def runs(
        self,
        regimen: str = "TRAIN-5MIN",
        *,
        slot: str = "p1",
        day: int = 1,
        override: r.Override | None = None,
    ) -> None:
        """Ordered, checked, started, and by its own report infusing."""
        if self.pump(slot).sighting.last is None:
            self.connect(slot)
            self.report(slot=slot)
        self.start(regimen, slot=slot, day=day, override=override)
        assert self.reply is not None
        assert self.reply.accepted, self.reply.reasons
        self.prepared(slot)
        self.done(Drive.INFUSING, slot=slot)
        assert self.phase(slot) is Phase.INFUSING

    def paused(self, infused_ul: int, *, slot: str = "p1") -> None:
        """Stopped for a while, by the pump's own report."""
        self.pause(slot)
        self.stop_confirmed(slot=slot, infused_ul=infused_ul)
        assert self.phase(slot) is Phase.STOPPED

    def resumes(self, *, slot: str = "p1", keep: r.Keep = r.Keep.END_TIME) -> None:
        """Resumed, checked, started, and by its own report infusing."""
        self.resume(slot, keep=keep)
        assert self.reply is not None
        assert self.reply.accepted, self.reply.reasons
        self.prepared(slot)
        self.done(Drive.INFUSING, slot=slot)
        assert self.phase(slot) is Phase.INFUSING

    def stop(self, slot: str | None = "p1") -> Decision:
        """Anybody presses STOP; STOP ALL when no slot is named."""
        return self.take(r.StopRequested(at_ns=self.now_ns, request_id=self.request_id(), actor=None, slot=slot))

    def pause(self, slot: str = "p1") -> Decision:
        reason = PauseReason.TOILET
        return self.take(
            r.PauseRequested(at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot=slot, reason=reason)
        )

    def resume(self, slot: str = "p1", *, keep: r.Keep = r.Keep.END_TIME) -> Decision:
        return self.take(
            r.ResumeRequested(at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot=slot, keep=keep)
        )

    def rate(self, rate_ul_per_h: int, slot: str = "p1", *, actor: Actor | None = NURSE) -> Decision:
        return self.take(
            r.RateRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=actor, slot=slot, rate_ul_per_h=rate_ul_per_h
            )
        )

    def rises_to(
        self,
        rate_ul_per_h: int,
        slot: str = "p1",
        *,
        actor: Actor = NURSE,
        override: r.Override | None = None,
        reason: str = "",
        twice: bool = False,
    ) -> Decision:
        """The nurse reads the review of a rise, and confirms it."""
        review = preview_rise(self.state, slot, rate_ul_per_h, self.setup, self.now_ns)
        assert review is not None
        return self.take(r.RateRequested(
            at_ns=self.now_ns, request_id=self.request_id(), actor=actor, slot=slot, rate_ul_per_h=rate_ul_per_h,
            digest=review.digest, override=override, reason=reason,
            repeated_ul_per_h=rate_ul_per_h if twice else None,
        ))  # fmt: skip

    def tap(self, slot: str = "p1") -> Decision:
        """The nurse lets the due step up happen."""
        return self.take(r.StepRequested(at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot=slot))

    def end(self, slot: str = "p1") -> Decision:
        return self.take(r.EndRequested(at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot=slot))

    def rearm(self, slot: str = "p1") -> Decision:
        return self.take(r.RearmRequested(at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot=slot))

    def answer(self, answer: r.Answer, slot: str = "p1") -> Decision:
        return self.take(
            r.DeliveryAnswered(at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot=slot, answer=answer)
        )

    def acknowledge(self, condition: Condition, slot: str | None = "p1") -> Decision:
        alarm = self.alarm(condition, slot)
        assert alarm is not None, self.state.alarms
        request_id = self.request_id()
        return self.take(
            r.AcknowledgeRequested(at_ns=self.now_ns, request_id=request_id, actor=NURSE, alarm_id=alarm.alarm_id)
        )

    # --- the house ----------------------------------------------------------------------------------------------

    def journal(self, *, ok: bool) -> None:
        self.take(e.JournalReported(at_ns=self.now_ns, ok=ok, detail="disk full"))

    def suspended(self, seconds: float) -> None:
        """The host slept; boot time went on."""
        self.wait(seconds)
        self.take(e.ClockJumped(at_ns=self.now_ns, by_ns=round(seconds) * NS_PER_S))

    def asks_to_look(self, slot: str = "p1") -> bool:
        """Did the last decision ask for an observation?"""
        return bool(self.sent(Observe, slot))
