"""The API's calls about drafts: what somebody has typed into a form and not yet sent.

They go to the table of drafts and not to the bed: nothing is decided by a draft. Keeping one takes no PIN, so that what
was typed is safe when a page locks; reading it does, since it may name a patient.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from pumpd.api_calls import EVERYWHERE, ROOT, At, By
from pumpd.api_desk import Desk
from pumpd.api_models import ProblemView
from pumpd.api_path_models import FIELDS_MAX, DraftBody, DraftView, DroppedView
from pumpd.core.people import Act
from pumpd.core.visit import Place
from pumpd.drafts import Draft, Drafts, Form
from pumpd.errors import ApiError


async def _drafts(request: Request) -> Drafts:
    """Raises ApiError at a bed that keeps none."""
    found: Drafts | None = request.app.state.drafts
    if found is None:
        raise ApiError("This bed keeps no drafts. Send what is typed, or call support.", status=503)
    return found


async def _named(
    form: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,31}$")],
    visit: Annotated[str, Query(max_length=64)] = "",
) -> Form:
    return Form(form=form, visit=visit)


Kept = Annotated[Drafts, Depends(_drafts)]
Named = Annotated[Form, Depends(_named)]

calls = APIRouter(
    prefix=f"{ROOT}/drafts",
    responses={
        **EVERYWHERE,
        401: {"model": ProblemView, "description": "nobody is signed in, or the page is locked and this takes a PIN"},
        403: {"model": ProblemView, "description": "somebody else may"},
        409: {"model": ProblemView, "description": "not for this visit, or not in this name"},
        503: {"model": ProblemView, "description": "no table of drafts"},
    },
)


@calls.put("/{form}")  # noqa: FAST003  # _named takes it
async def keep(desk: At, by: By, drafts: Kept, named: Named, body: DraftBody) -> DraftView:
    """Keep what is typed, in the place of what was typed before; beside it on a locked page, which cannot see that."""
    actor = desk.sessions.require(by, Act.OBSERVE)
    person = actor.person
    form = _form(desk, named, person)
    fields = body.fields
    if fields and not actor.confirmed:
        before = await asyncio.to_thread(drafts.kept, form)
        both = fields if before is None else {**before.fields, **fields}
        fields = both if len(both) <= FIELDS_MAX else fields
    draft = Draft(person=person, wall_ms=desk.clock.wall_ms(), fields=fields)
    await asyncio.to_thread(drafts.end_of_others, _open(desk))
    await asyncio.to_thread(drafts.keep, form, draft)
    return _view(form, draft)


@calls.get("/{form}")  # noqa: FAST003  # _named takes it
async def kept(desk: At, by: By, drafts: Kept, named: Named) -> DraftView:
    """What was typed, by whom and when."""
    person = desk.sessions.require(by, Act.CARE).person
    found = await asyncio.to_thread(drafts.kept, _form(desk, named, person))
    if found is None:
        raise ApiError("Nothing is kept of this form.", status=404, field="form")
    return _view(named, found)


@calls.delete("/{form}")  # noqa: FAST003  # _named takes it
async def drop(desk: At, by: By, drafts: Kept, named: Named) -> DroppedView:
    """It was sent, or is not wanted."""
    person = desk.sessions.require(by, Act.CARE).person
    await asyncio.to_thread(drafts.drop, _form(desk, named, person))
    return DroppedView(form=named.form)


def _view(form: Form, draft: Draft) -> DraftView:
    return DraftView(form=form.form, person=draft.person, ts_ms=draft.wall_ms, fields=dict(draft.fields))


def _form(desk: Desk, named: Form, person: str) -> Form:
    """Raises ApiError for a visit that is over, or never was."""
    if not named.visit:
        return replace(named, author=person)
    if desk.require_visit(named.visit).place is Place.CLOSED:
        raise ApiError("This visit is closed: nothing more is typed about it.", status=409, field="visit")
    return named


def _open(desk: Desk) -> list[str]:
    return [each.visit for each in desk.state.path.visits if each.place is not Place.CLOSED]
