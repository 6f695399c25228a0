"""The oracle itself: it finds what it should, and does not cry wolf."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.telemetry.check import is_well, report
from pumpd.telemetry.checker import MISSING_MAX, SETTLE_MS, SILENT_STATE_MS, Checker, Fault
from pumpd.telemetry.topics import Kind, Place

PLACE = Place(site="s", ward="w", bed="b")
LATER = 10 * SETTLE_MS


def said(**fields: object) -> bytes:
    return json.dumps({"ts_ms": 1, "boot": "one", **fields}).encode()


def event(seq: int, **fields: object) -> bytes:
    return said(**{"slot": "p1", "seq": seq, "id": seq, "event": "link_went", **fields})


def alarm(**fields: object) -> bytes:
    return said(
        **{"slot": "p1", "seq": 1, "alarm_id": 1, "condition": "stalled", "priority": "high", "text": "x",
           "since_ts_ms": 1, "acknowledged": False, "over": False, **fields}
    )  # fmt: skip


def state(**fields: object) -> bytes:
    return said(
        **{"slot": "p1", "seq": 1, "quality": "good", "phase": "idle", "link": "up", "alarm_count": 0,
           "alarm_priority": "none", "why": "ordered", "phase_since_ts_ms": 1, **fields}
    )  # fmt: skip


def heard(
    *messages: tuple[str, bytes], retained: bool = False, at_ms: int = 0, checker: Checker | None = None
) -> Checker:
    checker = checker or Checker()
    for topic, payload in messages:
        checker.take(topic, payload, retained=retained, at_ms=at_ms)
    return checker


def events(numbers: Sequence[int]) -> Checker:
    return heard(*((PLACE.of("p1", Kind.EVENT), event(number)) for number in numbers))


def found(checker: Checker, at_ms: int = LATER) -> set[Fault]:
    return {each.fault for each in checker.faults(at_ms)} - {Fault.NO_STATUS}


@given(start=st.integers(1, 10**9), length=st.integers(1, 200), lost=st.sets(st.integers(1, 198), max_size=20))
def test_exactly_the_lost_numbers_are_missed(start: int, length: int, lost: set[int]) -> None:
    sent = [start + index for index in range(length) if index not in lost or index == length - 1]
    checker = events(sent)
    expected = sent[-1] - sent[0] + 1 - len(sent)
    assert checker.gaps == expected
    assert found(checker) == ({Fault.GAP} if expected else set())


@given(numbers=st.lists(st.integers(1, 30), min_size=1, max_size=60))
def test_a_repeat_of_the_same_bytes_is_never_a_fault(numbers: list[int]) -> None:
    ordered = sorted(set(numbers))
    once, twice = events(ordered), events([number for number in ordered for _ in range(2)])
    assert twice.findings == once.findings


def test_the_same_number_with_other_contents_is_a_fault_and_so_is_a_late_one() -> None:
    checker = events([1, 2, 4])
    heard((PLACE.of("p1", Kind.EVENT), event(2, id=9)), checker=checker)
    assert found(checker) == {Fault.GAP, Fault.RENUMBERED}
    heard((PLACE.of("p1", Kind.EVENT), event(3)), checker=checker)
    assert found(checker) == {Fault.GAP, Fault.RENUMBERED, Fault.LATE}
    assert checker.gaps == 0


def test_boots_slots_and_kinds_count_by_themselves_and_retained_ones_not_at_all() -> None:
    checker = events([5, 6])
    heard((PLACE.of("p1", Kind.EVENT), event(1, boot="two")), checker=checker)
    heard((PLACE.of("p2", Kind.EVENT), event(1, slot="p2")), checker=checker)
    heard((PLACE.alarm("p1", 1), alarm(seq=90)), retained=True, checker=checker)
    heard((PLACE.alarm("p1", 1), alarm(seq=99)), checker=checker)
    assert found(checker, 0) == set()


def test_a_hole_of_any_size_stays_bounded() -> None:
    checker = events([1, 10**15])
    assert checker.gaps == MISSING_MAX


@pytest.mark.parametrize(
    ("topic", "payload", "fault"),
    [
        ("pumpd/1/s/w/b/p1/set", b"{}", Fault.TOPIC),
        (PLACE.of("p1", Kind.EVENT), b"", Fault.SCHEMA),
        (PLACE.of("p1", Kind.EVENT), event(1, phase=None), Fault.SCHEMA),
        (PLACE.of("p2", Kind.EVENT), event(1), Fault.SCHEMA),
        (PLACE.alarm("p1", 2), alarm(), Fault.SCHEMA),
    ],
)
def test_a_message_that_breaks_the_schema_or_stands_on_the_wrong_topic_is_found(
    topic: str, payload: bytes, fault: Fault
) -> None:
    assert found(heard((topic, payload)), 0) == {fault}


def test_a_retained_sample_is_found_and_an_unknown_key_only_noted() -> None:
    assert found(heard((PLACE.of("p1", Kind.EVENT), event(1)), retained=True)) == {Fault.RETAIN}
    noted = heard((PLACE.of("p1", Kind.EVENT), event(1, colour="red")))
    assert [each.fault for each in noted.findings] == [Fault.UNKNOWN_KEY]
    assert found(noted) == set()


@given(lows=st.lists(st.integers(0, 100), min_size=2, max_size=20))
def test_a_volume_that_falls_within_an_infusion_is_found(lows: list[int]) -> None:
    topic = PLACE.of("p1", Kind.STATE)
    messages = [
        (topic, state(seq=index + 1, infusion_id="7", delivered_low_ml=float(low), delivered_high_ml=101.0))
        for index, low in enumerate(lows)
    ]
    falls = any(low < max(lows[: index + 1]) for index, low in enumerate(lows))
    assert found(heard(*messages), 0) == ({Fault.BACKWARDS} if falls else set())
    restarted = [
        (topic, payload.replace(b'"one"', f'"{index}"'.encode())) for index, (_, payload) in enumerate(messages)
    ]
    assert found(heard(*restarted), 0) == set()


def test_what_stands_must_belong_to_the_boot_that_is_up() -> None:
    up, alarm_1 = (PLACE.status, said(state="up", seq=1)), (PLACE.alarm("p1", 1), alarm())
    state_1 = (PLACE.of("p1", Kind.STATE), state(alarm_count=1))
    assert found(heard(up, alarm_1, state_1, retained=True, at_ms=LATER)) == set()
    assert found(heard((PLACE.status, said(state="down", seq=2)), alarm_1, retained=True)) == {Fault.STALE}
    assert found(heard((PLACE.status, said(state="lost")), alarm_1, retained=True)) == {Fault.STALE}
    assert found(heard((PLACE.status, said(state="up", seq=1, boot="two")), alarm_1, retained=True)) == {Fault.STALE}
    assert Fault.STALE in found(heard((PLACE.status, said(state="up", seq=1, boot="two")), state_1, retained=True))
    cleared = heard((PLACE.status, said(state="lost")), alarm_1, (PLACE.alarm("p1", 1), b""))
    assert found(cleared) == set()
    assert {each.fault for each in heard(alarm_1).faults(LATER)} == {Fault.NO_STATUS}


def test_what_has_just_changed_gets_time_to_settle() -> None:
    checker = heard((PLACE.status, said(state="up", seq=1)), (PLACE.alarm("p1", 1), alarm()), at_ms=LATER)
    heard((PLACE.status, said(state="lost")), checker=checker, at_ms=LATER)
    assert found(checker, LATER + SETTLE_MS - 1) == set()
    assert found(checker, LATER + SETTLE_MS) == {Fault.STALE}


def test_alarm_count_and_alarm_topics_must_tell_the_same() -> None:
    up = (PLACE.status, said(state="up", seq=1))
    bed_alarm = (PLACE.alarm(None, 2), alarm(slot="bed", alarm_id=2))
    other = (PLACE.alarm("p2", 3), alarm(slot="p2", alarm_id=3))
    for count, fault in ((0, True), (1, False), (2, True)):
        messages = (up, bed_alarm, other, (PLACE.of("p1", Kind.STATE), state(alarm_count=count)))
        assert (Fault.ALARM_COUNT in found(heard(*messages, retained=True, at_ms=LATER))) is fault


def test_a_daemon_that_is_up_and_says_nothing_is_found() -> None:
    infusing = state(phase="infusing")
    checker = heard((PLACE.status, said(state="up", seq=1)), (PLACE.of("p1", Kind.STATE), infusing), retained=True)
    assert found(checker, SILENT_STATE_MS + 1) == {Fault.SILENT}
    assert {each.topic for each in checker.faults(SILENT_STATE_MS + 1)} == {
        PLACE.of("p1", Kind.STATE), PLACE.of("p1", Kind.TELEMETRY),
    }  # fmt: skip
    heard((PLACE.of("p1", Kind.STATE), state(seq=2)), checker=checker, at_ms=SILENT_STATE_MS)
    assert found(checker, SILENT_STATE_MS + 1) == set()


def test_the_report_says_what_is_wrong_and_what_to_do() -> None:
    text = report(events([1, 3]), 0)
    assert "WRONG gap: pumpd/1/s/w/b/p1/event: 1 missing between 1 and 3" in text
    assert "dropped" in text
    assert text.endswith("NOT WELL\n")
    good = heard((PLACE.status, said(state="up", seq=1)))
    assert is_well(good, 0)
    assert "1 beds, 1 messages: status 1" in report(good, 0)


@given(st.lists(st.tuples(st.one_of(st.text(max_size=30), st.just(PLACE.status), st.just(PLACE.alarm("p1", 1))),
                          st.binary(max_size=60), st.booleans()), max_size=20))  # fmt: skip
def test_any_stream_is_judged_without_an_exception(stream: list[tuple[str, bytes, bool]]) -> None:
    checker = Checker()
    for topic, payload, retained in stream:
        checker.take(topic, payload, retained=retained, at_ms=0)
    assert report(checker, LATER)
