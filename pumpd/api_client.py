"""The socket's client, for the console, the command line, the demo and the tests.

Two of them, one blocking and one for asyncio, over the same table of calls (`Call`), so that they cannot
drift apart. A refusal by the bed is an answer (`AnswerView`, with its reasons), not an exception: it has to
be shown. `ApiError` is for what keeps the bed from being asked at all: no daemon, no right to its socket, no
session, something typed wrong; it says what to do, and carries the status and the field.

Stop has a connection of its own: no crowd of readers in the pool can make it wait.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlencode

import httpx2
from pydantic import BaseModel, TypeAdapter

from pumpd.api_alarms import ListenersBody, ListenersView
from pumpd.api_container_models import BalanceBody, ContainerChangeBody, FlushBody, PrimeBody
from pumpd.api_exchange import Call, content_of, headers_of, read
from pumpd.api_models import (
    AnswerBody,
    AnswerView,
    AudioPauseBody,
    AuthorBody,
    BedView,
    HistoryRow,
    LabelBody,
    PauseBody,
    PersonView,
    RateBody,
    RegimenView,
    ResumeBody,
    ReviewRequest,
    ReviewView,
    SampleView,
    SessionBody,
    SessionView,
    StartBody,
)
from pumpd.api_socket import ANSWER_TIMEOUT_S, BASE_URL, exchange, socket_path, unreachable
from pumpd.core.codes import PauseReason
from pumpd.core.requests import Answer, Keep
from pumpd.errors import ApiError

SILENCE_S: Final = 4.0  # the daemon sends a view at least once a second: three lost are a dead stream
CONNECTIONS_MAX: Final = 16  # as many as one console needs; the daemon has its own limit

T = TypeVar("T")

_BED: Final = TypeAdapter(BedView)
_ANSWER: Final = TypeAdapter(AnswerView)
_REVIEW: Final = TypeAdapter(ReviewView)
_REGIMENS: Final = TypeAdapter(tuple[RegimenView, ...])
_PEOPLE: Final = TypeAdapter(tuple[PersonView, ...])
_SESSION: Final = TypeAdapter(SessionView)
_SAMPLES: Final = TypeAdapter(tuple[SampleView, ...])
_LISTENERS: Final = TypeAdapter(ListenersView)
_HISTORY: Final = TypeAdapter(tuple[HistoryRow, ...])


def _pump(slot: str, act: str, body: BaseModel | None = None, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"/v1/pumps/{quote(slot, safe='')}/{act}", answer=_ANSWER, body=body, key=key)


def bed() -> Call[BedView]:
    return Call(method="GET", path="/v1/bed", answer=_BED)


def people() -> Call[tuple[PersonView, ...]]:
    return Call(method="GET", path="/v1/people", answer=_PEOPLE)


def sign_in(person: str, pin: str) -> Call[SessionView]:
    return Call(method="POST", path="/v1/sessions", answer=_SESSION, body=SessionBody(person=person, pin=pin))


def session() -> Call[SessionView]:
    """Who the token belongs to, and until when."""
    return Call(method="GET", path="/v1/sessions/mine", answer=_SESSION)


def sign_out() -> Call[SessionView]:
    return Call(method="DELETE", path="/v1/sessions/mine", answer=_SESSION)


def lock() -> Call[SessionView]:
    return Call(method="POST", path="/v1/sessions/mine/lock", answer=_SESSION)


def settle_author(body: AuthorBody, key: str | None = None) -> Call[AnswerView]:
    """Of what was done in one's name on a locked page: mine, or not mine."""
    return Call(method="POST", path="/v1/authorship", answer=_ANSWER, body=body, key=key)


def regimens(slot: str) -> Call[tuple[RegimenView, ...]]:
    return Call(method="GET", path="/v1/regimens", answer=_REGIMENS, query=(("slot", slot),))


def review(request: ReviewRequest) -> Call[ReviewView]:
    return Call(method="POST", path="/v1/review", answer=_REVIEW, body=request)


def start(slot: str, body: StartBody, key: str | None = None) -> Call[AnswerView]:
    return _pump(slot, "start", body, key)


def stop(slot: str | None) -> Call[AnswerView]:
    """One pump, or all of them for None."""
    return Call(method="POST", path="/v1/stop", answer=_ANSWER) if slot is None else _pump(slot, "stop")


def pause(slot: str, reason: PauseReason = PauseReason.OTHER, key: str | None = None) -> Call[AnswerView]:
    return _pump(slot, "pause", PauseBody(reason=reason), key)


def resume(slot: str, keep: Keep = Keep.END_TIME, key: str | None = None) -> Call[AnswerView]:
    return _pump(slot, "resume", ResumeBody(keep=keep), key)


def rate(slot: str, rate_ml_per_h: str, key: str | None = None) -> Call[AnswerView]:
    """The new rate as typed, in mL/h."""
    return _pump(slot, "rate", RateBody(rate_ml_per_h=rate_ml_per_h), key)


def step(slot: str, key: str | None = None) -> Call[AnswerView]:
    return _pump(slot, "step", key=key)


def end(slot: str, key: str | None = None) -> Call[AnswerView]:
    return _pump(slot, "end", key=key)


def answer(slot: str, said: Answer, key: str | None = None) -> Call[AnswerView]:
    return _pump(slot, "answer", AnswerBody(answer=said), key)


def rearm(slot: str, key: str | None = None) -> Call[AnswerView]:
    return _pump(slot, "rearm", key=key)


def change_container(slot: str, body: ContainerChangeBody, key: str | None = None) -> Call[AnswerView]:
    return _pump(slot, "change_container", body, key)


def label(slot: str, asset: str, key: str | None = None) -> Call[AnswerView]:
    """The label on the pump's housing, as typed or scanned."""
    return _pump(slot, "label", LabelBody(asset=asset), key)


def prime(slot: str, body: PrimeBody, key: str | None = None) -> Call[AnswerView]:
    return _pump(slot, "prime", body, key)


def flush(slot: str, volume_ml: str, key: str | None = None, *, all_the_same: bool = False) -> Call[AnswerView]:
    """With how much the line was flushed, as typed; `all_the_same`: beyond a limit, and read that it is."""
    return _pump(slot, "flush", FlushBody(volume_ml=volume_ml, all_the_same=all_the_same), key)


def balance(slot: str, body: BalanceBody, key: str | None = None) -> Call[AnswerView]:
    return _pump(slot, "balance", body, key)


def acknowledge(alarm_id: int, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path=f"/v1/alarms/{alarm_id}/acknowledge", answer=_ANSWER, key=key)


def pause_audio(body: AudioPauseBody, key: str | None = None) -> Call[AnswerView]:
    return Call(method="POST", path="/v1/audio/pause", answer=_ANSWER, body=body, key=key)


def listens(watcher: str, pages: int) -> Call[ListenersView]:
    """So many pages with their sound on are open, by the word of whoever serves them. Lasts only a few seconds."""
    path = f"/v1/listeners/{quote(watcher, safe='')}"
    return Call(method="PUT", path=path, answer=_LISTENERS, body=ListenersBody(pages=pages))


def samples(slot: str, since_ms: int = 0) -> Call[tuple[SampleView, ...]]:
    return Call(method="GET", path="/v1/samples", answer=_SAMPLES, query=(("slot", slot), ("since_ms", str(since_ms))))


def history(limit: int = 100) -> Call[tuple[HistoryRow, ...]]:
    """The journal's last rows, the newest first; with a session."""
    return Call(method="GET", path="/v1/history", answer=_HISTORY, query=(("limit", str(limit)),))


def _unreachable(path: Path, error: httpx2.TransportError) -> ApiError:
    if isinstance(error, httpx2.TimeoutException):
        return unreachable(path, TimeoutError())
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    return unreachable(path, cause or error)


class Client:
    """Blocking, each call on a connection of its own; for the command line and scripts."""

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        token: str | None = None,
        sent_at_ns: Callable[[], int] | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """`timeout_s`: more for a daemon that plays hours ahead in the caller's own process."""
        self.path = socket_path(path)
        self.token = token
        self._sent_at_ns, self._timeout_s = sent_at_ns, timeout_s

    def send(self, call: Call[T]) -> T:
        """Raises ApiError; a refusal by the bed is an AnswerView."""
        target = f"{call.path}?{urlencode(call.query)}" if call.query else call.path
        headers = headers_of(call, self.token, self._sent_at_ns)
        answer = exchange(self.path, call.method, target, content_of(call), headers, timeout_s=self._timeout_s)
        return read(call, *answer)

    def bed(self) -> BedView:
        return self.send(bed())

    def sign_in(self, person: str, pin: str) -> SessionView:
        """Signs in, and uses the session for every further call."""
        opened = self.send(sign_in(person, pin))
        self.token = opened.token
        return opened


class AsyncClient:
    """For asyncio. One client serves many people: the token goes with each call."""

    def __init__(self, path: str | Path | None = None, *, sent_at_ns: Callable[[], int] | None = None) -> None:
        self.path = socket_path(path)
        self._sent_at_ns = sent_at_ns
        limits = httpx2.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=4)
        self._http, self._stop = (
            httpx2.AsyncClient(
                transport=httpx2.AsyncHTTPTransport(uds=str(self.path), limits=limits),
                base_url=BASE_URL,
                timeout=ANSWER_TIMEOUT_S,
            )
            for _ in range(2)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._stop.aclose()

    async def send(self, call: Call[T], token: str | None = None) -> T:
        """Raises ApiError; a refusal by the bed is an AnswerView."""
        http = self._stop if call.path.endswith("/stop") else self._http
        headers = headers_of(call, token, self._sent_at_ns)
        try:
            response = await http.request(
                call.method, call.path, params=dict(call.query), headers=headers, content=content_of(call)
            )
        except httpx2.TransportError as error:
            raise _unreachable(self.path, error) from error
        return read(call, response.status_code, response.content)

    async def bed(self) -> BedView:
        return await self.send(bed())

    async def people(self) -> tuple[PersonView, ...]:
        return await self.send(people())

    async def sign_in(self, person: str, pin: str, token: str | None = None) -> SessionView:
        """`token`: of the page's session before, which ends."""
        return await self.send(sign_in(person, pin), token)

    async def session(self, token: str) -> SessionView:
        return await self.send(session(), token)

    async def sign_out(self, token: str) -> SessionView:
        return await self.send(sign_out(), token)

    async def regimens(self, slot: str) -> tuple[RegimenView, ...]:
        return await self.send(regimens(slot))

    async def review(self, request: ReviewRequest, token: str | None = None) -> ReviewView:
        return await self.send(review(request), token)

    async def start(self, slot: str, body: StartBody, token: str, key: str | None = None) -> AnswerView:
        return await self.send(start(slot, body, key), token)

    async def stop(self, slot: str | None = None, token: str | None = None) -> AnswerView:
        """One pump, or all of them for None. Needs nobody."""
        return await self.send(stop(slot), token)

    async def pause(
        self,
        slot: str,
        reason: PauseReason = PauseReason.OTHER,
        token: str | None = None,
        key: str | None = None,
    ) -> AnswerView:
        return await self.send(pause(slot, reason, key), token)

    async def resume(self, slot: str, token: str, keep: Keep = Keep.END_TIME, key: str | None = None) -> AnswerView:
        return await self.send(resume(slot, keep, key), token)

    async def rate(self, slot: str, rate_ml_per_h: str, token: str, key: str | None = None) -> AnswerView:
        return await self.send(rate(slot, rate_ml_per_h, key), token)

    async def step(self, slot: str, token: str, key: str | None = None) -> AnswerView:
        return await self.send(step(slot, key), token)

    async def end(self, slot: str, token: str, key: str | None = None) -> AnswerView:
        return await self.send(end(slot, key), token)

    async def answer(self, slot: str, said: Answer, token: str, key: str | None = None) -> AnswerView:
        return await self.send(answer(slot, said, key), token)

    async def rearm(self, slot: str, token: str, key: str | None = None) -> AnswerView:
        return await self.send(rearm(slot, key), token)

    async def change_container(
        self, slot: str, body: ContainerChangeBody, token: str, key: str | None = None
    ) -> AnswerView:
        return await self.send(change_container(slot, body, key), token)

    async def label(self, slot: str, asset: str, token: str, key: str | None = None) -> AnswerView:
        return await self.send(label(slot, asset, key), token)

    async def prime(self, slot: str, body: PrimeBody, token: str, key: str | None = None) -> AnswerView:
        return await self.send(prime(slot, body, key), token)

    async def flush(self, slot: str, volume_ml: str, token: str, key: str | None = None) -> AnswerView:
        return await self.send(flush(slot, volume_ml, key), token)

    async def balance(self, slot: str, body: BalanceBody, token: str, key: str | None = None) -> AnswerView:
        return await self.send(balance(slot, body, key), token)

    async def acknowledge(self, alarm_id: int, token: str | None = None, key: str | None = None) -> AnswerView:
        return await self.send(acknowledge(alarm_id, key), token)

    async def pause_audio(self, body: AudioPauseBody, token: str | None = None, key: str | None = None) -> AnswerView:
        return await self.send(pause_audio(body, key), token)

    async def listens(self, watcher: str, pages: int) -> ListenersView:
        return await self.send(listens(watcher, pages))

    async def samples(self, slot: str, since_ms: int = 0) -> tuple[SampleView, ...]:
        return await self.send(samples(slot, since_ms))

    async def history(self, token: str | None, limit: int = 100) -> tuple[HistoryRow, ...]:
        return await self.send(history(limit), token)

    async def events(self, watcher: str | None = None) -> AsyncGenerator[BedView, None]:
        """Whole views of the bed, the newest only, at least one a second. `watcher` names the stream.

        Ends when the daemon says good-bye; raises ApiError when it is gone or silent for SILENCE_S.
        """
        timeout = httpx2.Timeout(ANSWER_TIMEOUT_S, read=SILENCE_S)
        named = {} if watcher is None else {"watcher": watcher}
        try:
            async with self._http.stream("GET", "/v1/events", params=named, timeout=timeout) as response:
                if response.status_code != httpx2.codes.OK:
                    read(bed(), response.status_code, await response.aread())
                async for line in response.aiter_lines():
                    if line.startswith("data: "):
                        yield BedView.model_validate_json(line.removeprefix("data: "))
        except httpx2.TransportError as error:
            raise _unreachable(self.path, error) from error
