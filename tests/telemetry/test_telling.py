"""What is told of a bed, without any broker: nothing secret, nothing stale as if it were new, nothing twice.

One story is played by the daemon's own loop, bus and driver against the simulator in virtual time, and judged by the
checker; the rest by a bed that does what it is told.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pumpd_sim.bus import SimBus
from pumpd_sim.new_era import NewEra

from pumpd.clock import SystemClock
from pumpd.core import facts as f
from pumpd.core.codes import (
    Action,
    CommandKind,
    Condition,
    Ending,
    Phase,
    Priority,
    Reason,
    ReasonCode,
    Severity,
    Why,
)  # fmt: skip
from pumpd.core.delivered import Interval
from pumpd.core.facts import Fact
from pumpd.core.order import Order
from pumpd.core.pump import Drive
from pumpd.core.units import NS_PER_S
from pumpd.telemetry import payloads as p
from pumpd.telemetry import views
from pumpd.telemetry.backfill import Missing
from pumpd.telemetry.checker import Checker
from pumpd.telemetry.outbox import Message, Outbox
from pumpd.telemetry.payloads import encode
from pumpd.telemetry.telling import TURNS_MAX, Telling
from pumpd.telemetry.topics import Kind
from pumpd.telemetry.views import Moment
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.told_bed import SECRETS, ToldBed, config_for
from pumpd.testing.virtual import VirtualClock, run_virtual

TRAINING = Order(regimen="TRAIN-2MIN", day=1, weight_g=70_000, height_mm=1_700, container="syringe-60")


class StillClock(SystemClock):
    """Stands until a test moves it."""

    def __init__(self) -> None:
        self.at_ns = 5_000 * NS_PER_S

    def now_ns(self) -> int:
        return self.at_ns

    def wall_ms(self) -> int:
        return 1_800_000_000_000 + self.at_ns // 1_000_000

    def advance(self, seconds: float) -> None:
        self.at_ns += round(seconds * NS_PER_S)


class Told:
    """A bed, what is told of it, and what was sent."""

    def __init__(self, *, slots: tuple[str, ...] = ("p1",), **mqtt: object) -> None:
        self.clock = StillClock()
        self.bed = ToldBed(self.clock, slots=slots)
        self.outbox = Outbox(lambda: None)
        self.missing = Missing()
        config = config_for(1883, Path("/nowhere"), slots=slots, **mqtt)
        assert config.mqtt is not None
        self.telling = Telling(
            config=config, mqtt=config.mqtt, bedside=self.bed, clock=self.clock, outbox=self.outbox,
            missing=self.missing, head=None,
        )  # fmt: skip
        self.bed.watch(self.telling.turned)
        self.bed.boot()
        self.bed.connect()

    def sent(self) -> list[Message]:
        """Everything that would leave now."""
        self.telling.catch_up()
        return drained(self.outbox)

    def last(self, kind: Kind) -> dict[str, object]:
        messages = [message for message in self.sent() if message.kind is kind and message.payload]
        found: dict[str, object] = json.loads(messages[-1].payload)
        return found


def drained(outbox: Outbox) -> list[Message]:
    messages = []
    while (message := outbox.take()) is not None:
        outbox.done()
        messages.append(message)
    return messages


INFUSED = [phase for phase in Phase if phase is not Phase.IDLE]
SECRET = st.sampled_from(SECRETS)
SLOT = st.sampled_from(("p1", "p2"))
# a volume that happens to be written with a secret's digits tells nothing
VOLUME = (
    st.integers(0, 30_000_000)
    .map(lambda nl: Interval(low_nl=nl, high_nl=nl + 1_000))
    .filter(lambda each: not any(secret in f"{each.low_nl} {each.high_nl}" for secret in SECRETS))
)


def facts_with_secrets() -> st.SearchStrategy[Fact]:
    at = st.just(5_000 * NS_PER_S)
    reason = st.builds(
        Reason, code=st.just(ReasonCode.WEIGHT_G), severity=st.sampled_from(Severity), asked=st.just(73_219)
    )
    return st.one_of(
        st.builds(f.PersonAsked, at_ns=at, request_id=SECRET, person=SECRET, slot=SLOT, action=st.sampled_from(Action),
                  value=st.just(73_219), text=SECRET),
        st.builds(f.RequestRefused, at_ns=at, request_id=SECRET, slot=SLOT, action=st.sampled_from(Action),
                  reasons=st.tuples(reason)),
        st.builds(f.CommandClosed, at_ns=at, slot=SLOT, command_id=st.just(1), command=st.sampled_from(CommandKind),
                  ending=st.sampled_from(Ending), detail=SECRET),
        st.builds(f.LinkWent, at_ns=at, slot=SLOT, link=st.sampled_from(("up", "silent", "down")), detail=SECRET),
        st.builds(f.StepTaken, at_ns=at, slot=SLOT, step=st.just(0), person=SECRET),
        st.builds(f.QuestionAsked, at_ns=at, slot=SLOT),
        st.builds(f.JournalWent, at_ns=at, ok=st.booleans(), detail=SECRET),
        st.builds(f.PhaseChanged, at_ns=at, slot=SLOT, phase=st.sampled_from(INFUSED),
                  why=st.sampled_from(Why), delivered=VOLUME),
        st.builds(f.Checkpoint, at_ns=at, slot=SLOT, delivered=VOLUME),
        st.builds(f.AlarmRaised, at_ns=at, alarm_id=st.integers(1, 9), slot=st.one_of(SLOT, st.none()),
                  condition=st.sampled_from(Condition), priority=st.sampled_from(Priority), detail=SECRET),
        st.builds(f.AlarmAcknowledged, at_ns=at, alarm_id=st.integers(1, 9), person=SECRET),
    )  # fmt: skip


@given(st.lists(facts_with_secrets(), max_size=12))
@settings(max_examples=60)
def test_nothing_secret_is_ever_in_a_payload(facts: list[Fact]) -> None:
    told = Told(slots=("p1", "p2"))
    told.telling.online(None)
    told.bed.infuse("p1")
    told.bed.infuse("p2")
    sent = told.sent()
    raised: set[int] = set()
    for fact in facts:
        if isinstance(fact, f.AlarmRaised):
            if fact.alarm_id in raised:
                continue
            raised.add(fact.alarm_id)
        if isinstance(fact, f.AlarmAcknowledged) and fact.alarm_id not in raised:
            continue
        told.bed.play(fact)
        told.telling.tick()
        sent += told.sent()
    assert {message.kind for message in sent} >= {Kind.STATUS, Kind.ABOUT, Kind.LINK, Kind.STATE, Kind.EVENT}
    leaks = [
        (message.topic, secret)
        for message in sent
        for secret in (*SECRETS, "weight", "regimen", "patient")
        if secret.encode() in message.payload or secret in message.topic
    ]
    assert leaks == []
    checker = Checker()
    for message in sent:
        checker.take(message.topic, message.payload, retained=False, at_ms=told.clock.wall_ms())
    assert [each for each in checker.findings if each.fault.value != "backwards"] == []


@pytest.mark.parametrize("publish", [True, False])
def test_the_drugs_name_leaves_the_bed_only_where_the_site_says_so(publish: bool) -> None:  # noqa: FBT001
    told = Told(publish_drug_name=publish)
    told.bed.infuse()
    told.telling.online(None)
    assert told.last(Kind.STATE).get("drug") == ("secret-drug" if publish else None)


@pytest.mark.requirement("LINK-08")
def test_what_was_measured_is_left_out_once_it_is_stale_and_the_interval_widens() -> None:
    told = Told()
    told.bed.infuse()
    for number in range(1, 11):
        told.clock.advance(1)
        told.bed.see(infused_nl=number * 6_800, drive=Drive.INFUSING)
    told.telling.online(None)
    fresh = told.last(Kind.STATE)
    assert (fresh["quality"], fresh["drive"], fresh["age_ms"]) == ("good", "infusing", 0)
    assert fresh["measured_ml_per_h"] == pytest.approx(24.5, abs=0.1)
    told.clock.advance(5)
    told.telling.online(None)
    stale = told.last(Kind.STATE)
    assert (stale["quality"], stale["age_ms"]) == ("stale", 5_000)
    assert {"measured_ml_per_h", "measured_uncertainty_ml_per_h", "drive"} & stale.keys() == set()
    assert stale["delivered_low_ml"] == fresh["delivered_low_ml"]
    assert float(str(stale["delivered_high_ml"])) > float(str(fresh["delivered_high_ml"]))
    told.bed.see(infused_nl=70_000, drive=Drive.INFUSING)
    told.telling.online(None)
    assert told.last(Kind.STATE)["quality"] == "good"
    told.bed.play(f.LinkWent(at_ns=told.bed.now, slot="p1", link="silent", detail=""))
    assert told.last(Kind.STATE)["quality"] == "stale"


def test_a_pump_that_never_spoke_is_unknown_and_has_no_age() -> None:
    told = Told(slots=("p1", "p2"))
    told.telling.online(None)
    unseen = next(json.loads(m.payload) for m in told.sent() if m.topic.endswith("p2/state"))
    assert unseen["quality"] == "unknown"
    assert "age_ms" not in unseen
    assert "delivered_low_ml" not in unseen


def test_state_repeats_count_priority_and_text_of_the_most_urgent_alarm_of_pump_and_bed() -> None:
    told = Told(slots=("p1", "p2"))
    told.telling.online(None)
    at_ns = told.bed.now
    low = f.AlarmRaised(at_ns=at_ns, alarm_id=1, slot="p1", condition=Condition.ENDED, priority=Priority.LOW)
    bed = f.AlarmRaised(at_ns=at_ns, alarm_id=2, slot=None, condition=Condition.JOURNAL_DOWN, priority=Priority.MEDIUM)
    other = f.AlarmRaised(at_ns=at_ns, alarm_id=3, slot="p2", condition=Condition.STALLED, priority=Priority.HIGH)
    told.sent()
    told.bed.play(low, bed, other)
    states = {m.topic.split("/")[5]: json.loads(m.payload) for m in told.sent() if m.kind is Kind.STATE}
    assert {slot: (s["alarm_count"], s["alarm_priority"], s["alarm_condition"]) for slot, s in states.items()} == {
        "p1": (2, "medium", "journal_down"),
        "p2": (2, "high", "stalled"),
    }
    assert all(s["alarm_text"] for s in states.values())


@pytest.mark.requirement("ALM-03")
def test_a_high_alarm_leaves_in_the_turn_that_raised_it() -> None:
    """No timer is behind it: the clock stands still."""
    told = Told()
    told.telling.online(None)
    told.sent()
    told.bed.alarm(8, condition=Condition.OCCLUSION)
    (alarm,) = [message for message in told.sent() if message.kind is Kind.ALARM]
    assert json.loads(alarm.payload)["priority"] == "high"


def test_a_bed_that_does_nothing_new_says_only_that_it_lives() -> None:
    told = Told()
    told.telling.online(None)
    told.sent()
    for _ in range(59):
        told.clock.advance(1)
        told.bed.see()
        told.telling.tick()
    assert [message.topic.split("/", 5)[5] for message in told.sent()] == ["p1/state"], "the newest of five"
    told.telling.tick()
    assert {message.kind for message in told.sent()} == {Kind.STATE, Kind.STATUS}


def test_only_topics_of_our_own_bed_are_ours_to_clear() -> None:
    told = Told()
    told.telling.online(None)
    own = told.telling.place.prefix
    assert not told.telling.stands_behind(f"{own}/p1/alarm/5")
    for topic in (f"{own[:-1]}2/p1/alarm/5", f"{own}/status", f"{own}/p1/state", "homeassistant/x"):
        assert told.telling.stands_behind(topic), topic


def test_a_view_that_misspells_a_field_fails_instead_of_sending_less() -> None:
    with pytest.raises(ValueError, match="infusion"):
        p.Event(ts_ms=1, boot="b", seq=1, slot="p1", id=1, event="link_went", infusion="7")  # type: ignore[call-arg]


def test_an_event_that_the_journal_had_no_room_for_has_no_number() -> None:
    told = Told()
    told.telling.online(None)
    told.sent()
    stop = f.PersonAsked(at_ns=told.bed.now, request_id="r", person=None, slot="p1", action=Action.STOP)
    told.bed.play(stop)
    told.bed.last_seq -= 1  # as it stands when the journal took nothing
    told.telling._turns[-1] = type(told.telling._turns[-1])(
        state=told.bed.state, facts=(stop,), last_seq=told.bed.last_seq
    )
    lost = told.last(Kind.EVENT)
    assert (lost["event"], "id" in lost) == ("person_asked", False)
    told.bed.play(stop)
    assert told.last(Kind.EVENT)["id"] == told.bed.last_seq


def test_a_watcher_that_nobody_empties_stays_bounded_and_counts() -> None:
    told = Told()
    for _ in range(TURNS_MAX + 100):
        told.bed.see()
    assert len(told.telling._turns) == TURNS_MAX
    assert told.telling.dropped >= 100


def test_every_alarm_condition_has_words_for_the_wire_without_a_word_that_must_not_leave() -> None:
    moment = Moment(boot="b", now_ns=10, wall_ms=10)
    for number, condition in enumerate(Condition):
        told = Told()
        told.bed.alarm(number, condition=condition)
        text = encode(views.alarm(told.bed.state.alarms[0], moment, 1)).decode().lower()
        assert not [word for word in ("weight", "regimen", "patient", "secret") if word in text], text
        assert json.loads(text)["text"]


def test_a_played_infusion_is_told_without_gap_or_contradiction() -> None:
    """The daemon's own loop, bus and driver against the simulated pump; the checker finds nothing."""

    async def story(clock: VirtualClock) -> tuple[Checker, list[Message]]:
        bed = PlayedBed.boot(clock, [Line(sim=SimBus([NewEra(now_ns=clock.now_ns())]), slots=(("p1", 0),))])
        outbox, missing = Outbox(lambda: None), Missing()
        config = config_for(1883, Path("/nowhere"))
        assert config.mqtt is not None
        telling = Telling(
            config=config, mqtt=config.mqtt, bedside=bed.bedside, clock=clock, outbox=outbox, missing=missing,
            head=lambda: bed.journal.committed,
        )  # fmt: skip
        bed.bedside.watch(telling.turned)
        telling.online(None)
        checker, sent = Checker(), []
        for second in range(240):
            if second == 10:
                assert (await bed.start(TRAINING)).accepted
            if second == 60:
                await bed.stop()
            if second == 70:
                assert (await bed.resume()).accepted
            telling.catch_up()
            telling.tick()
            for message in drained(outbox):
                sent.append(message)
                checker.take(message.topic, message.payload, retained=False, at_ms=clock.wall_ms())
            await asyncio.sleep(1)
        faults = checker.faults(clock.wall_ms())
        await bed.kill()
        assert faults == ()
        return checker, sent

    checker, sent = run_virtual(story, seed=3)
    assert checker.gaps == 0
    telemetry = [json.loads(message.payload) for message in sent if message.kind is Kind.TELEMETRY]
    assert len(telemetry) > 30
    assert telemetry[-1]["delivered_high_ml"] > 0
    ids = [json.loads(message.payload)["id"] for message in sent if message.kind is Kind.EVENT]
    assert ids == sorted(set(ids))
    assert {each["phase"] for each in telemetry} >= {"infusing"}
