"""Whatever comes, in whatever order: the walls stand.

Persons, buses and clocks send what they like, with stale ends of commands, repeated reports and silly values. Only the
shape of each request is right. What must hold afterwards is checked outside the code that decides: by the walls of
exploring, by a second memory of what people confirmed (confirmed.py), and by limits computed anew (explore_limits.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pumpd.core import arrival_requests as ar
from pumpd.core import care_requests as cr
from pumpd.core import departure_requests as dr
from pumpd.core import events as e
from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import decide, preview, preview_bolus, preview_rise
from pumpd.core.codes import PauseReason, Phase, TimeAway
from pumpd.core.departure import Exit
from pumpd.core.effects import ChangeRate, Effect, Prepare, Start
from pumpd.core.evolve import fold
from pumpd.core.facts import Fact
from pumpd.core.library import Bolus, Cap
from pumpd.core.observing import Measure, Reading, Scale, Sign
from pumpd.core.people import Role
from pumpd.core.programming import to_programme
from pumpd.core.pump import Drive, Granted, Identified, PumpAlarm, Report
from pumpd.core.regimen import Rules
from pumpd.core.series import Disposition
from pumpd.core.standing import RulesFile
from pumpd.core.state import BedState, durable
from pumpd.core.turn import Setup
from pumpd.core.units import NS_PER_H, NS_PER_MS, NS_PER_S
from pumpd.journal_rows import decode, row_of
from pumpd.testing.bed_story import NURSE, OTHER_PUMP, SECOND, THIS_PUMP, order_for
from pumpd.testing.clinical import NE_1000, shipped_rules
from pumpd.testing.confirmed import Confirmed, Shown
from pumpd.testing.departure_story import FIT
from pumpd.testing.explore_judged import Judged
from pumpd.testing.explore_limits import beyond_a_limit, rest_of_pump
from pumpd.testing.explore_walls import judge
from pumpd.testing.path_story import series_order

SLOTS = ("p1", "p2")
DOCTOR = Actor(person="doctor-1", role=Role.PRESCRIBER)
AGREED = r.Override(reason="discussed", second=SECOND)
PRESCRIBED = r.Override(reason="discussed", second=DOCTOR)
slots = st.sampled_from(SLOTS)
LOCKED = replace(NURSE, confirmed=False)
actors = st.sampled_from([NURSE, NURSE, NURSE, DOCTOR, LOCKED, None, Actor(person="a", role=Role.TECHNICIAN)])
overrides = st.sampled_from([None, AGREED, PRESCRIBED, r.Override(reason=" ", second=SECOND)])
volumes = st.one_of(st.none(), st.integers(0, 60_000).map(lambda ul: ul * 1_000), st.just(10**18), st.just(-5))
rates = st.sampled_from([0, -1, 1, 4_200, 5_600, 7_000, 36_000, 54_000, 72_000, 180_000, 10**9])
exits = st.sampled_from(Exit)
patients = st.sampled_from(["patient-1", "patient-2"])
regimens = st.sampled_from(["TRAIN-3STEP", "TRAIN-5MIN", "FM-3H", "CRPS-OP10", "CRPS-OP10", "?"])


def rules() -> Rules:
    """As shipped, but that a site asks for boluses and for a rate that keeps the vein open."""
    shipped = shipped_rules()
    bolus = Bolus(dose_ug_per_kg=Cap(soft=100, hard=300), shortest_s=60, lockout_s=600)
    entries = tuple(
        replace(each, bolus=bolus, kvo_ul_per_h=500) if each.high_alert else each for each in shipped.library.entries
    )
    return replace(shipped, library=replace(shipped.library, entries=entries))


SETUP = Setup(
    rules=rules(),
    pumps=tuple((slot, NE_1000) for slot in SLOTS),
    worst_cycle_ms=tuple((slot, 300) for slot in SLOTS),
    resume_limit_s=900,
    training=True,
    assets=tuple((slot, f"No. {slot}") for slot in SLOTS),
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
        self.confirmed = Confirmed(SLOTS)

    # --- one decision, and what must hold of it -----------------------------------------------------------------

    def take(self, request: r.Request, shown: Shown = None) -> None:
        before = self.state
        decision = decide(before, request, SETUP)
        self.state = decision.state
        assert judge(Judged(before=before, request=request, decision=decision, setup=SETUP)) == []
        self.confirmed.heard(request, shown, decision)
        assert list(self.confirmed.beyond(decision)) == []
        self.durable_facts += [fact for fact in decision.facts if getattr(fact, "DURABLE", True)]
        for effect in decision.effects:
            self.judge(before, effect)

    def judge(self, before: BedState, effect: Effect) -> None:
        """What may give more than before lies within the limits, with all that was given and all that runs."""
        if not isinstance(effect, Start | ChangeRate | Prepare):
            return
        pump = self.state.on(effect.slot)
        if isinstance(effect, Start):
            assert effect.command_id not in self.started, "a start sent twice"
            self.started.add(effect.command_id)
        was = before.on(effect.slot).infusion
        falls = isinstance(effect, ChangeRate) and was is not None and effect.rate_ul_per_h <= was.rate_ul_per_h
        asked = rest_of_pump(pump)
        if asked is not None and not falls:
            assert list(beyond_a_limit(self.state, asked, self.now_ns)) == []

    @invariant()
    def what_is_in_stays_in(self) -> None:
        for pump in self.state.pumps:
            if pump.infusion is not None:
                key = (pump.slot, pump.infusion.infusion_id)
                low = pump.infusion.delivered.low_nl
                assert low >= self.lows.get(key, 0)
                self.lows[key] = low

    def teardown(self) -> None:
        """The journal alone tells the same, through its JSON; and every visit has a way out."""
        told = [
            decode(row.kind, row.version, row.body)
            for row in (row_of(fact, seq=1, boot="b", at_ns=0, wall_ms=0) for fact in self.durable_facts)
        ]
        assert told == self.durable_facts
        assert durable(fold(tuple(self.durable_facts))) == durable(self.state)
        self.lets_everybody_go()

    def lets_everybody_go(self) -> None:
        """From wherever this bed stands, without a word from any pump: STOP, End, and a patient who leaves."""
        for visit in self.state.path.visits:
            for pump in self.state.pumps:
                if pump.infusion is not None and pump.infusion.visit == visit.visit:
                    self.by(r.StopRequested, None, slot=pump.slot)
                    self.by(r.EndRequested, NURSE, slot=pump.slot)
            if visit.is_open:
                self.by(dr.ExitRequested, NURSE, visit=visit.visit, exit=Exit.LEFT, reason="goes", line_off=True)
        assert [each for each in self.state.path.visits if each.is_open] == []
        self.visits("patient-9", "PAIN-4H", empty=False, off=False)
        at_bed = self.state.path.at_bed
        busy = any(
            pump.infusion is not None
            and pump.infusion.visit is None
            and pump.phase in (Phase.CHECKING, Phase.STARTING, Phase.INFUSING, Phase.STOPPED)
            for pump in self.state.pumps
        )
        assert busy or (at_bed is not None and at_bed.patient == "patient-9")

    # --- people -------------------------------------------------------------------------------------------------

    def by(
        self, make: Callable[..., r.PersonRequest], actor: Actor | None, *, shown: Shown = None, **fields: object
    ) -> None:
        self.requests += 1
        self.take(make(at_ns=self.now_ns, request_id=f"r{self.requests}", actor=actor, **fields), shown)

    @rule(slot=slots, late_s=st.sampled_from([-2, 0, 5, 11]))
    def asks_late(self, slot: str, late_s: int) -> None:
        """What was asked before the page hung."""
        self.by(r.ResumeRequested, NURSE, slot=slot, asked_at_ns=self.now_ns - late_s * NS_PER_S)

    @initialize(regimen=regimens, infused_ul=st.integers(0, 600))
    def boots(self, regimen: str, infused_ul: int) -> None:
        self.restart(0, TimeAway.KERNEL, 0)
        for slot in SLOTS:
            self.take(e.PumpIdentified(at_ns=self.now_ns, slot=slot, identified=THIS_PUMP))
            self.take(e.LinkReported(at_ns=self.now_ns, slot=slot, link=e.LinkState.UP, detail=""))
            still = Report(drive=Drive.STILL, rate_ul_per_h=0, infused_nl=0, step_nl=1_000, alarm=None)
            self.take(e.PumpReported(at_ns=self.now_ns, slot=slot, asked_at_ns=self.now_ns, report=still))
        self.runs("p1", infused_ul, regimen)

    @rule(slot=slots, actor=actors, regimen=regimens, override=overrides, aged_s=st.sampled_from([0, 0, 601]))
    def start(
        self, slot: str, actor: Actor | None, regimen: str, override: r.Override | None = None, aged_s: int = 0
    ) -> None:
        order = order_for(regimen)
        shown = preview(self.state, slot, order, SETUP, self.now_ns)
        self.now_ns += aged_s * NS_PER_S
        self.by(
            r.StartRequested, actor, shown=shown, slot=slot, order=order, digest=shown.digest, override=override
        )  # fmt: skip

    @rule(slot=slots, infused_ul=st.integers(0, 600), regimen=regimens)
    def runs(self, slot: str, infused_ul: int, regimen: str) -> None:
        """The straight way to an infusion, which chance alone seldom finds."""
        self.take(e.LinkReported(at_ns=self.now_ns, slot=slot, link=e.LinkState.UP, detail=""))
        self.looks(slot, Drive.STILL, None, None, None, 0)
        self.by(r.PumpConfirmed, NURSE, slot=slot, asset=SETUP.asset(slot))
        self.by(r.RearmRequested, NURSE, slot=slot)
        self.start(slot, NURSE, regimen, AGREED)
        self.ends(slot, "done", 0, Drive.INFUSING)
        self.ends(slot, "done", 0, Drive.INFUSING)
        self.looks(slot, Drive.INFUSING, infused_ul * 1_000, None, None, 0)

    @rule(slot=st.sampled_from([*SLOTS, None, "p9"]), actor=actors)
    def stop(self, slot: str | None, actor: Actor | None) -> None:
        self.by(r.StopRequested, actor, slot=slot)

    @rule(slot=slots, actor=actors)
    def pause(self, slot: str, actor: Actor | None) -> None:
        self.by(r.PauseRequested, actor, slot=slot, reason=PauseReason.OTHER)

    @rule(slot=slots, actor=actors, keep=st.sampled_from(r.Keep))
    def resume(self, slot: str, actor: Actor | None, keep: r.Keep) -> None:
        self.by(r.ResumeRequested, actor, slot=slot, keep=keep)

    @rule(
        slot=slots, actor=actors, rate=st.one_of(rates, st.sampled_from([0.5, 1.0, 1.2, 2.5, 6.0])), override=overrides,
        read=st.booleans(),
    )  # fmt: skip
    def rate(  # hypothesis draws them by name
        self, slot: str, actor: Actor | None, rate: float, override: r.Override | None = None, *, read: bool = True
    ) -> None:
        """A rate, or so many times the present one; read before, and said twice, or neither."""
        infusion = self.state.on(slot).infusion
        wanted = rate if isinstance(rate, int) else int((0 if infusion is None else infusion.rate_ul_per_h) * rate)
        shown = preview_rise(self.state, slot, wanted, SETUP, self.now_ns)
        digest = shown.digest if read and shown is not None else ""
        self.by(
            r.RateRequested, actor, shown=shown, slot=slot, rate_ul_per_h=wanted, digest=digest, override=override,
            repeated_ul_per_h=wanted if read else None,
        )  # fmt: skip

    @rule(
        slot=slots, actor=actors, dose=st.sampled_from([0, 50, 100, 101, 300, 301]), seconds=st.sampled_from([59, 600])
    )
    def bolus(self, slot: str, actor: Actor | None, dose: int, seconds: int) -> None:
        shown = preview_bolus(self.state, slot, SETUP, self.now_ns, dose_ug_per_kg=dose, duration_s=seconds)
        self.by(
            r.BolusRequested, actor, shown=shown, slot=slot, dose_ug_per_kg=dose, duration_s=seconds,
            digest="" if shown is None else shown.digest, override=AGREED,
        )  # fmt: skip

    @rule(slot=slots, actor=actors, said=st.booleans())
    def tap(self, slot: str, actor: Actor | None, *, said: bool) -> None:
        """A step up that was five times the rate has its value said."""
        infusion = self.state.on(slot).infusion
        following = None if infusion is None else infusion.plan[infusion.step + 1 :]
        rate = following[0].rate_ul_per_h if said and following else None
        self.by(r.StepRequested, actor, slot=slot, rate_ul_per_h=rate)

    @rule(slot=slots, actor=actors, right=st.booleans())
    def reads_the_label(self, slot: str, actor: Actor | None, *, right: bool) -> None:
        self.by(r.PumpConfirmed, actor, slot=slot, asset=SETUP.asset(slot) if right else "No. 99")

    @rule(slot=slots, actor=actors, right=st.booleans(), keep=st.sampled_from(r.Keep))
    def hangs_another(self, slot: str, actor: Actor | None, keep: r.Keep, *, right: bool) -> None:
        infusion = self.state.on(slot).infusion
        label = 0 if infusion is None else infusion.programme.concentration_ug_per_ml
        self.by(
            r.ContainerChangeRequested, actor, slot=slot, keep=keep, second=SECOND, concentration_ug_per_ml=label,
            container=infusion.order.container if infusion is not None and right else "?",
        )  # fmt: skip

    @rule(slot=slots, actor=actors, regimen=regimens, volume=st.sampled_from([-1, 0, 2_000_000, 10**12]))
    def says_of_the_line(self, slot: str, actor: Actor | None, regimen: str, volume: int) -> None:
        order = order_for(regimen)
        self.by(r.PrimeConfirmed, actor, slot=slot, regimen=regimen, container=order.container)
        self.by(r.FlushRecorded, actor, slot=slot, volume_nl=volume)
        remark = "spilt" if volume > 0 else ""
        self.by(r.ReconcileRequested, actor, slot=slot, loaded_nl=volume, residual_nl=volume, remark=remark)

    @rule(actor=actors, watcher=st.sampled_from([None, "page"]))
    def pauses_the_sound(self, actor: Actor | None, watcher: str | None) -> None:
        self.by(r.AudioPauseRequested, actor, watcher=watcher)

    @rule(slot=slots, actor=actors, make=st.sampled_from([r.EndRequested, r.RearmRequested]))
    def end_or_rearm(self, slot: str, actor: Actor | None, make: type[r.EndRequested | r.RearmRequested]) -> None:
        self.by(make, actor, slot=slot)

    @rule(slot=slots, actor=actors, answer=st.sampled_from(r.Answer))
    def answer(self, slot: str, actor: Actor | None, answer: r.Answer) -> None:
        self.by(r.DeliveryAnswered, actor, slot=slot, answer=answer)

    @rule(actor=actors, series=st.sampled_from(["s1", "s2"]), number=st.integers(0, 3))
    def comes_to_the_bed(self, actor: Actor | None, series: str, number: int) -> None:
        """On a bed that keeps no path: what is said of visits changes nothing at a pump."""
        self.by(ar.SeriesSignRequested, actor, order=series_order("MDD-2x3", series=series), today_day=20_000)
        visit = f"v{self.requests}"
        self.by(ar.VisitOpenRequested, actor, visit=visit, series=series, number=number, today_day=20_000)

    @rule(
        actor=actors,
        item=st.sampled_from(Measure),
        value=st.integers(-3, 220),
        signs=st.none() | st.lists(st.sampled_from(Sign), max_size=2).map(tuple),
        ago_s=st.integers(-5, 600),
    )
    def observes(
        self, actor: Actor | None, item: Measure, value: int, signs: tuple[Sign, ...] | None, ago_s: int
    ) -> None:
        visits = [each.visit for each in self.state.path.visits]
        visit, taken_at_ns = visits[-1] if visits else "v0", self.now_ns - ago_s * NS_PER_S
        readings = (Reading(item=item, value=value, scale=Scale.RASS if item is Measure.SEDATION else None),)
        self.by(cr.ObserveRequested, actor, visit=visit, taken_at_ns=taken_at_ns, readings=readings, signs=signs)
        self.by(cr.AcceptRequested, actor, visit=visit, item=item, value=value, remark="usual")

    @rule(actor=actors, mine=st.booleans(), last=st.integers(1, 3))
    def says_whose_it_was(self, actor: Actor | None, last: int, *, mine: bool) -> None:
        acts = tuple(each.request_id for each in self.state.unconfirmed[-last:])
        self.by(r.AuthorAnswered, actor, acts=acts, mine=mine)

    @rule(patient=patients, regimen=regimens, empty=st.booleans(), off=st.booleans())
    def visits(self, patient: str, regimen: str, *, empty: bool, off: bool) -> None:
        """A patient comes, perhaps while another one is still there."""
        series, today = f"s{self.requests}", 20_000
        order = replace(series_order(regimen, series=series, today=today), patient=patient)
        self.by(ar.SeriesSignRequested, DOCTOR, order=order, today_day=today)
        self.by(
            ar.VisitOpenRequested, NURSE, visit=f"v{self.requests}", series=series, number=1, today_day=today,
            bed_is_empty=empty, line_off=off,
        )  # fmt: skip

    @rule(
        actor=actors,
        back=st.integers(0, 2),
        way=exits,
        to=st.sampled_from(Disposition),
        off=st.booleans(),
    )
    def goes(self, actor: Actor | None, back: int, way: Exit, to: Disposition, *, off: bool) -> None:
        """Everything about the end of a visit, of one that is here or was."""
        known = self.state.path.visits
        visit = known[-1 - back].visit if back < len(known) else "?"
        self.by(dr.ScoreRequested, actor, visit=visit, padss=FIT, sedation_at_baseline=off)
        self.by(dr.MoveRequested, actor, visit=visit, line_off=off)
        self.by(
            dr.DischargeRequested, actor, visit=visit, to=to, escort_present=off, instructions_given=True,
            handed_over_to="ward 4",
        )  # fmt: skip
        if off:
            self.by(dr.ExitRequested, actor, visit=visit, exit=way, reason="wants to", line_off=back == 0)
        self.by(dr.TellRequested, actor, visit=visit, prescriber="doctor-1")

    @rule(actor=actors, back=st.integers(0, 3))
    def acknowledge(self, actor: Actor | None, back: int) -> None:
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

    @rule(slot=slots, part=st.sampled_from([0.5, 1.0, 1.0, 1.1]))
    def flows_on(self, slot: str, part: float) -> None:
        """Evenly, for a part of the present step or a little beyond its end."""
        pump = self.state.on(slot)
        infusion = pump.infusion
        if (
            pump.phase is not Phase.INFUSING
            or infusion is None
            or infusion.leg is None
            or not infusion.granted_ul_per_h
        ):
            return
        left_nl = max(0, infusion.boundary_nl(infusion.step) - infusion.delivered.low_nl) + 5_000
        readings = pump.sighting.readings
        more_nl = min(int(left_nl * part), infusion.leg.granted.volume_nl)
        counter = min((readings[-1].infused_nl if readings else 0) + more_nl, infusion.leg.granted.volume_nl)
        self.now_ns += more_nl * NS_PER_H // (infusion.granted_ul_per_h * 1_000)
        drive = Drive.STILL if counter == infusion.leg.granted.volume_nl else Drive.INFUSING
        self.looks(slot, drive, counter, None, None, 50)

    @rule(slot=slots, times=st.sampled_from([1.05, 1.2, 2.5]))
    def is_raised(self, slot: str, times: float) -> None:
        """The straight way to a rate that the order did not foresee."""
        self.goes_on(slot, 0, 500)
        self.rate(slot, NURSE, times, PRESCRIBED)
        self.ends(slot, "done", 0, Drive.STILL if self.state.on(slot).stop else Drive.INFUSING)

    @rule(slot=slots, dose=st.sampled_from([50, 100]))
    def bolus_runs(self, slot: str, dose: int) -> None:
        """The straight way to a bolus."""
        for alarm in self.state.alarms:
            self.by(r.AcknowledgeRequested, NURSE, alarm_id=alarm.alarm_id)
        self.bolus(slot, DOCTOR, dose, 600)
        for _ in range(3):
            self.ends(slot, "done", 0, Drive.STILL if self.state.on(slot).stop else Drive.INFUSING)

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
                asked = to_programme(pump.infusion, NE_1000)
                granted = Granted(
                    rate_ul_per_h=asked.rate_ul_per_h, volume_nl=max(0, asked.volume_nl), lease_s=asked.lease_s,
                    infused_nl=0, step_nl=1_000,
                )  # fmt: skip
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

    @rule(ms=st.sampled_from([0, 100, 600, 6_000, 16_000, 40_000, 1_000_000, 5_000_000]))
    def tick(self, ms: int) -> None:
        self.now_ns += ms * NS_PER_MS
        self.take(e.Ticked(at_ns=self.now_ns))

    @rule(
        changed=st.lists(st.sampled_from(RulesFile), unique=True),
        today=st.integers(19_999, 20_002),
        pages=st.integers(0, 2),
    )
    def day_files_and_pages(self, changed: list[RulesFile], today: int, pages: int) -> None:
        self.take(e.DayBegan(at_ns=self.now_ns, today_day=today))
        self.take(e.FilesCompared(at_ns=self.now_ns, changed=tuple(changed)))
        self.take(e.PagesListen(at_ns=self.now_ns, watcher="page", pages=pages))
        self.take(e.WatcherGone(at_ns=self.now_ns, watcher="page"))

    @rule(ok=st.booleans())
    def journal(self, *, ok: bool) -> None:
        self.take(e.JournalReported(at_ns=self.now_ns, ok=ok, detail="disk"))

    @rule(seconds=st.integers(1, 100))
    def suspended(self, seconds: int) -> None:
        self.now_ns += seconds * NS_PER_S
        self.take(e.ClockJumped(at_ns=self.now_ns, by_ns=seconds * NS_PER_S))

    @rule(away_s=st.sampled_from([0, 3, 20, 100, 4_000]), away=st.sampled_from(TimeAway), off_s=st.integers(0, 50))
    def restart(self, away_s: int, away: TimeAway, off_s: int) -> None:
        """A new run of the daemon, after the journal alone; of the machine too, where its clock did not go on.

        The clock of the new boot then says something else, and the journal's times are moved in the safe direction.
        """
        self.now_ns += away_s * NS_PER_S
        self.state = durable(self.state)
        shift_s = 0 if away is TimeAway.KERNEL else off_s
        self.now_ns += shift_s * NS_PER_S
        moving = (Phase.STARTING, Phase.INFUSING)
        was = {pump.slot: pump.phase for pump in self.state.pumps}
        self.take(
            e.Booted(
                at_ns=self.now_ns, boot=f"b{self.now_ns}", kernel_boot="k", shift_ns=shift_s * NS_PER_S, slots=SLOTS,
                today_day=20_000, away=away,
            )
        )  # fmt: skip
        for pump in self.state.pumps:
            assert was.get(pump.slot) not in moving or pump.phase is Phase.UNCERTAIN


def test_any_bed_sends_every_kind_of_request_that_there_is() -> None:
    """A request that is added later has to be added here; those of the path are sent by test_path_any.py."""
    source = inspect.getsource(AnyBed)
    kinds = set(get_args(r.Request)) - set(get_args(r.PathRequest))
    assert [kind.__name__ for kind in kinds if f".{kind.__name__}" not in source] == []


TestAnyBed = AnyBed.TestCase
TestAnyBed.pytestmark = [pytest.mark.requirement("LIB-03", "CMD-08")]  # type: ignore[attr-defined]  # pytest reads it
TestAnyBed.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
