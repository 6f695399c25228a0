"""No bytes from a wire end the daemon or raise a rate: mutated frames against every driver."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from pumpd.driver_api import Granted, Procedure, Remaining, WireRequest
from pumpd.testing.driver_page import PROTOCOLS
from pumpd.testing.fuzz import FRAMES, fuzz, mutate, plans, recorded

PLANS = plans()


@pytest.mark.requirement("LINK-07")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", PLANS)
def test_mutated_frames_end_no_bus_send_nothing_new_and_grant_nothing_higher(name: str) -> None:
    frames = -(-FRAMES // len(PLANS))
    told = fuzz(recorded(name, PLANS[name]), frames, seed=1)
    assert told.frames >= frames
    assert told.accepted > 0
    assert told.endings["Returned"] > 0  # it got through to the end at times
    assert told.endings["Raised"] > told.endings["Returned"]


class Reckless:
    """A driver that believes what it should not."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __getattr__(self, _: str) -> object:
        return self.procedure

    def procedure(self, *_: Remaining | int) -> Procedure[Granted]:
        reply = yield WireRequest(data=recorded_version, address=0, changes=False, reply_limit_ms=1, expects="version")
        if self.kind == "crash":
            reply.body.decode("ascii").index("no such word")
        if self.kind == "new request":
            yield WireRequest(data=b"?", address=0, changes=True, reply_limit_ms=1)
        return Granted(rate_ul_per_h=10**9, volume_nl=1, lease_s=1, infused_nl=0, step_nl=1)


recorded_version = bytes.fromhex("020830564552480903")


@pytest.mark.parametrize(
    ("kind", "error"),
    [("crash", ValueError), ("new request", AssertionError), ("granted", AssertionError)],
)
def test_a_reckless_driver_is_found_out(monkeypatch: pytest.MonkeyPatch, kind: str, error: type[Exception]) -> None:
    each = recorded("new_era", PLANS["new_era"])
    monkeypatch.setattr(type(each.driver), "pump", lambda *_, **__: Reckless(kind))
    with pytest.raises(error):
        fuzz(replace(each, steps=each.steps[2:3]), 1_000, seed=1)


def test_mutating_changes_most_and_is_the_same_for_the_same_seed() -> None:
    whole = bytes(range(20))
    one = [mutate(random.Random(seed), whole, b"other") for seed in range(200)]
    assert one == [mutate(random.Random(seed), whole, b"other") for seed in range(200)]
    assert sum(each != whole for each in one) > 190
    assert mutate(random.Random(1), b"", b"") is not None


def test_every_driver_has_a_trace_to_be_fuzzed_by() -> None:
    assert {plan["driver"] for plan in PLANS.values()} == set(PROTOCOLS)
