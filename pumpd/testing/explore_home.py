"""No dead end: from every state the same plain way leads back to rest, and from there to the next infusion.

It is what a ward would do, whatever happened: every patient leaves, without a word from any pump; the disk has room
again, cables are back and pumps name themselves, somebody presses STOP, what was under way ends, the pumps say that
they stand still, a nurse reads the label of one that is in doubt, takes back into use what asks for it, sees every
alarm, and ends what is stopped. Walked with the real `decide` from every state of a search, so that no gap between a
state and its class (explore_sameness.py) hides a trap.
"""

from __future__ import annotations

from typing import Any

from pumpd.core import events as e
from pumpd.core import requests as r
from pumpd.core.bed import decide, preview
from pumpd.core.codes import Phase
from pumpd.core.effects import Reply
from pumpd.core.pump import Drive, Report
from pumpd.core.state import BedState
from pumpd.core.turn import Setup
from pumpd.core.units import NS_PER_H
from pumpd.testing.bed_story import NURSE, STEP_NL, THIS_PUMP
from pumpd.testing.explore_rules import STEPS, order_of
from pumpd.testing.explore_sameness import Apart, Key, World, class_of
from pumpd.testing.explore_visits import all_leave

DAY_NS = 24 * NS_PER_H  # no window reaches back so far
ASKED_ON_THE_WAY = 1_000_000  # no search asks so often: ids of its own


class Homes:
    """The places where ways home end: few, so that whether an infusion may start there is asked once of each."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.start_again: set[Key] = set()

    def no_way_home(self, world: World) -> list[str]:
        """What stands between this state and rest, or between rest and the next start."""
        walk = Walk(world, self.setup)
        walk.state, kept = all_leave(world.state, self.setup, world.now_ns)
        wrong = kept + walk.home()
        place = class_of(World(state=walk.state, now_ns=walk.now_ns), self.setup, Apart(alarms=True))
        if not wrong and place not in self.start_again:
            wrong = walk.start_again()
            self.start_again.add(place)
        return [f"no way back to rest: {each}" for each in wrong]


class Walk:
    """One way home."""

    def __init__(self, world: World, setup: Setup) -> None:
        self.state: BedState = world.state
        self.now_ns = world.now_ns
        self.setup = setup
        self.asked = ASKED_ON_THE_WAY
        self.accepted = False

    def take(self, request: r.Request) -> None:
        decision = decide(self.state, request, self.setup)
        self.state = decision.state
        for effect in decision.effects:
            if isinstance(effect, Reply):
                self.accepted = effect.accepted

    def ask(self, make: type[Any], **fields: Any) -> None:  # noqa: ANN401  # whatever that request holds
        self.asked += 1
        self.take(make(at_ns=self.now_ns, request_id=f"q{self.asked}", actor=NURSE, **fields))

    def home(self) -> list[str]:
        """What is left in the way; nothing, if it led to rest."""
        self.take(e.JournalReported(at_ns=self.now_ns, ok=True, detail=""))
        slots = [pump.slot for pump in self.state.pumps]
        for slot in slots:
            self._comes_back(slot)
            self.ask(r.StopRequested, slot=slot)
            self._commands_end(slot)
            self._stands_still(slot)
            if self.state.on(slot).asset_in_doubt:
                self.ask(r.PumpConfirmed, slot=slot, asset=self.setup.asset(slot))
            if self.state.on(slot).phase is Phase.FAULT or self.state.on(slot).locked_by is not None:
                self.ask(r.RearmRequested, slot=slot)
        for alarm in self.state.alarms:
            self.ask(r.AcknowledgeRequested, alarm_id=alarm.alarm_id)
        for slot in slots:
            self._commands_end(slot)
            if self.state.on(slot).phase is Phase.STOPPED:
                self.ask(r.EndRequested, slot=slot)
            self._stands_still(slot)
        return self._not_at_rest()

    def _comes_back(self, slot: str) -> None:
        who = self.state.on(slot).identified or THIS_PUMP
        self.take(e.PumpIdentified(at_ns=self.now_ns, slot=slot, identified=who))
        self.take(e.LinkReported(at_ns=self.now_ns, slot=slot, link=e.LinkState.UP, detail=""))

    def _report(self, slot: str) -> Report:
        readings = self.state.on(slot).sighting.readings
        infused_nl = readings[-1].infused_nl if readings else 0
        return Report(drive=Drive.STILL, rate_ul_per_h=0, infused_nl=infused_nl, step_nl=STEP_NL, alarm=None)

    def _commands_end(self, slot: str) -> None:
        command = self.state.on(slot).command
        if command is not None:
            outcome = e.Done(report=self._report(slot), asked_at_ns=self.now_ns)
            self.take(e.CommandEnded(at_ns=self.now_ns, slot=slot, command_id=command.command_id, outcome=outcome))

    def _stands_still(self, slot: str) -> None:
        report = self._report(slot)
        self.take(e.PumpReported(at_ns=self.now_ns, slot=slot, asked_at_ns=self.now_ns, report=report))

    def _not_at_rest(self) -> list[str]:
        wrong = [
            f"{pump.slot} is {pump.phase.value}, command {pump.command}, stop {pump.stop}, locked by {pump.locked_by}"
            for pump in self.state.pumps
            if pump.phase not in (Phase.IDLE, Phase.ENDED) or pump.command or pump.stop or pump.locked_by
        ]
        return wrong + [f"{alarm.condition.value} stands for ever" for alarm in self.state.alarms]

    def start_again(self) -> list[str]:
        """On the next day, whatever was given: what refuses."""
        slot = self.state.pumps[0].slot
        self.now_ns += DAY_NS
        order = order_of(STEPS)
        digest = preview(self.state, slot, order, self.setup, self.now_ns).digest
        self.ask(r.StartRequested, slot=slot, order=order, digest=digest)
        return [] if self.accepted else [f"{slot} can never start again"]
