"""Behind every call of the API: who asks, whether the bed should still hear it, and what the bed said.

The desk passes on. It judges neither order nor phase; that no session means no start is the bed's own answer, with its
reasons. Who is behind a call is found in api_sessions.py.

What is kept: the latest facts for the page's record, and the answers to requests that named a key, both in
memory and both bounded. The bed itself keeps the last answers too, durably.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pydantic import BaseModel

from pumpd import words_bed
from pumpd.accounts import Accounts
from pumpd.api_departure_models import RecoveryView, TodoView
from pumpd.api_departure_views import recovery_view, todo_views
from pumpd.api_feed import Feed
from pumpd.api_models import (
    AnswerView,
    BedView,
    HistoryRow,
    RegimenView,
    ReviewView,
    SampleView,
)
from pumpd.api_moment import Moment
from pumpd.api_path_models import VisitView
from pumpd.api_path_views import visit_view
from pumpd.api_reviews import answer_view, bolus_view, regimen_views, review_view, rise_view
from pumpd.api_rise_models import BolusReviewView, RateReviewView
from pumpd.api_sessions import Sessions, Signed
from pumpd.api_views import Common, Place, bed_view
from pumpd.bedside import Bedside
from pumpd.core import facts as f
from pumpd.core.actor import Actor
from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.effects import Reply
from pumpd.core.events import PagesListen, WatcherGone
from pumpd.core.order import Order
from pumpd.core.requests import PersonRequest, StopRequested
from pumpd.core.state import BedState
from pumpd.core.visit import Visit
from pumpd.errors import ApiError
from pumpd.journal_rows import Entry, FactsLost, is_durable, kind_of
from pumpd.samples import SampleStore

ANSWERS_MAX: Final = 256  # keys remembered: minutes of the busiest page
HISTORY_MAX: Final = 500
_TO_SIGN_IN: Final = frozenset({ReasonCode.NOT_SIGNED_IN, ReasonCode.PIN_NEEDED})
LOOP_TURNS: Final = 3  # a hang-up that is in the socket already is noticed within so many turns of the loop


@dataclass(frozen=True, slots=True)
class _Answer:
    fingerprint: str
    future: asyncio.Future[AnswerView]


class Desk:
    def __init__(
        self,
        bedside: Bedside,
        accounts: Accounts,
        samples: SampleStore,
        place: Place,
        past: Iterable[Entry] = (),
    ) -> None:
        """`past`: what the journal held at this boot, for the page's record; the last of it is kept."""
        self._bedside = bedside
        self.sessions = Sessions(bedside, accounts)
        self._samples = samples
        self.place = place
        self.setup, self.clock = bedside.setup, bedside.clock
        self._number = 0
        self._last_seq = bedside.last_seq
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        # rows are put into words when somebody asks: the bed's loop waits for no text
        self._history: deque[tuple[int | None, int, f.Fact | FactsLost]] = deque(maxlen=HISTORY_MAX)
        for entry in past:
            self._history.append((entry.seq, entry.wall_ms, entry.fact))
        self.feed = Feed(self.look, self._watcher_gone)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Follow the bed while the block lasts."""
        stop_watching = self._bedside.watch(self._on_turn)
        try:
            yield
        finally:
            stop_watching()

    # --- looking ----------------------------------------------------------------------------------------

    def look(self) -> BedView:
        self._number += 1
        return bed_view(self._bedside.state, self._bedside.setup, self.place, self._now(), self._number)

    @property
    def state(self) -> BedState:
        """The bed as it is now."""
        return self._bedside.state

    @property
    def today_day(self) -> int:
        """The local day number."""
        return self._bedside.clock.local_day()

    @property
    def moment(self) -> Moment:
        """Now, by both clocks."""
        return self._now()

    def visit_view(self, visit: Visit) -> VisitView:
        return visit_view(self._bedside.state, self._bedside.setup, visit, self._now())

    def recovery_view(self, visit: Visit) -> RecoveryView:
        return recovery_view(self._bedside.state, self._bedside.setup, visit, self._now())

    def recovery_views(self) -> tuple[RecoveryView, ...]:
        """Every visit that is not closed, with what keeps the patient here."""
        return tuple(self.recovery_view(each) for each in self._bedside.state.path.visits if each.is_open)

    def todo_views(self) -> tuple[TodoView, ...]:
        """What is still to be done for this bed's patients."""
        return todo_views(self._bedside.state, self._now())

    def require_visit(self, visit: str) -> Visit:
        """Raises ApiError when this bed knows no such visit."""
        found = self._bedside.state.path.visit(visit)
        if found is None:
            raise ApiError("This bed knows no such visit. Look at the list of visits.", status=404, field="visit")
        return found

    def regimens(self, slot: str) -> tuple[RegimenView, ...]:
        self._require(slot)
        return regimen_views(self._bedside.setup, slot)

    def review(self, slot: str, order: Order) -> ReviewView:
        self._require(slot)
        bedside = self._bedside
        return review_view(bedside.state, bedside.setup, slot, order, self._now())

    def review_rate(self, by: Signed, slot: str, rate_ul_per_h: int) -> RateReviewView:
        """By anybody. Raises ApiError where nothing runs that could rise."""
        self._require(slot)
        bedside = self._bedside
        found = rise_view(
            bedside.state, bedside.setup, slot, rate_ul_per_h, self.sessions.actor_or_nobody(by), self._now()
        )
        if found is None:
            raise ApiError("Nothing runs on this pump whose rate could rise.", status=409, field="slot")
        return found

    def review_bolus(self, slot: str, dose_ug_per_kg: int, duration_s: int) -> BolusReviewView:
        """Raises ApiError where nothing runs that a bolus could come on top of."""
        self._require(slot)
        bedside = self._bedside
        found = bolus_view(bedside.state, bedside.setup, slot, dose_ug_per_kg, duration_s, bedside.clock.now_ns())
        if found is None:
            raise ApiError("Nothing runs on this pump that a bolus could come on top of.", status=409, field="slot")
        return found

    def samples(self, slot: str, since_ms: int) -> tuple[SampleView, ...]:
        self._require(slot)
        return tuple(
            SampleView(
                ts_ms=each.wall_ms,
                slot=each.slot,
                phase=each.phase,
                asked_ul_per_h=each.asked_ul_per_h,
                granted_ul_per_h=each.granted_ul_per_h,
                measured_ul_per_h=each.measured_ul_per_h,
                delivered_low_nl=each.delivered_low_nl,
                delivered_high_nl=each.delivered_high_nl,
            )
            for each in self._samples.recent(slot, since_ms)
        )

    def history(self, limit: int) -> tuple[HistoryRow, ...]:
        return tuple(_row(*each) for each in islice(reversed(self._history), limit))

    # --- acting -----------------------------------------------------------------------------------------

    async def stop(self, by: Signed, slot: str | None) -> AnswerView:
        """Whoever asks, however old, however often."""
        if slot is not None:
            self._require(slot)
        return answer_view(
            await self._bedside.ask(StopRequested(**self._common(self.sessions.actor_or_nobody(by), by), slot=slot))
        )

    async def act(
        self,
        by: Signed,
        slot: str | None,
        body: BaseModel | None,
        make: Callable[[Common], PersonRequest],
        *,
        free: bool = False,
    ) -> AnswerView:
        """`free`: harms nobody when it is late."""
        if slot is not None:
            self._require(slot)
        actor = self.sessions.actor_or_nobody(by) if free else self.sessions.actor(by)
        if not by.key:
            return await self._carry(by, actor, make, free=free)
        said = "" if body is None else body.model_dump_json()
        fingerprint = hashlib.sha256(f"{by.fingerprint} {said}".encode()).hexdigest()
        name = _name(actor, by)
        known = self._answers.get(name)
        if known is not None:
            if known.fingerprint != fingerprint:
                raise ApiError("This key was used for another request. Try again.", status=422, field="key")
            return await asyncio.shield(known.future)
        future: asyncio.Future[AnswerView] = asyncio.get_running_loop().create_future()
        self._answers[name] = _Answer(fingerprint, future)
        while len(self._answers) > ANSWERS_MAX:
            self._answers.popitem(last=False)
        try:
            future.set_result(await self._carry(by, actor, make, free=free))
        except ApiError as error:  # busy: it may still be decided, so the same key must not ask again
            future.set_exception(error)
        except asyncio.CancelledError:
            future.cancel()
            raise
        return await future

    async def _carry(
        self, by: Signed, actor: Actor | None, make: Callable[[Common], PersonRequest], *, free: bool
    ) -> AnswerView:
        common = self._common(actor, by)
        if not free and await self._hung_up(by):
            late = Reason(code=ReasonCode.REQUEST_EXPIRED, severity=Severity.HARD)
            return answer_view(Reply(request_id=common["request_id"], accepted=False, reasons=(late,)))
        return answer_view(await self._bedside.ask(make(common)))

    @staticmethod
    async def _hung_up(by: Signed) -> bool:
        """Nobody waits for the answer any more. (Whether it was asked too long ago is the bed's to judge.)"""
        for _ in range(LOOP_TURNS):
            await asyncio.sleep(0)
        return await by.hung_up()

    @staticmethod
    def status_of(answer: AnswerView) -> int:
        if answer.accepted:
            return 200
        return 401 if any(each.code in _TO_SIGN_IN for each in answer.reasons) else 409

    # --- within -----------------------------------------------------------------------------------------

    def _now(self) -> Moment:
        clock = self._bedside.clock
        return Moment(now_ns=clock.now_ns(), wall_ms=clock.wall_ms())

    def _common(self, actor: Actor | None, by: Signed) -> Common:
        """A key makes the request's id: so the bed knows a repetition even after a restart of the daemon."""
        clock = self._bedside.clock
        now_ns = clock.now_ns()
        request_id = hashlib.sha256(_name(actor, by).encode()).hexdigest()[:32] if by.key else clock.new_id()
        asked_at_ns = now_ns if by.sent_at_ns is None else by.sent_at_ns
        return {"at_ns": now_ns, "request_id": request_id, "actor": actor, "asked_at_ns": asked_at_ns}

    def require_watcher(self, watcher: str | None) -> None:
        """Sound is paused on behalf of whoever sees the bed: a stream that is named has to run."""
        if watcher is not None and not self.feed.is_watched_by(watcher):
            raise ApiError("This page is not connected to the bed at the moment.", status=409, field="watcher")

    def listens(self, watcher: str, pages: int) -> None:
        """So many pages that can be heard are open, by the word of whoever serves them."""
        self._bedside.submit(PagesListen(at_ns=self._bedside.clock.now_ns(), watcher=watcher, pages=pages))

    def _watcher_gone(self, watcher: str) -> None:
        self._bedside.submit(WatcherGone(at_ns=self._bedside.clock.now_ns(), watcher=watcher))

    def _require(self, slot: str) -> None:
        slots = [pump.slot for pump in self._bedside.state.pumps]
        if slot not in slots:
            raise ApiError(f"This bed has no pump {slot[:20]!r}. It has: {', '.join(slots)}.", status=404, field="slot")

    def _on_turn(self, _: BedState, facts: tuple[f.Fact, ...]) -> None:
        durable = [fact for fact in facts if is_durable(fact)]
        if durable:
            last_seq, wall_ms = self._bedside.last_seq, self._bedside.clock.wall_ms()
            numbered = last_seq != self._last_seq  # else the journal had no room for them
            self._last_seq = last_seq
            for seq, fact in enumerate(durable, start=last_seq - len(durable) + 1):
                self._history.append((seq if numbered else None, wall_ms, fact))
        self.feed.poke()


def _name(actor: Actor | None, by: Signed) -> str:
    """Under which a key is known: two people may use the same, and a tap that a locked page refused is made again."""
    if actor is None:
        return f" {by.key}"
    return f"{actor.person}{'' if actor.confirmed else '?'} {by.key}"


def _row(seq: int | None, wall_ms: int, fact: f.Fact | FactsLost) -> HistoryRow:
    return HistoryRow(
        seq=seq,
        ts_ms=wall_ms,
        slot=getattr(fact, "slot", None),
        kind=kind_of(type(fact)),
        person=getattr(fact, "person", None),
        action=getattr(fact, "action", None),
        text=f"{fact.count} facts found no room and are lost"
        if isinstance(fact, FactsLost)
        else words_bed.fact_text(fact),
    )
