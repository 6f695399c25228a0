"""What every call of the API has in common: the desk it comes to, whoever makes it, and how an answer is told."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse

from pumpd.api_desk import Desk
from pumpd.api_models import AnswerView, ProblemView
from pumpd.api_sessions import Signed

OUTCOMES: Final = {
    401: {
        "model": AnswerView | ProblemView,
        "description": "nobody is signed in, or the page is locked and this takes a PIN",
    },
    409: {"model": AnswerView | ProblemView, "description": "refused, for all of these reasons; nothing was done"},
    429: {"model": ProblemView, "description": "too many wrong PINs: wait"},
    503: {"model": ProblemView, "description": "the bed is busy"},
}
NOBODY: Final = {401: {"model": ProblemView, "description": "nobody is signed in"}}
EVERYWHERE: Final = {
    404: {"model": ProblemView, "description": "this bed has no such pump, visit or call"},
    422: {"model": ProblemView, "description": "something typed cannot be read"},
}


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _signed(
    request: Request,
    authorization: Annotated[str, Header()] = "",
    idempotency_key: Annotated[str, Header(max_length=64)] = "",
    pumpd_author: Annotated[str, Header(max_length=64)] = "",
    pumpd_sent_at_ns: Annotated[int | None, Header(ge=0)] = None,
) -> Signed:
    scheme, _, token = authorization.partition(" ")
    return Signed(
        token=token.strip() if scheme.lower() == "bearer" else "",
        author=pumpd_author,
        key=idempotency_key,
        sent_at_ns=pumpd_sent_at_ns,
        fingerprint=f"{request.method} {request.url.path}",
        hung_up=request.is_disconnected,
    )


At = Annotated[Desk, Depends(_desk)]
By = Annotated[Signed, Depends(_signed)]


async def somebody(desk: At, by: By) -> None:
    """What is known of a patient is read by whoever signed in at this bed, on a locked page too. Raises ApiError."""
    desk.sessions.require_somebody(by)


def told(answer: AnswerView) -> JSONResponse:
    return JSONResponse(answer.model_dump(mode="json"), status_code=Desk.status_of(answer))
