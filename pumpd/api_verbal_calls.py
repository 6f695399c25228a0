"""The calls of orders by word, for `Client.send` and `AsyncClient.send`, as in api_path_calls.py."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import TypeAdapter

from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView
from pumpd.api_verbal_models import VerbalOrderBody, VerbalSignBody

_ANSWER: Final = TypeAdapter(AnswerView)


def order_by_word(visit: str, body: VerbalOrderBody, key: str | None = None) -> Call[AnswerView]:
    """Written down by whoever heard it and read it back."""
    return Call(method="POST", path=f"/v1/visits/{quote(visit, safe='')}/verbal", answer=_ANSWER, body=body, key=key)


def sign_by_word(visit: str, order: str, body: VerbalSignBody, key: str | None = None) -> Call[AnswerView]:
    """By the prescriber; `order` as in the list of what is still to be done."""
    path = f"/v1/visits/{quote(visit, safe='')}/verbal/{quote(order, safe='')}/sign"
    return Call(method="POST", path=path, answer=_ANSWER, body=body, key=key)
