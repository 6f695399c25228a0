"""The calls of a change of rate, and of a bolus, that are reviewed first, for `Client.send` and `AsyncClient.send`."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import TypeAdapter

from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, RateBody
from pumpd.api_rise_models import BolusBody, BolusReviewView, RateReviewView

_ANSWER: Final = TypeAdapter(AnswerView)
_REVIEW: Final = TypeAdapter(RateReviewView)
_BOLUS: Final = TypeAdapter(BolusReviewView)


def review_rate(slot: str, rate_ml_per_h: str) -> Call[RateReviewView]:
    """What this rate would become, as typed; nothing is changed."""
    body = RateBody(rate_ml_per_h=rate_ml_per_h)
    return Call(method="POST", path=f"/v1/pumps/{quote(slot, safe='')}/rate/review", answer=_REVIEW, body=body)


def set_rate(slot: str, body: RateBody, key: str | None = None) -> Call[AnswerView]:
    """With all that the review asked for."""
    return Call(method="POST", path=f"/v1/pumps/{quote(slot, safe='')}/rate", answer=_ANSWER, body=body, key=key)


def review_bolus(slot: str, body: BolusBody) -> Call[BolusReviewView]:
    """What this bolus would become, as typed; nothing is changed."""
    return Call(method="POST", path=f"/v1/pumps/{quote(slot, safe='')}/bolus/review", answer=_BOLUS, body=body)


def give_bolus(slot: str, body: BolusBody, key: str | None = None) -> Call[AnswerView]:
    """With all that the review asked for."""
    return Call(method="POST", path=f"/v1/pumps/{quote(slot, safe='')}/bolus", answer=_ANSWER, body=body, key=key)
