"""Anything that anybody may ask on the nurse's path, in any order, beside whatever the pump does.

Every kind of request of the path is drawn whole, with ids that hit often, so that one that is added later is asked here
at once. After each request the story's own checks hold (state is the fold of the facts, phases go along their table),
no request is answered by an error, and nothing on the path ever moves a pump.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.bed import decide
from pumpd.core.care_requests import EmergencyRequested, InfiltrationRequested
from pumpd.core.codes import Phase
from pumpd.core.departure import Exit
from pumpd.core.departure_requests import ExitRequested
from pumpd.core.effects import Reply, Stop
from pumpd.core.people import Role
from pumpd.core.visit import Place
from pumpd.testing.bed_story import NURSE, SECOND
from pumpd.testing.path_story import PRESCRIBER, PathStory, series_order

ids = st.sampled_from(["s1", "s2", "v1", "v2", "nobody"])
names = {
    "slot": st.sampled_from(["p1", "p9"]),
    "series": st.sampled_from(["s1", "s2"]),
    "visit": st.sampled_from(["v1", "v1", "v2", "nobody"]),
}
kinds = [each for part in get_args(r.PathRequest) for each in (get_args(part) or (part,))]
actors = st.sampled_from([NURSE, NURSE, SECOND, PRESCRIBER, None, Actor(person="v", role=Role.VIEWER)])
amounts = st.sampled_from([-1, 0, 1, 2, 70_000, 78_000, 10**15])


def drawn(data: st.DataObject, kind: type, story: PathStory) -> r.PathRequest:
    """A request of this kind; the series of `series_order`, since an order of nonsense is refused by its name."""
    given: dict[str, st.SearchStrategy[object]] = {
        each: strategy for each, strategy in names.items() if each in {field.name for field in fields(kind)}
    }
    if "order" in {field.name for field in fields(kind)}:
        regimens = st.sampled_from(["MDD-2x3", "PAIN-4H", "none"])
        given["order"] = st.tuples(regimens, ids).map(lambda both: series_order(both[0], series=both[1]))
    request: r.PathRequest = data.draw(st.builds(kind, **given))
    return replace(request, at_ns=story.now_ns, request_id=story.request_id(), asked_at_ns=None)


st.register_type_strategy(str, st.sampled_from(["", " ", "seen", "v1"]))
st.register_type_strategy(int, amounts)


class AnyPath(RuleBasedStateMachine):
    @initialize()
    def begins(self) -> None:
        self.story = PathStory()
        self.story.connected()
        self.story.sign("MDD-2x3")
        self.story.opens()

    @rule(data=st.data(), actor=actors, kind=st.sampled_from(kinds))
    def asks(self, data: st.DataObject, actor: Actor | None, kind: type) -> None:
        phase = self.story.phase()
        self.story.take(replace(drawn(data, kind, self.story), actor=actor))
        effects = [type(each) for each in self.story.last.effects]
        if kind in (EmergencyRequested, InfiltrationRequested):
            assert set(effects) <= {Reply, Stop}
        else:
            assert effects == [Reply], "the path moves no pump"
            assert self.story.phase() is phase

    @rule(seconds=st.sampled_from([0.5, 60, 86_400]))
    def waits(self, seconds: float) -> None:
        self.story.tick(seconds)

    @rule()
    def passes(self) -> None:
        if self.story.state.path.at_bed is not None:
            self.story.identified()
            self.story.answers()
            self.story.weighs()
            self.story.goes_home_with_an_escort()
            self.story.risk()

    @rule()
    def starts(self) -> None:
        """Accepted exactly when no gate is closed, by the visit's own order."""
        if self.story.state.path.at_bed is None or self.story.phase() is not Phase.IDLE:
            return
        closed = self.story.missing
        self.story.start_visit()
        assert self.story.reply is not None
        assert closed <= {each.code for each in self.story.reply.reasons}

    @invariant()
    def no_visit_is_trapped(self) -> None:
        """Whatever has been asked: STOP ALL, End where a pump stands, the line off the patient, and they may leave."""
        story = self.story
        now: dict[str, Any] = {"at_ns": story.now_ns, "actor": NURSE}
        stopped = decide(story.state, r.StopRequested(**now, request_id="out", slot=None), story.setup).state
        for pump in stopped.pumps:
            if pump.phase is Phase.STOPPED:
                ended = r.EndRequested(**now, request_id=f"end {pump.slot}", slot=pump.slot)
                stopped = decide(stopped, ended, story.setup).state
        for visit in stopped.path.visits:
            if visit.place is not Place.CLOSED:
                leaves = ExitRequested(
                    **now, request_id=f"out {visit.visit}", visit=visit.visit, exit=Exit.EMERGENCY, reason="",
                    prescriber="", line_off=True,
                )  # fmt: skip
                (reply,) = (each for each in decide(stopped, leaves, story.setup).effects if isinstance(each, Reply))
                assert reply.accepted, reply.reasons

    @rule(shift=st.booleans())
    def boots(self, *, shift: bool) -> None:
        self.story.boot(away_s=600 if shift else 0)


AnyPath.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestAnyPath = AnyPath.TestCase
