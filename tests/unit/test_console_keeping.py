"""What is kept of a form that a locked page sent: all that was typed, under the form's own name, and nobody's PIN."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pumpd.console.keeping import keep_typed

if TYPE_CHECKING:
    from pumpd.api_exchange import Call
    from pumpd.console.room import Room


@dataclass
class Daemon:
    """Takes every call and remembers it."""

    calls: list[Call[Any]] = field(default_factory=list)

    async def send(self, call: Call[Any], _token: str) -> None:
        self.calls.append(call)


def kept(values: dict[str, str]) -> list[Call[Any]]:
    daemon = Daemon()
    asyncio.run(keep_typed(cast("Room", SimpleNamespace(client=daemon)), "t", "v1", values))
    return daemon.calls


def test_what_was_typed_is_kept_for_whoever_is_named_without_a_pin_and_without_what_the_page_adds() -> None:
    (call,) = kept({
        "draft": "observations-stand", "token": "t", "key": "k", "author": "ben",
        "remark": "usual for her", "prescriber_pin": "1618", "second_pin": "3141", "pin": "2718", "empty": "",
    })  # fmt: skip
    assert (call.method, call.author) == ("PUT", "ben")
    assert call.path.endswith("/observations-stand")
    assert call.body is not None
    assert call.body.model_dump()["fields"] == {"remark": "usual for her"}


@pytest.mark.parametrize(("values", "method"), [({"remark": "a"}, []), ({"draft": "set", "remark": ""}, ["DELETE"])])
def test_a_form_without_a_name_is_not_kept_and_one_that_was_emptied_is_forgotten(
    values: dict[str, str], method: list[str]
) -> None:
    assert [each.method for each in kept(values)] == method
