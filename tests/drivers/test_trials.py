"""The trials of driver_trials.py notice what they are for: a driver that does each wrong thing fails them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pumpd_drivers import harvard

from pumpd.driver_api import NoReply, Procedure, WireRequest
from pumpd.testing.driver_trials import Trial, stand


def request(text: str, *, changes: bool) -> WireRequest:
    return WireRequest(
        data=f"{text}\r".encode(), address=0, changes=changes, reply_limit_ms=1, expects="plain", text=text
    )


def good() -> Procedure[None]:
    yield request("irun", changes=True)


def starts_twice() -> Procedure[None]:
    try:
        yield request("irun", changes=True)
    except NoReply:
        yield request("irun", changes=True)


def asks_behind_its_close() -> Procedure[None]:
    try:
        yield request("status", changes=False)
    finally:
        yield request("stop", changes=True)


def goes_round_in_circles() -> Procedure[None]:
    while True:
        try:
            yield request("status", changes=False)
        except NoReply:
            continue


def falls_over() -> Procedure[None]:
    try:
        yield request("status", changes=False)
    except NoReply:
        raise KeyError("a fault of the driver") from None


def trial(procedure: Callable[[], Procedure[Any]]) -> Trial:
    return Trial(driver=harvard.DRIVER, procedure=procedure(), pump=lambda _: b"\n:\x11")


def test_a_good_procedure_stands_and_its_yields_are_counted() -> None:
    assert stand(lambda: trial(good), absolute=False) == 1


@pytest.mark.requirement("LINK-03")
@pytest.mark.parametrize(
    ("procedure", "error"),
    [
        (starts_twice, AssertionError),
        (asks_behind_its_close, RuntimeError),
        (goes_round_in_circles, AssertionError),
        (falls_over, KeyError),
    ],
)
def test_a_procedure_that_does_wrong_does_not_stand(
    procedure: Callable[[], Procedure[Any]], error: type[Exception]
) -> None:
    with pytest.raises(error):
        stand(lambda: trial(procedure), absolute=False)


def test_what_may_be_sent_twice_may_be_sent_twice() -> None:
    assert stand(lambda: trial(starts_twice), absolute=True) == 1
