"""A whole visit is played, from the order to the way home: nothing of it but what the pump did leaves the bed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pumpd.core.check_in import Answered, Item
from pumpd.core.check_in_requests import FindingAccepted
from pumpd.core.codes import Action
from pumpd.core.departure import Exit
from pumpd.core.facts import PersonAsked
from pumpd.telemetry.backfill import Missing
from pumpd.telemetry.outbox import Message, Outbox
from pumpd.telemetry.telling import Telling
from pumpd.telemetry.topics import Kind
from pumpd.testing.called_bed import StillClock
from pumpd.testing.departure_story import DepartureStory
from pumpd.testing.path_story import PRESCRIBER
from pumpd.testing.told_bed import ToldBed, config_for

# words as they stand in facts, codes and texts of a visit; numbers of its patient
SECRETS = (
    "secret", "MDD", "regimen", "risk", "mood", "suicid", "weigh", "73219", "73.2", "score", "padss", "cadss",
    "nurse-1", "doctor-1", "escort", "allerg", "visit", "series", "blood", "ketamine", "discharge", "recover",
)  # fmt: skip


def a_visit() -> DepartureStory:
    """A mood regimen, a risk and an allergy that were found, a pump that ran, a patient who leaves against advice."""
    story = DepartureStory()
    story.connected()
    story.sign("MDD-2x3", series="secret-series", patient="secret-patient", weight_g=73_219)
    story.opens(series="secret-series", visit="secret-visit")
    story.accepted()
    story.checks_in()
    story.answers(Item.ALLERGIES, answered=Answered.FOUND, remark="secret-allergy")
    story.by(FindingAccepted, PRESCRIBER, item=Item.ALLERGIES, why="secret-why")
    story.weighs(73_219)
    story.asks_about_risk(found=True, visit="secret-visit")
    story.plans(visit="secret-visit")
    story.prepares()
    story.baseline()
    story.infuses("secret-visit")
    story.gives()
    story.moves("secret-visit")
    story.scores(visit="secret-visit")
    story.leaves(Exit.LEFT, visit="secret-visit", reason="secret-reason", told="doctor-1")
    story.accepted()
    return story


def told_of(story: DepartureStory) -> list[Message]:
    """Everything that leaves the bed while these facts happen."""
    bed = ToldBed(StillClock(story.now_ns))
    bed.setup = story.setup
    config = config_for(1883, Path("/nowhere"))
    assert config.mqtt is not None
    outbox = Outbox(lambda: None)
    telling = Telling(
        config=config, mqtt=config.mqtt, bedside=bed, clock=bed.clock, outbox=outbox, missing=Missing(), head=None
    )
    bed.watch(telling.turned)
    told = []
    boot, *facts = story.facts
    bed.play(boot)
    telling.online(None)
    for fact in facts:
        bed.play(fact)
        telling.tick()
        telling.catch_up()
        while (message := outbox.take()) is not None:
            outbox.done()
            told.append(message)
    return told


def test_of_a_visit_nothing_is_told_but_what_the_pump_did() -> None:
    story = a_visit()
    asked = {fact.action for fact in story.facts if isinstance(fact, PersonAsked)}
    assert {Action.SIGN_SERIES, Action.ANSWER_RISK, Action.WEIGH, Action.OBSERVE, Action.LEAVE, Action.START} <= asked
    told = told_of(story)
    leaks = {
        (message.topic, secret)
        for message in told
        for secret in SECRETS
        if secret.lower() in message.payload.decode().lower() or secret in message.topic
    }
    assert leaks == set()
    events = [json.loads(message.payload) for message in told if message.kind is Kind.EVENT]
    assert {event["action"] for event in events if "action" in event} == {"prime", "start", "stop", "end"}


def test_what_is_asked_about_a_visit_is_not_told_even_where_it_names_a_pump() -> None:
    story = a_visit()
    asked = next(fact for fact in story.facts if isinstance(fact, PersonAsked) and fact.action is Action.ANSWER_RISK)
    story.facts.append(replace(asked, slot="p1", request_id="another"))
    events = [json.loads(message.payload) for message in told_of(story) if message.kind is Kind.EVENT]
    assert "answer_risk" not in {event.get("action") for event in events}
