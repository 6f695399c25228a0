"""Whatever comes, in whatever order: the walls stand.

Persons, buses and clocks send what they like, with stale ends of commands, repeated reports and silly values. Only the
shape of each request is right. What must hold afterwards is checked outside the code that decides.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pumpd.core import events as e
from pumpd.core import requests as r
from pumpd.core.bed import decide, preview
from pumpd.core.codes import PauseReason, Phase
from pumpd.core.effects import ChangeRate, Effect, Prepare, Start, When
from pumpd.core.evolve import fold
from pumpd.core.facts import Fact, StepTaken
from pumpd.core.people import Role
from pumpd.core.pump import Drive, Granted, Identified, PumpAlarm, Report
from pumpd.core.state import BedState, durable
from pumpd.core.turn import Setup
from pumpd.core.units import NS_PER_MS, NS_PER_S
from pumpd.journal_rows import decode, row_of
from pumpd.testing.bed_faults import faults_of
from pumpd.testing.bed_story import NURSE, OTHER_PUMP, THIS_PUMP, order_for
from pumpd.testing.clinical import NE_1000, shipped_rules

SLOTS = ("p1", "p2")
slots = st.sampled_from(SLOTS)
actors = st.sampled_from([NURSE, NURSE, NURSE, None, r.Actor(person="a", role=Role.ADMINISTRATOR)])
volumes = st.one_of(st.none(), st.integers(0, 60_000).map(lambda ul: ul * 1_000), st.just(10**18), st.just(-5))
rates = st.sampled_from([0, -1, 1, 4_200, 5_600, 7_000, 36_000, 54_000, 72_000, 180_000, 10**9])
SETUP = Setup(
    rules=shipped_rules(),
    pumps=tuple((slot, NE_1000) for slot in SLOTS),
    worst_cycle_ms=tuple((slot, 300) for slot in SLOTS),
    resume_limit_s=900,
    training=True,
)


class AnyBed(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.state = BedState()
        self.durable_facts: list[Fact] = []
        self.now_ns = 10 * NS_PER_S
        self.requests = 0
        self.started: set[int] = set()
        self.lows: dict[tuple[str, int], int] = {}

    # --- one decision, and what must hold of it -----------------------------------------------------------------

    def take(self, request: r.Request) -> None:
        before = self.state
        decision = decide(before, request, SETUP)
        self.state = decision.state
        assert faults_of(before, request, decision.facts, decision.state) == []
        self.durable_facts += [fact for fact in decision.facts if getattr(fact, "DURABLE", True)]
        for effect in decision.effects:
            self.judge(before, request, decision.facts, effect)

    def judge(self, before: BedState, request: r.Request, facts: tuple[Fact, ...], effect: Effect) -> None:
        if not isinstance(effect, Start | ChangeRate | Prepare):
            return
        pump = self.state.pump(effect.slot)
        assert pump is not None
        assert pump.infusion is not None
        if effect.when is When.AFTER_COMMIT:
            assert before.journal_ok, "a start or raise while nothing becomes durable"
        infusion = pump.infusion
        present = infusion.plan[infusion.step].rate_ul_per_h
        if isinstance(effect, Start):
            assert effect.when is When.AFTER_COMMIT
            assert pump.stop is None, "a start beside a stop"
            assert effect.command_id not in self.started, "a start sent twice"
            self.started.add(effect.command_id)
            assert infusion.rate_ul_per_h <= present
        elif isinstance(effect, Prepare):
            assert effect.remaining.rate_ul_per_h <= present, "a rate that nobody confirmed"
            assert effect.remaining.volume_nl + infusion.delivered.high_nl <= infusion.programme.total_nl
        else:
            assert effect.rate_ul_per_h <= present, "a rate that nobody confirmed"
            was = before.pump(effect.slot)
            assert was is not None
            assert was.infusion is not None
            if effect.rate_ul_per_h > (was.infusion.granted_ul_per_h or 0):
                assert pump.stop is None, "a raise beside a stop"
                assert effect.when is When.AFTER_COMMIT
                asked_for = isinstance(request, r.RateRequested | r.StepRequested)
                stepped = any(isinstance(fact, StepTaken) for fact in facts)
                assert asked_for or stepped, "a raise that neither a person nor the programme asked for"

    @invariant()
    def what_is_in_stays_in(self) -> None:
        for pump in self.state.pumps:
            if pump.infusion is not None:
                key = (pump.slot, pump.infusion.infusion_id)
                low = pump.infusion.delivered.low_nl
                assert low >= self.lows.get(key, 0)
                self.lows[key] = low

    def teardown(self) -> None:
        """The journal alone tells the same, through its JSON."""
        told = [
            decode(row.kind, row.version, row.body)
            for row in (row_of(fact, seq=1, boot="b", at_ns=0, wall_ms=0) for fact in self.durable_facts)
        ]
        assert told == self.durable_facts
        assert durable(fold(tuple(self.durable_facts))) == durable(self.state)

    # --- people -------------------------------------------------------------------------------------------------

    def by(self, make: Callable[..., r.PersonRequest], actor: r.Actor | None, **fields: object) -> None:
        self.requests += 1
        self.take(make(at_ns=self.now_ns, request_id=f"r{self.requests}", actor=actor, **fields))

    @initialize()
    def boots(self) -> None:
        self.restart(0)
        for slot in SLOTS:
            self.take(e.PumpIdentified(at_ns=self.now_ns, slot=slot, identified=THIS_PUMP))
            self.take(e.LinkReported(at_ns=self.now_ns, slot=slot, link=e.LinkState.UP, detail=""))
            still = Report(drive=Drive.STILL, rate_ul_per_h=0, infused_nl=0, step_nl=1_000, alarm=None)
            self.take(e.PumpReported(at_ns=self.now_ns, slot=slot, asked_at_ns=self.now_ns, report=still))

    @rule(slot=slots, actor=actors, regimen=st.sampled_from(["TRAIN-3STEP", "TRAIN-5MIN", "FM-3H", "CRPS-OP10", "?"]))
    def start(self, slot: str, actor: r.Actor | None, regimen: str) -> None:
        order = order_for(regimen)
        digest = preview(self.state, slot, order, SETUP, self.now_ns).digest
        self.by(r.StartRequested, actor, slot=slot, order=order, digest=digest)

    @rule(slot=slots, infused_ul=st.integers(0, 600))
    def runs(self, slot: str, infused_ul: int) -> None:
        """The straight way to an infusion, which chance alone seldom finds."""
        self.take(e.LinkReported(at_ns=self.now_ns, slot=slot, link=e.LinkState.UP, detail=""))
        self.looks(slot, Drive.STILL, None, None, None, 0)
        self.by(r.RearmRequested, NURSE, slot=slot)
        self.start(slot, NURSE, "TRAIN-5MIN")
        self.ends(slot, "done", 0, Drive.INFUSING)
        self.ends(slot, "done", 0, Drive.INFUSING)
        self.looks(slot, Drive.INFUSING, infused_ul * 1_000, None, None, 0)

    @rule(slot=st.sampled_from([*SLOTS, None, "p9"]), actor=actors)
    def stop(self, slot: str | None, actor: r.Actor | None) -> None:
        self.by(r.StopRequested, actor, slot=slot)

    @rule(slot=slots, actor=actors)
    def pause(self, slot: str, actor: r.Actor | None) -> None:
        self.by(r.PauseRequested, actor, slot=slot, reason=PauseReason.OTHER)

    @rule(slot=slots, actor=actors, keep=st.sampled_from(r.Keep))
    def resume(self, slot: str, actor: r.Actor | None, keep: r.Keep) -> None:
        self.by(r.ResumeRequested, actor, slot=slot, keep=keep)

    @rule(slot=slots, actor=actors, rate=rates)
    def rate(self, slot: str, actor: r.Actor | None, rate: int) -> None:
        self.by(r.RateRequested, actor, slot=slot, rate_ul_per_h=rate)

    @rule(slot=slots, actor=actors)
    def tap(self, slot: str, actor: r.Actor | None) -> None:
        self.by(r.StepRequested, actor, slot=slot)

    @rule(slot=slots, actor=actors, make=st.sampled_from([r.EndRequested, r.RearmRequested]))
    def end_or_rearm(self, slot: str, actor: r.Actor | None, make: type[r.EndRequested | r.RearmRequested]) -> None:
        self.by(make, actor, slot=slot)

    @rule(slot=slots, answer=st.sampled_from(r.Answer))
    def answer(self, slot: str, answer: r.Answer) -> None:
        self.by(r.DeliveryAnswered, None, slot=slot, answer=answer)

    @rule(actor=actors, back=st.integers(0, 3))
    def acknowledge(self, actor: r.Actor | None, back: int) -> None:
        self.by(r.AcknowledgeRequested, actor, alarm_id=max(0, self.state.next_alarm_id - 1 - back))

    # --- the bus ------------------------------------------------------------------------------------------------

    @rule(
        slot=slots,
        drive=st.sampled_from(Drive),
        infused=volumes,
        rate=st.one_of(st.none(), rates),
        alarm=st.one_of(st.none(), st.none(), st.sampled_from(PumpAlarm)),
        ago_ms=st.sampled_from([0, 50, 3_000]),
    )
    def looks(  # noqa: PLR0917  # hypothesis draws them by name
        self, slot: str, drive: Drive, infused: int | None, rate: int | None, alarm: PumpAlarm | None, ago_ms: int
    ) -> None:
        report = self.a_report(slot, drive, infused, rate, alarm)
        asked = self.now_ns - ago_ms * NS_PER_MS
        self.take(e.PumpReported(at_ns=self.now_ns, slot=slot, asked_at_ns=asked, report=report))

    @rule(slot=slots, more_ul=st.integers(0, 1_500), ms=st.sampled_from([500, 5_000, 31_000]))
    def goes_on(self, slot: str, more_ul: int, ms: int) -> None:
        """It infuses as it should, if it should."""
        pump = self.state.pump(slot)
        assert pump is not None
        if pump.phase not in (Phase.INFUSING, Phase.UNCERTAIN):
            return
        self.now_ns += ms * NS_PER_MS
        readings = pump.sighting.readings
        counter = (readings[-1].infused_nl if readings else 0) + more_ul * 1_000
        self.take(e.LinkReported(at_ns=self.now_ns, slot=slot, link=e.LinkState.UP, detail=""))
        self.looks(slot, Drive.INFUSING, counter, None, None, 50)

    def a_report(
        self, slot: str, drive: Drive, infused: int | None, rate: int | None, alarm: PumpAlarm | None = None
    ) -> Report:
        """Without a rate: the one it should have."""
        pump = self.state.pump(slot)
        infusion = None if pump is None else pump.infusion
        fits = None if infusion is None else infusion.rate_ul_per_h
        return Report(
            drive=drive, rate_ul_per_h=fits if rate is None else rate, infused_nl=infused, step_nl=1_000, alarm=alarm
        )

    @rule(
        slot=slots,
        how=st.sampled_from(["done", "done", "done", "refused", "unknown", "overtaken", "empty"]),
        back=st.sampled_from([0, 0, 0, 1, 2, 7]),
        drive=st.sampled_from(Drive),
    )
    def ends(self, slot: str, how: str, back: int, drive: Drive) -> None:
        """The command of this pump ends, or one that ended long ago, or never was."""
        pump = self.state.pump(slot)
        assert pump is not None
        command = pump.command or pump.stop
        command_id = (self.state.next_command_id if command is None else command.command_id) - back
        report = self.a_report(slot, drive, None, None)
        outcome: e.Outcome = e.Overtaken()
        if how == "done":
            granted = None
            if pump.infusion is not None:
                infusion = pump.infusion
                granted = Granted(
                    rate_ul_per_h=infusion.rate_ul_per_h,
                    volume_nl=max(0, infusion.total_nl - infusion.delivered.high_nl),
                    lease_s=infusion.programme.lease_s,
                    infused_nl=0,
                    step_nl=1_000,
                )
            outcome = e.Done(granted=granted, report=report, asked_at_ns=self.now_ns)
        elif how == "refused":
            outcome = e.Refused(detail="?", alarm=PumpAlarm.STALL if back == 0 else None)
        elif how == "unknown":
            outcome = e.Unknown(detail="?")
        elif how == "empty":
            outcome = e.Done()
        self.take(e.CommandEnded(at_ns=self.now_ns, slot=slot, command_id=command_id, outcome=outcome))

    @rule(slot=slots, who=st.sampled_from([THIS_PUMP, THIS_PUMP, OTHER_PUMP]))
    def identifies(self, slot: str, who: Identified) -> None:
        self.take(e.PumpIdentified(at_ns=self.now_ns, slot=slot, identified=who))
        self.take(e.LinkReported(at_ns=self.now_ns, slot=slot, link=e.LinkState.UP, detail="named itself"))

    @rule(slot=st.sampled_from([*SLOTS, "p9"]), link=st.sampled_from(e.LinkState))
    def link(self, slot: str, link: e.LinkState) -> None:
        self.take(e.LinkReported(at_ns=self.now_ns, slot=slot, link=link, detail=link.value))

    @rule(slot=slots)
    def silent(self, slot: str) -> None:
        self.take(e.PumpSilent(at_ns=self.now_ns, slot=slot, detail="no reply"))

    @rule(slot=slots, alarm=st.sampled_from(PumpAlarm))
    def alarm_frame(self, slot: str, alarm: PumpAlarm) -> None:
        self.take(e.AlarmSeen(at_ns=self.now_ns, slot=slot, alarm=alarm))

    # --- the house ----------------------------------------------------------------------------------------------

    @rule(ms=st.sampled_from([0, 100, 600, 6_000, 16_000, 40_000, 1_000_000]))
    def tick(self, ms: int) -> None:
        self.now_ns += ms * NS_PER_MS
        self.take(e.Ticked(at_ns=self.now_ns))

    @rule(ok=st.booleans())
    def journal(self, *, ok: bool) -> None:
        self.take(e.JournalReported(at_ns=self.now_ns, ok=ok, detail="disk"))

    @rule(seconds=st.integers(1, 100))
    def suspended(self, seconds: int) -> None:
        self.now_ns += seconds * NS_PER_S
        self.take(e.ClockJumped(at_ns=self.now_ns, by_ns=seconds * NS_PER_S))

    @rule(away_s=st.integers(0, 100))
    def restart(self, away_s: int) -> None:
        """A new run of the daemon, after the journal alone."""
        self.now_ns += away_s * NS_PER_S
        self.state = durable(self.state)
        moving = (Phase.STARTING, Phase.INFUSING)
        was = {pump.slot: pump.phase for pump in self.state.pumps}
        self.take(
            e.Booted(at_ns=self.now_ns, boot=f"b{self.now_ns}", kernel_boot="k", shift_ns=away_s - 50, slots=SLOTS)
        )
        for pump in self.state.pumps:
            assert was.get(pump.slot) not in moving or pump.phase is Phase.UNCERTAIN


TestAnyBed = AnyBed.TestCase
TestAnyBed.pytestmark = [pytest.mark.requirement("LIB-03", "CMD-08")]  # type: ignore[attr-defined]  # pytest reads it
TestAnyBed.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
