"""Whatever is sent to any call, the answer is one of ours: never a crash, and nothing done that was not asked well.

The application runs in memory, on a whole bed's state without a pump behind it; the socket has its own tests
(tests/integration/test_api_socket.py).
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pumpd.accounts import Accounts
from pumpd.api import create_app
from pumpd.api_desk import ANSWERS_MAX, Desk
from pumpd.api_feed import Feed
from pumpd.api_models import ButtonsView, ProblemView
from pumpd.api_sessions import Signed
from pumpd.api_views import Place
from pumpd.bedside import Bedside
from pumpd.clock import SystemClock
from pumpd.core.codes import Phase
from pumpd.core.requests import RearmRequested
from pumpd.core.turn import Setup
from pumpd.errors import ApiError
from pumpd.samples import RecentSamples
from pumpd.testing.clinical import CONFIG, NE_1000, shipped_rules
from pumpd.testing.simulated_journal import Disk, SimulatedJournal

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=6,
)
TYPED = st.text(max_size=34) | st.sampled_from(["82.4", "178", "0", "999999999999", "0.001", "CRPS-OP10"])
ORDERS = st.fixed_dictionaries(
    {
        "regimen": TYPED | st.sampled_from(["CRPS-OP10", "MDD-2x3", "TRAIN-30S"]),
        "weight_kg": TYPED,
        "container": TYPED | st.sampled_from(["syringe-60", "syringe-60-5"]),
    },
    optional={"height_cm": TYPED, "day": st.integers() | st.sampled_from([1, 10])},
)
TARGETS = (
    "/v1/review",
    "/v1/sessions",
    *(f"/v1/pumps/p1/{act}" for act in ("start", "pause", "resume", "rate", "answer")),
)


async def _yes(_hash: str, _pin: str) -> bool:
    return False


class Played:
    """A bed's loop and its calls, on a loop of its own that a property can step."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.app = runner.run(self._build())

    async def _build(self) -> FastAPI:
        clock = SystemClock()
        setup = Setup(
            rules=shipped_rules(),
            pumps=(("p1", NE_1000),),
            worst_cycle_ms=(("p1", 1_000),),
            resume_limit_s=900,
            training=False,
        )
        samples = RecentSamples()
        self.bedside = Bedside(
            setup=setup,
            journal=SimulatedJournal("boot", random.Random(0), Disk()),
            samples=samples,
            clock=clock,
            send=lambda _: None,
            beat=lambda: None,
        )
        self.bedside.boot("boot")
        accounts = Accounts.load(CONFIG / "accounts.toml", clock, idle_s=300, verify=_yes)
        self.desk = Desk(self.bedside, accounts, samples, Place(site="s", ward="w", bed="b"))
        return create_app(self.desk)

    def post(self, target: str, content: bytes) -> httpx2.Response:
        return self._runner.run(self._post(target, content))

    async def _post(self, target: str, content: bytes) -> httpx2.Response:
        turning = asyncio.create_task(self.bedside.run())
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://pumpd") as http:
            response = await http.post(target, content=content, headers={"Content-Type": "application/json"})
        turning.cancel()
        await asyncio.wait([turning])
        return response


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    with asyncio.Runner() as runner:
        yield Played(runner)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(target=st.sampled_from(TARGETS), body=ANY_JSON)
def test_any_json_gets_one_of_our_answers(played: Played, target: str, body: object) -> None:
    response = played.post(target, json.dumps(body).encode())
    assert response.status_code in {200, 401, 409, 422}, response.text
    assert played.bedside.state.pumps[0].phase is Phase.IDLE


@example(content=b"[" * 16_000)
@example(content=b"9" * 16_000)
@example(content=b'{"slot": "\\ud800"}')
@given(content=st.binary(max_size=60).map(lambda some: b"\xff" + some))
def test_bytes_that_are_no_json_are_422_with_a_sentence(played: Played, content: bytes) -> None:
    response = played.post("/v1/review", content)
    assert response.status_code == 422
    assert ProblemView.model_validate_json(response.content).text


@given(order=ORDERS)
def test_any_typed_order_is_reviewed_or_told_apart_by_its_field(played: Played, order: dict[str, object]) -> None:
    response = played.post("/v1/review", json.dumps({"slot": "p1", "order": order}).encode())
    assert response.status_code in {200, 422}, response.text
    if response.status_code == 200:
        review = response.json()
        assert review["allowed"] == (review["total"] is not None)
        assert all(reason["text"] for reason in review["reasons"])
    else:
        assert response.json()["field"] in {*order, "height_cm", "order", "slot"}


def test_no_call_is_analysed_anew_when_it_first_comes(played: Played) -> None:
    """A router included in another would be, by the hundred calls, on the loop that watches the pumps."""
    others = [route for route in played.app.routes if not isinstance(route, APIRoute)]
    assert len(played.app.routes) > 90
    assert len(others) == 1, "the way to the document"


def test_every_call_is_in_the_openapi_document(played: Played) -> None:
    paths = played.app.openapi()["paths"]
    assert {f"/v1/pumps/{{slot}}/{name}" for name in ButtonsView.model_fields} <= set(paths)
    assert {"/v1/bed", "/v1/events", "/v1/stop", "/v1/history", "/v1/samples"} <= set(paths)


def test_no_pin_and_no_token_shows_in_a_text(played: Played) -> None:
    told = played.post("/v1/sessions", b'{"person": "anna", "pin": "9876", "more": 1}').text
    assert "9876" not in told


async def _never() -> bool:
    return False


async def test_keys_are_remembered_up_to_a_limit() -> None:
    clock = SystemClock()
    built = Played.__new__(Played)
    await built._build()
    turning = asyncio.create_task(built.bedside.run())

    async def ask(key: str) -> str:
        by = Signed(key=key, fingerprint="POST /v1/pumps/p1/rearm", hung_up=_never)
        answer = await built.desk.act(by, "p1", None, lambda common: RearmRequested(**common, slot="p1"))
        return answer.request_id

    first = await ask("0")
    assert await ask("0") == first
    for number in range(1, ANSWERS_MAX + 1):
        assert await ask(str(number)) != first
    assert len(built.desk._answers) == ANSWERS_MAX
    assert await ask("0") == first, "the key makes the id, so that the bed knows it where the desk has forgotten"
    turning.cancel()
    await asyncio.wait([turning])
    assert clock.now_ns() > 0


async def test_a_bed_that_does_not_answer_is_503_and_its_key_is_not_asked_again() -> None:
    built = Played.__new__(Played)
    await built._build()  # nobody turns its loop
    by = Signed(key="tap", fingerprint="POST", hung_up=_never)
    for _ in range(2):
        with pytest.raises(ApiError, match="did not answer in time"):
            await built.desk.act(by, "p1", None, lambda common: RearmRequested(**common, slot="p1"))
    assert len(built.bedside._queue) == 1


# --- the feed ------------------------------------------------------------------------------------------------


@pytest.fixture
async def feed(played: Played) -> AsyncIterator[Feed]:
    made = Feed(played.desk.look, lambda _watcher: None)
    running = asyncio.create_task(made.run(lambda: None))
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_a_reader_who_slept_gets_the_newest_view_only(feed: Feed) -> None:
    frames = feed.frames()
    first = _number(await anext(frames))
    others = feed.frames()
    async with asyncio.timeout(20):
        seen = [_number(await anext(others)) for _ in range(4)]  # meanwhile the first reader sleeps
    assert seen == sorted(set(seen))  # nothing is said twice
    assert _number(await anext(frames)) == max(seen) > first + 1
    await frames.aclose()
    await others.aclose()
    assert feed.readers == 0


@pytest.mark.requirement("ALM-10")
async def test_a_named_stream_is_missed_when_the_last_of_its_name_ends(played: Played) -> None:
    gone: list[str] = []
    feed = Feed(played.desk.look, gone.append)
    first, second, nameless = feed.frames("page-1"), feed.frames("page-1"), feed.frames()
    for stream in (first, second, nameless):
        await anext(stream)
    await nameless.aclose()
    await first.aclose()
    assert gone == []
    assert feed.is_watched_by("page-1")
    await second.aclose()
    assert gone == ["page-1"]
    assert not feed.is_watched_by("page-1")


async def test_closing_ends_every_reader(feed: Feed) -> None:
    frames = feed.frames()
    await anext(frames)
    feed.close()
    async with asyncio.timeout(5):
        assert [frame async for frame in frames] == []


def _number(frame: bytes) -> int:
    return next(int(line.removeprefix("id: ")) for line in frame.decode().splitlines() if line.startswith("id: "))
