"""What every call of the API has in common: its root, its desk, whoever makes it, and how an answer is told.

A module of calls has a router of acts, which come to the bed, or of looks at a patient's data, or both, each with its
whole path: the application takes their routes as they are. A router that is included in another has every call analysed
again at every level, and once more at the first call, on the loop that watches the pumps.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse

from pumpd.api_desk import Desk
from pumpd.api_models import AnswerView, ProblemView
from pumpd.api_sessions import Signed

ROOT: Final = "/v1"
Responses = dict[int | str, dict[str, Any]]  # as FastAPI has it
EVERYWHERE: Final[Responses] = {
    404: {"model": ProblemView, "description": "this bed has no such pump, visit or call"},
    422: {"model": ProblemView, "description": "something typed cannot be read"},
}
OUTCOMES: Final[Responses] = {
    **EVERYWHERE,
    401: {
        "model": AnswerView | ProblemView,
        "description": "nobody is signed in, or the page is locked and this takes a PIN",
    },
    409: {"model": AnswerView | ProblemView, "description": "refused, for all of these reasons; nothing was done"},
    429: {"model": ProblemView, "description": "too many wrong PINs: wait"},
    503: {"model": ProblemView, "description": "the bed is busy"},
}
NOBODY: Final[Responses] = {**EVERYWHERE, 401: {"model": ProblemView, "description": "nobody is signed in"}}


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


def acts_under(path: str = "") -> APIRouter:
    return APIRouter(prefix=ROOT + path, responses=OUTCOMES)


def looks_under(path: str = "") -> APIRouter:
    """Somebody has signed in, whatever is looked at."""
    return APIRouter(prefix=ROOT + path, responses=NOBODY, dependencies=[Depends(somebody)])


def told(answer: AnswerView) -> JSONResponse:
    return JSONResponse(answer.model_dump(mode="json"), status_code=Desk.status_of(answer))
