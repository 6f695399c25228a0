"""The daemon's door, as it is: a real Unix socket, real uvicorn, a real loop and a whole bed behind it.

Only the serial line and the disk are stood in for (pumpd/testing/played_bed.py); time is the machine's own, so
nothing here measures it: a test waits for what it expects, within the limit that the product promises.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from json import dumps
from pathlib import Path
from typing import cast

import httpx2
import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.new_era import NewEra

from pumpd import api_client, cli
from pumpd.accounts import Accounts
from pumpd.api import BODY_BYTES_MAX, create_app, serve
from pumpd.api_alarms import AudioPauseBody
from pumpd.api_client import AsyncClient
from pumpd.api_container_models import BalanceBody, ContainerChangeBody, PrimeBody, SecondBody
from pumpd.api_desk import Desk
from pumpd.api_feed import READERS_MAX
from pumpd.api_models import (
    AnswerView,
    AuthorBody,
    BedView,
    OrderBody,
    OverrideBody,
    Phase,
    PumpView,
    ReasonCode,
    ReviewRequest,
    StartBody,
)
from pumpd.api_socket import listening, socket_path
from pumpd.api_views import Place
from pumpd.clock import SystemClock
from pumpd.core.codes import PauseReason
from pumpd.core.requests import Answer, Keep
from pumpd.core.units import NS_PER_S
from pumpd.errors import ApiError
from pumpd.testing.clinical import CONFIG
from pumpd.testing.played_bed import Line, PlayedBed
from pumpd.testing.virtual import VirtualClock

OUT_WITHIN_S = 2.0  # the hand-over's promise, DESIGN wall 12
PATIENCE_S = 20.0  # how long a test waits for what has no promise of its own
SALINE = OrderBody(regimen="TRAIN-2MIN", weight_kg="70", height_cm="170", container="syringe-60")


@dataclass(slots=True)
class Door:
    """A served bed, a client of it, and a nurse who is signed in."""

    path: Path
    bed: PlayedBed
    client: AsyncClient
    token: str
    serving: asyncio.Task[None]

    async def until(self, wanted: Callable[[PumpView], bool]) -> PumpView:
        """The first view of p1 on the stream of events that is as wanted."""
        async with asyncio.timeout(PATIENCE_S), aclosing(self.client.events()) as views:
            async for view in views:
                if wanted(view.pumps[0]):
                    return view.pumps[0]
        raise AssertionError("the stream ended")

    async def start(self, order: OrderBody = SALINE, key: str | None = None) -> AnswerView:
        review = await self.client.review(ReviewRequest(slot="p1", order=order), self.token)
        return await self.client.start("p1", StartBody(order=order, digest=review.digest), self.token, key)

    async def run(self) -> PumpView:
        await self.until(lambda pump: pump.buttons.start.allowed)
        answer = await self.start()
        assert answer.accepted, answer
        return await self.until(lambda pump: pump.phase is Phase.INFUSING)

    async def raw(self, method: str, target: str, content: bytes = b"", **headers: str) -> httpx2.Response:
        transport = httpx2.AsyncHTTPTransport(uds=str(self.path))
        async with httpx2.AsyncClient(transport=transport, base_url="http://pumpd") as http:
            return await http.request(method, target, content=content, headers=headers)

    async def close(self) -> None:
        self.serving.cancel()
        await asyncio.wait([self.serving])


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    clock = SystemClock()
    bed = PlayedBed.boot(
        cast("VirtualClock", clock), [Line(sim=SimBus([NewEra(timeout_s=5)], baud=None), slots=(("p1", 0),))]
    )
    accounts = Accounts.load(CONFIG / "accounts.toml", clock, idle_s=300)
    place = Place(site="north", ward="pain", bed="bed-1", assets={"p1": "No. 17"}, people={"anna": "Anna Berg"})
    answering = asyncio.Event()
    path = tmp_path / "pumpd.sock"
    serving = asyncio.create_task(
        serve(create_app(Desk(bed.bedside, accounts, bed.samples, place)), path, answering.set)
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await answering.wait()
        async with AsyncClient(path, sent_at_ns=clock.now_ns) as client:
            session = await client.sign_in("anna", "2718")
            yield Door(path, bed, client, session.token, serving)
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        await bed.kill()
        accounts.close()


# --- a whole story --------------------------------------------------------------------------------------


async def test_a_training_infusion_goes_through_the_socket_from_review_to_end(door: Door) -> None:
    client = door.client
    await door.until(lambda pump: pump.buttons.start.allowed)
    offered = await client.regimens("p1")
    assert SALINE.regimen in {regimen.id for regimen in offered}
    review = await client.review(ReviewRequest(slot="p1", order=SALINE), door.token)
    assert review.allowed
    assert review.total is not None
    assert review.total.text == "2 mL"
    assert (await door.start()).accepted

    running = await door.until(lambda pump: pump.phase is Phase.INFUSING and pump.measured is not None)
    assert running.asked is not None
    assert running.granted is not None
    assert running.asked.text == running.granted.text == "60 mL/h"
    assert running.infusion is not None
    assert running.infusion.started_by == "Anna Berg"
    assert not running.buttons.start.allowed

    assert (await client.rate("p1", "30", door.token)).accepted
    slower = await door.until(lambda pump: pump.granted is not None and pump.granted.ul_per_h == 30_000)
    assert slower.infusion is not None
    assert slower.infusion.rate_max.ul_per_h == 60_000

    assert (await client.pause("p1", PauseReason.TOILET)).accepted
    paused = await door.until(lambda pump: pump.phase is Phase.STOPPED)
    assert paused.delivered is not None
    assert paused.delivered.low_nl > 0
    assert paused.buttons.resume.allowed
    assert (await client.resume("p1", door.token, Keep.VOLUME)).accepted
    await door.until(lambda pump: pump.phase is Phase.INFUSING)

    assert (await client.stop("p1")).accepted
    await door.until(lambda pump: pump.phase is Phase.STOPPED and not pump.command_pending)
    assert (await client.end("p1", door.token)).accepted
    ended = await client.bed()
    assert ended.pumps[0].phase is Phase.ENDED
    assert {row.slot for row in await client.samples("p1")} == {"p1"}
    rows = await client.history(door.token)
    assert [row.seq for row in rows] == sorted((row.seq or 0 for row in rows), reverse=True)
    assert {row.action.value for row in rows if row.action} >= {"start", "pause", "resume", "stop", "end"}


async def test_a_container_is_changed_through_the_socket_and_a_wrong_label_is_refused(door: Door) -> None:
    client = door.client
    await door.run()
    assert not (await door.until(lambda pump: pump.phase is Phase.INFUSING)).buttons.change_container.allowed
    assert (await client.pause("p1", PauseReason.OTHER)).accepted
    paused = await door.until(lambda pump: pump.phase is Phase.STOPPED and not pump.command_pending)
    assert paused.buttons.change_container.allowed
    assert paused.infusion is not None
    wrong = ContainerChangeBody(container=SALINE.container, concentration_mg_per_ml="1")
    answer = await client.change_container("p1", wrong, door.token)
    assert [reason.code for reason in answer.reasons] == [ReasonCode.LABEL_UG_PER_ML]
    right = ContainerChangeBody(container=SALINE.container, concentration_mg_per_ml="0", lot="L-7")
    assert (await client.change_container("p1", right, door.token)).accepted
    running = await door.until(lambda pump: pump.phase is Phase.INFUSING)
    assert running.infusion is not None
    assert running.infusion.container == 2
    checked = right.model_copy(update={"second": SecondBody(second_person="ben", second_pin="wrong")})
    with pytest.raises(ApiError, match="PIN"):
        await client.change_container("p1", checked, door.token)


async def test_a_line_is_primed_flushed_and_balanced_through_the_socket(door: Door) -> None:
    client = door.client
    await door.until(lambda pump: pump.buttons.start.allowed)
    other = await client.prime("p1", PrimeBody(regimen=SALINE.regimen, container="bag-9"), door.token)
    assert [reason.code for reason in other.reasons] == [ReasonCode.UNKNOWN_CONTAINER]
    assert (
        await client.prime("p1", PrimeBody(regimen=SALINE.regimen, container=SALINE.container), door.token)
    ).accepted
    assert not (await client.flush("p1", "3", door.token)).accepted, "nothing has been given yet"

    await door.run()
    assert (await client.stop("p1")).accepted
    await door.until(lambda pump: pump.phase is Phase.STOPPED and not pump.command_pending)
    assert (await client.end("p1", door.token)).accepted
    ended = (await client.bed()).pumps[0]
    assert ended.in_line is not None
    assert ended.in_line.text == "3 mL"
    with pytest.raises(ApiError, match="volume") as refused:
        await client.flush("p1", "3,0", door.token)
    assert (refused.value.status, refused.value.field) == (422, "volume_ml")
    assert (await client.flush("p1", "3", door.token)).accepted
    assert (await client.bed()).pumps[0].in_line is None

    short = BalanceBody(loaded_ml="60", residual_ml="40")
    differs = await client.balance("p1", short, door.token)
    assert [reason.code for reason in differs.reasons] == [ReasonCode.BALANCE_DIFFERENCE_NL]
    assert (await client.balance("p1", short.model_copy(update={"remark": "spilt"}), door.token)).accepted
    kinds = [row.kind for row in await client.history(door.token)]
    assert {"line_primed", "line_flushed", "balanced"} <= set(kinds)


@pytest.mark.requirement("ALM-10")
async def test_sound_is_paused_for_a_page_that_watches_and_is_back_when_it_leaves(door: Door) -> None:
    client, sim = door.client, door.bed.lines[0].sim.devices[0]
    await door.run()
    early = await client.pause_audio(AudioPauseBody(), door.token)
    assert [each.code for each in early.reasons] == [ReasonCode.NO_SUCH_ALARM]
    assert isinstance(sim, NewEra)
    sim.press(door.bed.clock.now_ns(), "stop")
    await door.until(lambda pump: pump.phase is Phase.STOPPED)
    assert any(alarm.sounding for alarm in (await client.bed()).alarms)
    with pytest.raises(ApiError, match="not connected") as unknown:
        await client.pause_audio(AudioPauseBody(watcher="page-1"))
    assert (unknown.value.status, unknown.value.field) == (409, "watcher")

    async with asyncio.timeout(PATIENCE_S), AsyncClient(door.path) as page:
        async with aclosing(page.events("page-1")) as views:
            await anext(views)
            assert (await client.pause_audio(AudioPauseBody(watcher="page-1"), door.token)).accepted
            quiet = await client.bed()
            assert quiet.audio_paused_by == "Anna Berg"
            assert not any(alarm.sounding for alarm in quiet.alarms)
        async with aclosing(client.events()) as views:
            async for view in views:
                if view.audio_paused_until_ts_ms is None:
                    break
    assert any(alarm.sounding for alarm in view.alarms)


async def test_events_come_at_once_and_keep_coming_when_nothing_happens(door: Door) -> None:
    seen: list[BedView] = []
    async with asyncio.timeout(PATIENCE_S), aclosing(door.client.events()) as views:
        async for view in views:
            seen.append(view)
            if len(seen) == 4:
                break
    numbers = [view.number for view in seen]
    assert numbers == sorted(set(numbers))
    assert {view.boot for view in seen} == {door.bed.bedside.state.boot}


# --- who may ---------------------------------------------------------------------------------------------


async def test_stop_needs_nobody_and_a_worn_out_session_is_no_hindrance(door: Door) -> None:
    await door.run()
    answer = await door.client.stop("p1", token="worn-out")
    assert answer.accepted
    await door.until(lambda pump: pump.phase is Phase.STOPPED)


async def test_a_locked_page_pauses_and_a_pin_of_its_author_opens_it_to_resume(door: Door) -> None:
    client = door.client
    await door.run()
    locked = await client.send(api_client.lock(), door.token)
    assert locked.locked
    pause = replace(api_client.pause("p1", PauseReason.TOILET, "tap-1"), author="ben")
    assert (await client.send(pause, door.token)).accepted
    await door.until(lambda pump: pump.phase is Phase.STOPPED and not pump.command_pending)
    resume = api_client.resume("p1", key="tap-2")
    refused = await client.send(resume, door.token)
    assert [reason.code for reason in refused.reasons] == [ReasonCode.PIN_NEEDED]

    opened = await client.sign_in("ben", "3141", door.token)
    with pytest.raises(ApiError, match="Nobody is signed in"):
        await client.session(door.token)
    (waits,) = opened.unconfirmed
    assert (waits.slot, waits.text) == ("p1", "pause")
    mine = AuthorBody(acts=(waits.id,), mine=True)
    assert (await client.send(api_client.settle_author(mine), opened.token)).accepted
    assert (await client.session(opened.token)).unconfirmed == ()
    assert (await client.send(resume, opened.token)).accepted
    await door.until(lambda pump: pump.phase is Phase.INFUSING)


async def test_an_author_is_chosen_on_a_locked_page_alone_and_of_those_who_may_sign_in(door: Door) -> None:
    lower = replace(api_client.rate("p1", "1"), author="ben")
    with pytest.raises(ApiError, match="open for Anna Berg") as refused:
        await door.client.send(lower, door.token)
    assert (refused.value.status, refused.value.field) == (409, "author")
    await door.client.send(api_client.lock(), door.token)
    with pytest.raises(ApiError, match="Choose one") as unknown:
        await door.client.send(replace(lower, author="nobody"), door.token)
    assert (unknown.value.status, unknown.value.field) == (422, "author")
    stop = replace(api_client.stop("p1"), author="nobody")
    assert (await door.client.send(stop, door.token)).accepted, "whatever it says of its author"


async def test_nobody_signed_in_starts_resumes_steps_ends_or_rearms(door: Door) -> None:
    body = StartBody(order=SALINE, digest="0")
    for call in (
        api_client.start("p1", body),
        api_client.resume("p1"),
        api_client.rate("p1", "1"),
        api_client.step("p1"),
        api_client.end("p1"),
        api_client.rearm("p1"),
    ):
        answer = await door.client.send(call)
        assert not answer.accepted, call
        assert ReasonCode.NOT_SIGNED_IN in {reason.code for reason in answer.reasons}, call
        with pytest.raises(ApiError, match="Nobody is signed in") as refused:
            await door.client.send(call, "worn-out")
        assert refused.value.status == 401


async def test_nobody_signed_in_makes_an_alarm_quiet_or_lets_a_doubtful_pump_run_on(door: Door) -> None:
    for call in (
        api_client.acknowledge(1),
        api_client.pause_audio(AudioPauseBody()),
        api_client.answer("p1", Answer.DRIVEN),
    ):
        for token in (None, "worn-out"):
            answer = await door.client.send(call, token)
            assert ReasonCode.NOT_SIGNED_IN in {reason.code for reason in answer.reasons}, call


async def test_a_wrong_pin_is_told_and_opens_nothing(door: Door) -> None:
    with pytest.raises(ApiError, match="do not belong together") as refused:
        await door.client.sign_in("anna", "0000")
    assert (refused.value.status, refused.value.field) == (401, "pin")


async def test_an_override_needs_the_second_persons_own_pin(door: Door) -> None:
    override = OverrideBody(reason="as agreed", second_person="ben", second_pin="0000")
    with pytest.raises(ApiError, match="do not belong together") as refused:
        await door.client.start("p1", StartBody(order=SALINE, digest="0", override=override), door.token)
    assert (refused.value.status, refused.value.field) == (401, "second_pin")


async def test_a_session_ends_when_its_person_signs_out(door: Door) -> None:
    assert (await door.client.session(door.token)).person == "anna"
    await door.client.sign_out(door.token)
    with pytest.raises(ApiError, match="Nobody is signed in"):
        await door.client.session(door.token)


# --- refusals ----------------------------------------------------------------------------------------------


async def test_a_refused_request_answers_409_with_every_reason(door: Door) -> None:
    response = await door.raw("POST", "/v1/pumps/p1/end", Authorization=f"Bearer {door.token}")
    assert response.status_code == 409
    answer = AnswerView.model_validate_json(response.content)
    assert [reason.code for reason in answer.reasons] == [ReasonCode.WRONG_PHASE]
    assert answer.text


async def test_a_pump_that_the_bed_has_not_is_404_and_the_others_are_named(door: Door) -> None:
    with pytest.raises(ApiError, match=r"no pump 'p9'.*p1") as refused:
        await door.client.stop("p9")
    assert refused.value.status == 404


async def test_what_cannot_be_read_is_422_and_names_the_field(door: Door) -> None:
    order = SALINE.model_copy(update={"weight_kg": "82,4"})
    with pytest.raises(ApiError, match="weight in kilograms") as refused:
        await door.client.review(ReviewRequest(slot="p1", order=order), door.token)
    assert (refused.value.status, refused.value.field) == (422, "weight_kg")
    broken = await door.raw("POST", "/v1/review", b'{"slot": "p1"', **{"Content-Type": "application/json"})
    assert broken.status_code == 422
    assert broken.json()["text"]


async def test_a_body_beyond_the_limit_is_turned_away(door: Door) -> None:
    response = await door.raw("POST", "/v1/review", b" " * (BODY_BYTES_MAX + 1))
    assert response.status_code == 413


async def test_an_answer_about_the_plunger_is_refused_when_nobody_asked(door: Door) -> None:
    answer = await door.client.answer("p1", Answer.DRIVEN, door.token)
    assert [reason.code for reason in answer.reasons] == [ReasonCode.WRONG_PHASE]


# --- late and repeated requests ----------------------------------------------------------------------------


async def test_the_same_key_twice_is_one_request_with_one_answer(door: Door) -> None:
    await door.run()
    first = await door.client.rate("p1", "30", door.token, key="tap-1")
    again = await door.client.rate("p1", "30", door.token, key="tap-1")
    assert first == again
    asked = [row for row in await door.client.history(door.token) if row.kind == "person_asked"]
    assert [row.action.value for row in asked if row.action] == ["change_rate", "start"]
    with pytest.raises(ApiError, match="another request"):
        await door.client.rate("p1", "20", door.token, key="tap-1")


async def test_a_tap_of_long_ago_starts_nothing_but_still_stops(door: Door) -> None:
    long_ago = door.bed.clock.now_ns() - 11 * NS_PER_S
    async with AsyncClient(door.path, sent_at_ns=lambda: long_ago) as late:
        answer = await late.start("p1", StartBody(order=SALINE, digest="0"), door.token)
        assert ReasonCode.REQUEST_EXPIRED in [reason.code for reason in answer.reasons]
        assert (await late.stop("p1")).accepted


async def test_a_caller_who_has_hung_up_gets_no_start(door: Door) -> None:
    """As after a suspend: the daemon wakes up to a request in its buffer that nobody waits for."""
    review = await door.client.review(ReviewRequest(slot="p1", order=SALINE), door.token)
    body = StartBody(order=SALINE, digest=review.digest).model_dump_json()
    head = (
        f"POST /v1/pumps/p1/start HTTP/1.1\r\nHost: pumpd\r\nAuthorization: Bearer {door.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.socket(socket.AF_UNIX) as caller:  # in one turn of the loop: the daemon sees nothing until it is gone
        caller.connect(str(door.path))
        caller.sendall((head + body).encode())
    await asyncio.sleep(0)
    assert (await door.raw("GET", "/v1/bed")).status_code == 200  # handled after the caller's
    assert (await door.client.bed()).pumps[0].phase is Phase.IDLE
    assert [row for row in await door.client.history(door.token) if row.kind == "person_asked"] == []


# --- readers ---------------------------------------------------------------------------------------------


async def test_one_reader_too_many_is_turned_away_and_stop_still_gets_through(door: Door) -> None:
    readers = [asyncio.create_task(_follow(door.path)) for _ in range(READERS_MAX)]
    app = door.serving
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                response = await door.raw("GET", "/v1/events") if await _full(door) else None
                if response is not None:
                    break
        assert response.status_code == 503
        assert (await door.client.stop()).accepted
        assert not app.done()
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _follow(path: Path) -> None:
    async with AsyncClient(path) as client, aclosing(client.events()) as views:
        async for _ in views:
            pass


async def _full(door: Door) -> bool:
    await door.client.bed()
    return len(door.bed.bedside._watchers) > 0 and _readers_of(door) >= READERS_MAX


def _readers_of(door: Door) -> int:
    watcher = door.bed.bedside._watchers[0]
    desk = cast("Desk", getattr(watcher, "__self__"))  # noqa: B009  # a bound method's own
    return desk.feed.readers


# --- going -------------------------------------------------------------------------------------------------


async def test_shutdown_ends_every_stream_in_time(door: Door) -> None:
    """One reader who reads, one who reads nothing."""
    following = asyncio.create_task(_follow(door.path))
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(door.path))
        deaf.sendall(b"GET /v1/events HTTP/1.1\r\nHost: pumpd\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            while _readers_of(door) < 2:
                await door.client.bed()
        async with asyncio.timeout(OUT_WITHIN_S):
            await door.close()
            await following  # ended, not broken
    assert door.serving.cancelled()
    assert not door.path.exists()


# --- the command line at a real socket -----------------------------------------------------------------------


async def test_pumpd_stop_waits_until_the_pump_stands_still(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    await door.run()
    assert await asyncio.to_thread(cli.main, ["stop", "--socket", str(door.path)]) == 0
    assert "p1: stands still. Given: " in capsys.readouterr().out
    assert (await door.client.bed()).pumps[0].phase is Phase.STOPPED


async def test_pumpd_resume_asks_for_the_pin_and_status_shows_it(
    door: Door, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.run()
    at = ["--socket", str(door.path)]
    assert await asyncio.to_thread(cli.main, ["pause", "p1", "--reason", "toilet", *at]) == 0
    await door.until(lambda pump: pump.phase is Phase.STOPPED)
    monkeypatch.setattr(cli, "_pin", lambda: "2718")
    assert await asyncio.to_thread(cli.main, ["resume", "p1", "--person", "anna", "--keep", "volume", *at]) == 0
    await door.until(lambda pump: pump.phase is Phase.INFUSING)
    assert await asyncio.to_thread(cli.main, ["resume", "p1", "--person", "anna", *at]) == 1
    assert await asyncio.to_thread(cli.main, ["status", *at]) == 0
    printed = capsys.readouterr().out
    assert "asked      60 mL/h" in printed
    assert "No. 17" in printed
    assert max(map(len, printed.splitlines())) <= 80


# --- the socket's own file -----------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_the_socket_is_for_its_user_and_group_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with listening(tmp_path / "s") as listener:
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o660
            assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    finally:
        os.umask(before)
    assert not (tmp_path / "s").exists()


def test_the_socket_of_a_dead_daemon_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with listening(path), socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))


def test_a_socket_where_somebody_listens_is_left_alone_and_its_process_named(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(str(path))
        living.listen()
        with pytest.raises(ApiError, match=rf"{path} is in use: process {os.getpid()} ") as refused, listening(path):
            pass
        assert "one bed has one daemon" in str(refused.value)
        assert path.is_socket()


def test_two_daemons_that_start_at_once_do_not_both_get_the_socket(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with listening(path):
        with pytest.raises(ApiError, match="is in use"), listening(path):
            pass
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))


def test_a_daemon_that_is_just_starting_is_not_overtaken(tmp_path: Path) -> None:
    """Between its look at the old socket and its own, nothing listens: only the lock tells."""
    with (tmp_path / "s.lock").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        with pytest.raises(ApiError, match="is in use"), listening(tmp_path / "s"):
            pass


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("mine")
    with pytest.raises(ApiError, match="not a socket"), listening(path):
        pass
    assert path.read_text() == "mine"


def test_a_missing_folder_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(ApiError, match=r"RuntimeDirectory=pumpd"), listening(tmp_path / "none" / "s"):
        pass


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "there is no daemon at"),
        (lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "nobody listens at"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a socket that nobody closed is the case
async def test_the_client_says_what_is_wrong_with_the_socket(
    tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "s"
    make(path)
    async with AsyncClient(path) as client:
        with pytest.raises(ApiError, match=said) as refused:
            await client.bed()
        assert refused.value.status is None
        with pytest.raises(ApiError, match=said):
            await anext(client.events())
    with pytest.raises(ApiError, match=said):
        api_client.Client(path).bed()


def test_the_socket_is_named_by_argument_then_variable_then_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUMPD_SOCKET", raising=False)
    assert socket_path() == Path("/run/pumpd/pumpd.sock")
    monkeypatch.setenv("PUMPD_SOCKET", "/elsewhere")
    assert socket_path() == Path("/elsewhere")
    assert socket_path("/given") == Path("/given")


async def test_a_rise_and_a_bolus_are_reviewed_over_the_socket(door: Door) -> None:
    json = {"Content-Type": "application/json", "Authorization": f"Bearer {door.token}"}
    rise = b'{"rate_ml_per_h": "250"}'
    assert (await door.raw("POST", "/v1/pumps/p1/rate/review", rise, **json)).status_code == 409, "nothing runs"
    pump = await door.run()
    assert pump.granted is not None
    read = (await door.raw("POST", "/v1/pumps/p1/rate/review", rise, **json)).json()
    assert read["before"]["ul_per_h"] == pump.granted.ul_per_h
    assert read["after"]["ul_per_h"] == 250_000
    assert read["needs_override"]
    body = {"rate_ml_per_h": "250", "digest": read["digest"]}
    refused = await door.raw("POST", "/v1/pumps/p1/rate", dumps(body).encode(), **json)
    assert ReasonCode.OVERRIDE_NEEDED.value in {reason["code"] for reason in refused.json()["reasons"]}
    bolus = b'{"dose_mg_per_kg": "0.2", "duration_min": "10"}'
    shown = (await door.raw("POST", "/v1/pumps/p1/bolus/review", bolus, **json)).json()
    assert ReasonCode.BOLUS_NOT_ALLOWED.value in {reason["code"] for reason in shown["reasons"]}
    answer = await door.raw("POST", "/v1/pumps/p1/bolus", bolus, **json)
    assert answer.status_code == 409
    assert answer.json()["reasons"][0]["code"] == ReasonCode.ROLE_MAY_NOT.value
