"""The outbox keeps its limits, its order and its numbers, whatever is put in and however often the broker goes."""

from __future__ import annotations

import json
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pumpd.core.codes import Phase
from pumpd.core.events import LinkState
from pumpd.telemetry import backfill
from pumpd.telemetry import payloads as p
from pumpd.telemetry.backfill import SPANS_MAX, Missing
from pumpd.telemetry.checker import Checker, Fault
from pumpd.telemetry.outbox import BACKFILL_MAX, EVENTS_MAX, RETAINED_MAX, TELEMETRY_MAX, Message, Outbox
from pumpd.telemetry.topics import Kind, Place

PLACE = Place(site="s", ward="w", bed="b")


def event(seq: int, *, number: int) -> p.Event:
    return p.Event(ts_ms=1, boot="b", slot="p1", seq=seq, id=number, event="link_went")


def link(seq: int, *, at_ms: int) -> p.Link:
    return p.Link(ts_ms=at_ms, boot="b", slot="p1", seq=seq, link=LinkState.UP, since_ts_ms=1)


def telemetry(seq: int) -> p.Telemetry:
    return p.Telemetry(
        ts_ms=1, boot="b", slot="p1", seq=seq, quality="unknown", phase=Phase.IDLE, link=LinkState.UP,
        alarm_count=0, alarm_priority="none",
    )  # fmt: skip


def status(seq: int) -> p.Status:
    return p.Status(ts_ms=1, boot="b", state="up", seq=seq)


class Traffic(RuleBasedStateMachine):
    """Everything is put and taken in any order, with a broker that comes and goes; a reader judges what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(lambda: None)
        self.checker = Checker()
        self.is_online = False
        self.put = 0
        self.arrived: list[int] = []
        self.newest = 0
        self.newest_arrived = 0
        self.unsent_telemetry = 0
        self.backfills = 0

    @rule()
    def an_event(self) -> None:
        self.put += 1
        self.outbox.event(PLACE.of("p1", Kind.EVENT), "p1", partial(event, number=self.put))

    @rule()
    def a_link(self) -> None:
        if self.is_online:
            self.newest += 1
        self.outbox.retained(PLACE.of("p1", Kind.LINK), "p1", Kind.LINK, partial(link, at_ms=self.newest))

    @rule(count=st.integers(1, 40))
    def samples(self, count: int) -> None:
        for _ in range(count):
            given_up = not self.outbox.telemetry(PLACE.of("p1", Kind.TELEMETRY), "p1", telemetry)
            self.unsent_telemetry += given_up

    @rule()
    def a_backfill(self) -> None:
        if not self.outbox.backfill_full:
            make = partial(p.Backfill, ts_ms=1, boot="b", slot="p1", quality="good", phase=Phase.IDLE)
            self.outbox.backfill(PLACE.of("p1", Kind.BACKFILL), "p1", lambda seq: make(seq=seq))

    @rule()
    def the_broker_comes(self) -> None:
        if not self.is_online:
            self.is_online = True
            self.outbox.online()
            self.outbox.retained(PLACE.status, "bed", Kind.STATUS, status)
            self.a_link()

    @rule(arrives=st.booleans())
    def the_broker_goes(self, arrives: bool) -> None:  # noqa: FBT001  # drawn by hypothesis
        """Whatever was on its way may have arrived all the same."""
        if self.is_online:
            message = self.outbox.take()
            if message is not None and arrives:
                self.hear(message)
            self.is_online = False
            self.outbox.offline()

    @rule(count=st.integers(1, 10))
    def some_are_sent(self, count: int) -> None:
        for _ in range(count if self.is_online else 0):
            message = self.outbox.take()
            if message is None:
                assert self.newest_arrived == self.newest, "the newest of a retained topic has to arrive"
                return
            assert message is self.outbox.take(), "the same until it is done"
            self.hear(message)
            self.outbox.done()

    def hear(self, message: Message) -> None:
        self.checker.take(message.topic, message.payload, retained=False, at_ms=1)
        contents = json.loads(message.payload)
        if message.kind is Kind.EVENT and contents["id"] not in self.arrived:
            self.arrived.append(contents["id"])
        if message.kind is Kind.LINK:
            self.newest_arrived = contents["ts_ms"]

    @invariant()
    def it_is_bounded(self) -> None:
        assert len(self.outbox) <= RETAINED_MAX + EVENTS_MAX + TELEMETRY_MAX + BACKFILL_MAX + 2

    @invariant()
    def events_arrive_in_order_and_only_telemetry_has_gaps(self) -> None:
        assert self.arrived == list(range(1, len(self.arrived) + 1))
        found = [(each.fault, each.topic) for each in self.checker.findings]
        assert [each for each in found if each != (Fault.GAP, PLACE.of("p1", Kind.TELEMETRY))] == []


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(max_examples=40, stateful_step_count=40)


@pytest.mark.requirement("ALM-11")
@pytest.mark.requirement("G17")
def test_beyond_the_limit_the_oldest_event_goes_and_is_counted() -> None:
    outbox = Outbox(lambda: None)
    for number in range(1, EVENTS_MAX + 4):
        outbox.event(PLACE.of("p1", Kind.EVENT), "p1", partial(event, number=number))
    outbox.online()
    first = outbox.take()
    assert first is not None
    assert json.loads(first.payload)["id"] == 4
    assert outbox.dropped == 3


def test_status_goes_before_everything_and_never_an_old_one_behind_a_new_one() -> None:
    outbox = Outbox(lambda: None)
    outbox.event(PLACE.of("p1", Kind.EVENT), "p1", partial(event, number=1))
    outbox.online()
    outbox.retained(PLACE.of("p1", Kind.LINK), "p1", Kind.LINK, partial(link, at_ms=1))
    outbox.retained(PLACE.status, "bed", Kind.STATUS, status)
    order = []
    for _ in range(3):  # the first is cut off in flight, twice
        message = outbox.take()
        assert message is not None
        order.append((message.kind, json.loads(message.payload)["seq"]))
        outbox.offline()
        outbox.online()
        outbox.retained(PLACE.status, "bed", Kind.STATUS, status)
    assert order == [(Kind.STATUS, 1)] * 3
    outbox.done() if outbox.take() else None
    again = outbox.take()
    assert again is not None
    assert (again.kind, json.loads(again.payload)["seq"]) == (Kind.STATUS, 2)


def test_what_was_in_flight_comes_again_but_behind_the_status_of_the_new_connection() -> None:
    outbox = Outbox(lambda: None)
    outbox.online()
    outbox.retained(PLACE.of("p1", Kind.LINK), "p1", Kind.LINK, partial(link, at_ms=1))
    cut_off = outbox.take()
    outbox.offline()
    outbox.online()
    outbox.retained(PLACE.of("p1", Kind.LINK), "p1", Kind.LINK, partial(link, at_ms=2))
    outbox.retained(PLACE.status, "bed", Kind.STATUS, status)
    sent = []
    while (message := outbox.take()) is not None:
        outbox.done()
        sent.append(message)
    assert [message.kind for message in sent] == [Kind.STATUS, Kind.LINK, Kind.LINK]
    assert sent[1] == cut_off
    assert json.loads(sent[2].payload)["ts_ms"] == 2


def test_two_breaks_in_a_row_forget_nothing_that_was_in_flight() -> None:
    outbox = Outbox(lambda: None)
    outbox.online()
    outbox.event(PLACE.of("p1", Kind.EVENT), "p1", partial(event, number=1))
    outbox.take()
    for _ in range(2):
        outbox.offline()
        outbox.online()
        outbox.retained(PLACE.status, "bed", Kind.STATUS, status)
        first = outbox.take()
        assert first is not None
        assert (first.kind, json.loads(first.payload)["seq"]) == (Kind.STATUS, 1)
    outbox.done()
    kinds = []
    while (message := outbox.take()) is not None:
        outbox.done()
        kinds.append(message.kind)
    assert kinds == [Kind.STATUS, Kind.EVENT]


def test_live_messages_go_before_samples_of_the_past_and_events_before_telemetry() -> None:
    outbox = Outbox(lambda: None)
    outbox.online()
    past = partial(p.Backfill, ts_ms=1, boot="b", slot="p1", quality="good", phase=Phase.IDLE)
    outbox.backfill(PLACE.of("p1", Kind.BACKFILL), "p1", lambda seq: past(seq=seq))
    outbox.telemetry(PLACE.of("p1", Kind.TELEMETRY), "p1", telemetry)
    outbox.event(PLACE.of("p1", Kind.EVENT), "p1", partial(event, number=1))
    outbox.retained(PLACE.of("p1", Kind.LINK), "p1", Kind.LINK, partial(link, at_ms=1))
    kinds = []
    while (message := outbox.take()) is not None:
        outbox.done()
        kinds.append(message.kind)
    assert kinds == [Kind.LINK, Kind.EVENT, Kind.TELEMETRY, Kind.BACKFILL]


@pytest.mark.requirement("ALM-11")
def test_without_a_broker_only_events_wait_and_telemetry_goes_oldest_first() -> None:
    outbox = Outbox(lambda: None)
    outbox.online()
    taken = [outbox.telemetry(PLACE.of("p1", Kind.TELEMETRY), "p1", telemetry) for _ in range(TELEMETRY_MAX + 1)]
    assert taken == [True] * TELEMETRY_MAX + [False]
    assert (len(outbox), outbox.dropped) == (TELEMETRY_MAX, 1)
    first = outbox.take()
    assert first is not None
    assert json.loads(first.payload)["seq"] == 2
    outbox.retained(PLACE.status, "bed", Kind.STATUS, status)
    outbox.event(PLACE.of("p1", Kind.EVENT), "p1", partial(event, number=1))
    outbox.offline()
    assert len(outbox) == 1


def test_a_topic_that_finds_no_room_asks_for_everything_anew() -> None:
    outbox = Outbox(lambda: None)
    outbox.online()
    for number in range(RETAINED_MAX + 1):
        outbox.retained(PLACE.alarm("p1", number), "p1", Kind.ALARM, None)
    assert (outbox.overflowed, outbox.dropped, len(outbox)) == (True, 1, RETAINED_MAX)


SPANS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**5)), max_size=60)


@given(spans=SPANS)
def test_missing_spans_are_few_apart_in_order_and_cover_all_that_was_added(spans: list[tuple[int, int]]) -> None:
    missing = Missing()
    for from_ms, length in spans:
        missing.add(from_ms, from_ms + length)
    kept = missing.spans
    assert len(kept) <= SPANS_MAX
    assert all(before.to_ms < after.from_ms for before, after in pairwise(kept))
    for from_ms, length in spans:
        assert any(span.from_ms <= from_ms and from_ms + length <= span.to_ms for span in kept)


def test_beyond_the_limit_the_nearest_spans_are_joined_and_nothing_is_forgotten() -> None:
    missing = Missing()
    for number in range(SPANS_MAX):
        missing.add(number * 100_000, number * 100_000 + 10)
    missing.add(350_000, 350_010)
    assert len(missing.spans) == SPANS_MAX
    assert (300_000, 350_010) in {(span.from_ms, span.to_ms) for span in missing.spans}


def test_a_clock_that_was_set_back_leaves_no_span_without_end() -> None:
    missing = Missing()
    missing.add(1_000, 500)
    assert not missing


@given(rows=st.lists(st.integers(0, 400), max_size=120), limit=st.integers(1, 7))
@settings(max_examples=30)
async def test_a_span_is_read_whole_however_small_the_reads(rows: list[int], limit: int) -> None:
    """Rows that share a time stamp may come once: a pump has one a second."""
    from pumpd.samples import RecentSamples, Sample

    samples = RecentSamples()
    for at_ms in sorted(set(rows)):
        for slot in ("p1", "p2"):
            samples.append(
                Sample(
                    at_ns=at_ms, wall_ms=at_ms, slot=slot, phase=Phase.INFUSING, asked_ul_per_h=1, granted_ul_per_h=1,
                    measured_ul_per_h=None, measured_uncertainty_ul_per_h=None, delivered_low_nl=0,
                    delivered_high_nl=0, age_ms=0,
                )
            )  # fmt: skip
    missing = Missing()
    missing.add(100, 300)
    before, backfill.ROWS_AT_ONCE = backfill.ROWS_AT_ONCE, limit  # type: ignore[misc]
    try:
        read: list[tuple[int, str]] = []
        while missing:
            part, complete_to = await backfill.stored(missing.spans[0], ("p1", "p2"), samples, None, 500)
            read += [(row.wall_ms, row.slot) for row in part]
            missing.filled_to(complete_to)
    finally:
        backfill.ROWS_AT_ONCE = before  # type: ignore[misc]
    assert read == [(at_ms, slot) for at_ms in sorted(set(rows)) if 100 <= at_ms <= 300 for slot in ("p1", "p2")]
