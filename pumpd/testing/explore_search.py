"""Breadth first through the states of a bed: each once, on a shortest way, every decision judged.

A search keeps the way to every state, so that what is wrong is told as the shortest story that leads there.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pumpd.core import facts as f
from pumpd.core import requests as r
from pumpd.core.bed import Decision, decide
from pumpd.core.codes import Condition, Phase, ReasonCode, Why
from pumpd.core.effects import Reply
from pumpd.core.events import Booted
from pumpd.core.state import BedState, durable
from pumpd.core.turn import Setup
from pumpd.testing.bed_story import BedStory
from pumpd.testing.explore_home import Homes
from pumpd.testing.explore_judged import Judged
from pumpd.testing.explore_moves import Domain, Move, moves
from pumpd.testing.explore_rules import tiny_rules
from pumpd.testing.explore_sameness import Key, World, class_of
from pumpd.testing.explore_walls import judge

Decide = Callable[[BedState, r.Request, Setup], Decision]
Way = tuple[Phase, Phase, Why]
ROOT: Final = -1


@dataclass(kw_only=True)
class Explored:
    """What a search found."""

    domain: str
    moves_max: int | None = None  # of the domain
    states: int = 0
    transitions: int = 0
    depth: int = 0
    cpu_s: float = 0.0
    whole: bool = True  # nothing of the domain was left out for want of time
    ways: Counter[Way] = field(default_factory=Counter)
    alarms: set[tuple[Condition, Phase]] = field(default_factory=set)
    granted: set[str] = field(default_factory=set)  # regimens that were started
    refused: dict[str, set[ReasonCode]] = field(default_factory=dict)  # by regimen
    wrong: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A state whose moves have not been tried yet."""

    index: int
    depth: int
    world: World


def beginning(domain: Domain) -> tuple[Setup, World]:
    """The bed of a domain, with its pumps connected and looked at once."""
    story = BedStory(slots=domain.slots, rules=tiny_rules())
    story.connect()
    for slot in domain.slots:
        story.report(slot=slot)
    return story.setup, World(state=story.state, now_ns=story.now_ns)


class Search:
    """One search. `decide` is the real one, unless a test shows that a wall notices another."""

    def __init__(self, domain: Domain, *, decide: Decide = decide, seconds_max: float | None = None) -> None:
        self.domain = domain
        self.decide = decide
        self.seconds_max = seconds_max
        self.setup, self.root = beginning(domain)
        self.homes = Homes(self.setup)
        self.looks_home = True
        self.found = Explored(domain=domain.name, moves_max=domain.moves_max)
        self.seen: dict[Key, int] = {}
        self.came: list[tuple[int, str]] = []  # per state: the one before it, and what happened
        self.waiting: deque[Waiting] = deque()

    def run(self) -> Explored:
        began, found = time.process_time(), self.found
        for steps in self.domain.beginnings:
            self._begin(steps)
        while self.waiting and not found.wrong:
            if self.seconds_max is not None and time.process_time() - began > self.seconds_max:
                found.whole = False
                break
            self._expand(self.waiting.popleft())
        found.states, found.cpu_s = len(self.came), time.process_time() - began
        return found

    def _begin(self, steps: tuple[str, ...]) -> None:
        """Go to where a search begins, by the moves that these words stand in."""
        self._enter(self.root, ROOT, "", 0)
        at = Waiting(index=0, depth=0, world=self.root)
        for words in steps:
            move = next((each for each in moves(at.world, self.setup, self.domain) if words in each.says), None)
            after = None if move is None else self._take(at, move)
            if move is None or after is None:
                raise LookupError(f"a search cannot begin there: nothing came of {words!r}")
            self._enter(after, at.index, move.says, 0)
            index = self.seen[class_of(after, self.setup, self.domain.apart)]
            at = Waiting(index=index, depth=0, world=after)

    def _enter(self, world: World, before: int, says: str, depth: int) -> None:
        """Take a state in, unless one like it is known."""
        key = class_of(world, self.setup, self.domain.apart)
        if key in self.seen:
            return
        index = self.seen[key] = len(self.came)
        self.came.append((before, says))
        self.found.depth = depth
        for pump in world.state.pumps:
            self.found.alarms |= {(a.condition, pump.phase) for a in world.state.alarms if a.slot in (pump.slot, None)}
        if self.looks_home:
            self._wrong(index, "", self.homes.no_way_home(world))
        if depth != self.domain.moves_max and _is_followed(world, self.domain):
            self.waiting.append(Waiting(index=index, depth=depth, world=world))

    def _expand(self, at: Waiting) -> None:
        for move in moves(at.world, self.setup, self.domain):
            after = self._take(at, move)
            if self.found.wrong:
                return
            if after is not None:
                self._enter(after, at.index, move.says, at.depth + 1)

    def _take(self, at: Waiting, move: Move) -> World | None:
        """One decision, judged; the world after it, unless nothing came of it."""
        request = move.request
        before = durable(at.world.state) if isinstance(request, Booted) else at.world.state
        try:
            decision = self.decide(before, request, self.setup)
        except AssertionError as error:
            self._wrong(at.index, move.says, [f"decide is not total: {error!r}"])
            return None
        self.found.transitions += 1
        self._note(before, request, decision)
        wrong = judge(Judged(before=before, request=request, decision=decision, setup=self.setup))
        self._wrong(at.index, move.says, wrong)
        refused = any(isinstance(effect, Reply) and not effect.accepted for effect in decision.effects)
        if refused or (decision.state is before and request.at_ns == at.world.now_ns):
            return None
        asked = at.world.asked + isinstance(request, r.PersonRequest)
        return World(state=decision.state, now_ns=request.at_ns, asked=asked)

    def _note(self, before: BedState, request: r.Request, decision: Decision) -> None:
        """What the report tells of: phases walked, orders granted and refused."""
        phases = {pump.slot: pump.phase for pump in before.pumps}
        for fact in decision.facts:
            if isinstance(fact, f.PhaseChanged):
                self.found.ways[phases[fact.slot], fact.phase, fact.why] += 1
                phases[fact.slot] = fact.phase
        if isinstance(request, r.StartRequested):
            regimen = request.order.regimen
            for effect in decision.effects:
                if isinstance(effect, Reply) and effect.accepted:
                    self.found.granted.add(regimen)
                elif isinstance(effect, Reply):
                    self.found.refused.setdefault(regimen, set()).update(each.code for each in effect.reasons)

    def _wrong(self, index: int, says: str, wrong: list[str]) -> None:
        """If anything is, it is the end of the search: what is wrong, and the way that led there."""
        if not wrong or self.found.wrong:
            return
        steps = [says]
        while index != ROOT:
            index, says = self.came[index]
            steps.append(says)
        self.found.wrong = wrong
        self.found.story = [step for step in reversed(steps) if step]


def _is_followed(world: World, domain: Domain) -> bool:
    """Orders on either side of a limit are granted or refused, and then left; so is a bed that gave enough."""
    if domain.session_ng is not None and sum(each.mass_ng for each in world.state.history) > domain.session_ng:
        return False
    return all(pump.infusion is None or pump.infusion.order.regimen in domain.orders for pump in world.state.pumps)
