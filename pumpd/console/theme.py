"""What a page looks like and sounds like, for this browser: the theme of a quiet room, and two minutes of silence.

A quiet room is dark, steady and soft for all but HIGH: what is HIGH looks, flashes and sounds as ever. The choice is a
cookie of this browser. A pause of the sound is the bed's (it decides, journals it and ends it); it is asked for in the
name of this console's stream, so that the sound is back when the console is gone.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from pumpd.api_models import AnswerView, AudioPauseBody
from pumpd.console.acts import act, key_of
from pumpd.console.guard import THEME_COOKIE
from pumpd.console.room import Look, Room, go, local, typed

DAY_S: Final = 86_400


async def choose(request: Request) -> Response:
    values = await typed(request)
    answer = go(local(values.get("next", "/")))
    if values.get("theme") == "quiet":
        answer.set_cookie(
            THEME_COOKIE, "quiet", max_age=DAY_S, httponly=True, samesite="strict",
            secure=request.url.scheme == "https", path="/",
        )  # fmt: skip
    else:
        answer.delete_cookie(THEME_COOKIE, path="/")
    return answer


async def pause_audio(request: Request) -> Response:
    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        return await room.client.pause_audio(AudioPauseBody(watcher=room.feed.name), look.token or None, key_of(values))

    return await act(request, ask, free=True)
