"""A visit and its infusion together, in any order: people at the bed, the pump with its own will, and time.

test_path_any.py asks whatever can be asked on the path, test_bed_any.py whatever can happen at pumps; here both meet.
Patients come, pass their gates or do not, are started, observed, paused, changed over, moved, scored and sent home,
while commands end in every way, counters stand still, links go and the daemon comes back. What must hold of it:

- nothing was ever set going for a visit one of whose gates was closed, or for a patient who has left the bed
- nothing goes up while what was seen, or what nobody looked at, speaks against it
- what a visit has had never shrinks, and the next patient has had nothing
- from every state every patient can leave, without a word from any pump
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import Decision
from pumpd.core.care_requests import EmergencyOverRequested, EmergencyRequested, InfiltrationRequested
from pumpd.core.codes import PauseReason, Phase
from pumpd.core.departure import Exit
from pumpd.core.effects import ChangeRate, Prepare, Start
from pumpd.core.events import Done, LinkState, Refused, Unknown
from pumpd.core.gates_of_care import against_going_up
from pumpd.core.observing import Measure, WhyNot
from pumpd.core.pump import Drive, Granted, PumpAlarm, Remaining
from pumpd.core.units import NL_PER_UL
from pumpd.core.visit import Place
from pumpd.testing.bed_story import NURSE, SECOND, STEP_NL
from pumpd.testing.departure_story import DepartureStory
from pumpd.testing.explore_visits import all_leave
from pumpd.testing.path_story import WELL

SEEN: tuple[dict[Measure, int | WhyNot], ...] = (
    {}, {}, {Measure.SYSTOLIC: 190}, {Measure.SPO2: 86}, {Measure.SPO2: WhyNot.NO_EQUIPMENT}, {Measure.SEDATION: 3},
)  # fmt: skip
REGIMENS = ("MDD-2x3", "PAIN-4H")
AT_REST = (Phase.IDLE, Phase.ENDED)


class Watched(DepartureStory):
    """After each request: was anything set going that must not be?"""

    prepare: Prepare | None = None  # the last that was sent

    def take(self, request: r.Request) -> Decision:
        before, pump = self.state, self.state.pump("p1")
        infusion = None if pump is None else pump.infusion
        decision = super().take(request)
        for effect in decision.effects:
            now = self.pump().infusion
            if not isinstance(effect, Prepare | Start | ChangeRate) or now is None or now.visit is None:
                continue
            self.prepare = effect if isinstance(effect, Prepare) else self.prepare
            assert self.known(now.visit).place is Place.AT_BED, "set going for a patient who has left"
            falls = (
                isinstance(effect, ChangeRate) and infusion is not None and now.rate_ul_per_h <= infusion.rate_ul_per_h
            )
            visit = before.path.visit(now.visit)
            assert visit is not None
            if not falls and not isinstance(effect, Start):  # a start was let when it was prepared
                assert against_going_up(before, visit, self.now_ns) == []
        return decision


class AnyVisit(RuleBasedStateMachine):
    @initialize(regimen=st.sampled_from(REGIMENS), values=st.none() | st.sampled_from(SEEN))
    def begins(self, regimen: str, values: dict[Measure, int | WhyNot] | None = None) -> None:
        """A drug runs; perhaps it was stopped and somebody looked, too."""
        self.story = story = Watched()
        self.patients = 0
        self.infused_ul = 0
        self.had_nl: dict[str, int] = {}
        story.connected()
        self.comes(regimen=regimen, empty=False, off=False)
        self.passes()
        self.starts()
        self.carries_it_out()
        if values is not None:
            self.rests(values, 0)

    @invariant()
    def what_a_visit_has_had_stays(self) -> None:
        for visit in self.story.state.path.visits:
            had_nl = sum(dose.delivered.low_nl for dose in visit.doses)
            assert had_nl >= self.had_nl.get(visit.visit, 0)
            self.had_nl[visit.visit] = had_nl

    @invariant()
    def everybody_can_leave(self) -> None:
        _, kept = all_leave(self.story.state, self.story.setup, self.story.now_ns)
        assert kept == []

    # --- people -------------------------------------------------------------------------------------------------

    @rule(regimen=st.sampled_from(REGIMENS), empty=st.booleans(), off=st.booleans())
    def comes(self, *, regimen: str, empty: bool, off: bool) -> None:
        """The next patient, perhaps while another one is still there."""
        number = self.patients + 1
        self.story.sign(regimen, series=f"s{number}", patient=f"patient-{number}")
        if empty:
            self.story.next_patient(series=f"s{number}", visit=f"v{number}", line_off=off)
        else:
            self.story.opens(series=f"s{number}", visit=f"v{number}")
        if self.story.state.path.visit(f"v{number}") is not None:
            visit = self.story.visit
            assert (visit.patient, visit.answers, visit.doses) == (f"patient-{number}", (), ())
        self.patients = number

    @precondition(lambda self: self.story.state.path.at_bed is not None)
    @rule(skip=st.sampled_from(["", "", "", "weighs", "reads_label", "second_checks", "baseline"]))
    def passes(self, *, skip: str = "") -> None:
        """Every gate before a start, but perhaps one."""
        story = self.story
        story.identified()
        story.answers()
        story.goes_home_with_an_escort()
        story.risk()
        story.checks_line()
        story.primes()
        for each in (story.weighs, story.reads_label, story.second_checks, story.baseline):
            if each.__name__ != skip:
                each()

    @precondition(lambda self: self.story.state.path.at_bed is not None)
    @rule()
    def starts(self) -> None:
        closed = self.story.missing
        self.story.start_visit()
        assert self.story.reply is not None
        assert not (self.story.reply.accepted and closed), closed

    @precondition(lambda self: self.story.state.path.at_bed is not None)
    @rule(seconds=st.sampled_from([0, 4, 60]))
    def runs(self, seconds: int) -> None:
        """The straight way to a drug that runs, or runs again, which chance alone seldom finds."""
        story = self.story
        story.link(LinkState.UP)
        story.report(Drive.STILL, infused_ul=self.infused_ul)
        if story.visit.care.emergency is not None:
            story.by(EmergencyOverRequested)
        story.observes({**WELL})
        if story.phase() is Phase.STOPPED:
            story.resume()
        elif story.phase() in AT_REST:
            self.passes()
            self.starts()
        self.carries_it_out()
        if story.phase() is Phase.INFUSING and seconds:
            story.runs_on(seconds)
            self.infused_ul = story.pump().sighting.readings[-1].infused_nl // NL_PER_UL

    @precondition(lambda self: self.story.phase() is Phase.INFUSING and self.story.state.path.at_bed is not None)
    @rule(values=st.sampled_from(SEEN), gone_s=st.sampled_from([0, 900]))
    def rests(self, values: dict[Measure, int | WhyNot], gone_s: int) -> None:
        """It is stopped, somebody looks, and perhaps much later wants it to go on."""
        story = self.story
        story.stop()
        story.stop_confirmed(infused_ul=self.infused_ul)
        story.observes({**WELL, **values})
        story.tick(gone_s)
        story.report(Drive.STILL, infused_ul=self.infused_ul)
        story.resume()
        self.carries_it_out()

    def carries_it_out(self) -> None:
        """Whatever waits for the pump is done as asked."""
        for _ in range(2):
            if self.story.pump().command is not None:
                self.command_ends("done")

    @rule(actor=st.sampled_from([NURSE, None]))
    def stops(self, actor: Actor | None) -> None:
        story = self.story
        story.take(r.StopRequested(at_ns=story.now_ns, request_id=story.request_id(), actor=actor, slot="p1"))
        assert story.phase() not in {Phase.INFUSING, Phase.STARTING, Phase.CHECKING}

    @rule(why=st.sampled_from(PauseReason))
    def pauses(self, why: PauseReason) -> None:
        story = self.story
        story.take(
            r.PauseRequested(at_ns=story.now_ns, request_id=story.request_id(), actor=NURSE, slot="p1", reason=why)
        )

    @rule()
    def resumes(self) -> None:
        self.story.resume()

    @rule()
    def ends(self) -> None:
        self.story.end()

    @precondition(lambda self: self.story.pump().infusion is not None)
    @rule(percent=st.sampled_from([50, 75, 100, 130]))
    def titrates(self, percent: int) -> None:
        infusion = self.story.infusion()
        wanted = infusion.rate_ul_per_h * percent // 1_000 * 10
        self.story.rate(wanted)

    @precondition(lambda self: self.story.pump().infusion is not None and self.story.state.path.at_bed is not None)
    @rule(read=st.booleans())
    def hangs_another(self, *, read: bool) -> None:
        story, infusion = self.story, self.story.infusion()
        if read:
            story.reads_label(lot="L 18")
            story.second_checks()
        story.take(
            r.ContainerChangeRequested(
                at_ns=story.now_ns, request_id=story.request_id(), actor=NURSE, slot="p1",
                container=infusion.order.container, lot="L 18", second=SECOND,
                concentration_ug_per_ml=infusion.programme.concentration_ug_per_ml,
            )
        )  # fmt: skip

    @precondition(lambda self: self.patients > 0)
    @rule(values=st.sampled_from(SEEN), data=st.data())
    def observes(self, values: dict[Measure, int | WhyNot], data: st.DataObject) -> None:
        self.story.observes({**WELL, **values}, visit=self.one_of_them(data))

    @rule(make=st.sampled_from([EmergencyRequested, EmergencyOverRequested]), data=st.data())
    def calls_an_emergency(self, make: Any, data: st.DataObject) -> None:  # noqa: ANN401  # one of two requests
        self.story.by(make, visit=self.one_of_them(data))

    @rule(data=st.data())
    def ran_beside_the_vein(self, data: st.DataObject) -> None:
        self.story.by(InfiltrationRequested, visit=self.one_of_them(data), slot="p1")

    @rule(data=st.data(), off=st.booleans())
    def moves(self, data: st.DataObject, *, off: bool) -> None:
        self.story.moves(self.one_of_them(data), line_off=off)

    @rule(data=st.data(), escort=st.booleans())
    def goes_home(self, data: st.DataObject, *, escort: bool) -> None:
        visit = self.one_of_them(data)
        self.story.scores(visit=visit)
        self.story.asks_about_risk(found=False, visit=visit)
        self.story.goes_home(visit=visit, escort=escort)

    @rule(data=st.data(), way=st.sampled_from(Exit), off=st.booleans())
    def leaves(self, data: st.DataObject, way: Exit, *, off: bool) -> None:
        self.story.leaves(way, visit=self.one_of_them(data), line_off=off)

    def one_of_them(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from([f"v{number}" for number in range(1, self.patients + 1)]))

    # --- the pump, its link, and time ---------------------------------------------------------------------------

    @precondition(lambda self: self.story.pump().command is not None)
    @rule(how=st.sampled_from(["done", "done", "done", "done", "unknown", "refused"]))
    def command_ends(self, how: str) -> None:
        story = self.story
        if how == "unknown":
            story.ends(Unknown(detail="no reply"))
        elif how == "refused":
            story.ends(Refused(detail="not now"))
        elif story.phase() is Phase.CHECKING and story.prepare is not None:
            self.is_read_back(story.prepare.remaining)
        else:
            story.done(Drive.INFUSING, infused_ul=self.infused_ul)

    def is_read_back(self, sent: Remaining) -> None:
        granted = Granted(
            rate_ul_per_h=sent.rate_ul_per_h, volume_nl=sent.volume_nl - sent.volume_nl % STEP_NL, lease_s=sent.lease_s,
            infused_nl=0, step_nl=STEP_NL,
        )  # fmt: skip
        self.infused_ul = 0
        self.story.ends(Done(granted=granted, asked_at_ns=self.story.now_ns))

    @precondition(lambda self: self.story.pump().stop is not None)
    @rule(known=st.booleans())
    def stop_ends(self, *, known: bool) -> None:
        if known:
            self.story.stop_confirmed(infused_ul=self.infused_ul)
        else:
            self.story.stop_ends(Unknown(detail="no reply"))

    @rule(
        more_ul=st.sampled_from([0, 5, 200, 5_000]),
        drive=st.sampled_from([Drive.INFUSING, Drive.INFUSING, Drive.STILL]),
        alarm=st.sampled_from([None, None, None, PumpAlarm.EMPTY, PumpAlarm.STALL]),
    )
    def is_looked_at(self, more_ul: int, drive: Drive, alarm: PumpAlarm | None) -> None:
        if self.story.phase() not in AT_REST and drive is Drive.INFUSING:
            self.infused_ul += more_ul
            self.story.drives(self.infused_ul)
        else:
            self.story.report(Drive.STILL, infused_ul=self.infused_ul, alarm=alarm)

    @rule(link=st.sampled_from([LinkState.UP, LinkState.UP, LinkState.SILENT]))
    def link_changes(self, link: LinkState) -> None:
        self.story.link(link)

    @rule(seconds=st.sampled_from([1, 60, 600, 600, 10_800]))
    def time_passes(self, seconds: int) -> None:
        self.story.tick(seconds)

    @rule(away_s=st.sampled_from([0, 0, 30, 600]))
    def comes_back(self, away_s: int) -> None:
        self.story.boot(away_s=away_s)
        self.story.connect()


AnyVisit.TestCase.settings = settings(max_examples=40, stateful_step_count=40)
TestAnyVisit = AnyVisit.TestCase
