"""What a bed lets run on each Modbus pump, by the facts that its driver tells: asked the way a nurse asks."""

from __future__ import annotations

import pytest
from pumpd_drivers import isco

from pumpd.core import requests as r
from pumpd.core.bed import preview
from pumpd.core.codes import ReasonCode
from pumpd.core.order import Order
from pumpd.core.pump import DriverInfo
from pumpd.core.regimen import takes
from pumpd.testing.bed_story import NURSE, BedStory
from pumpd.testing.clinical import shipped_rules

DRUGS = [regimen.id for regimen in shipped_rules().catalogue.regimens if regimen.entry != "SALINE-TRAIN"]


def asked(info: DriverInfo, regimen_id: str, container: str) -> BedStory:
    """A nurse taps start behind the review of this order."""
    bed = BedStory(info=info)
    bed.connect()
    bed.report()
    order = Order(regimen=regimen_id, day=1, weight_g=70_000, height_mm=1_750, container=container)
    digest = preview(bed.state, "p1", order, bed.setup, bed.now_ns).digest
    bed.take(
        r.StartRequested(
            at_ns=bed.now_ns, request_id=bed.request_id(), actor=NURSE, slot="p1", order=order, digest=digest,
            override=None,
        )
    )  # fmt: skip
    return bed


def containers(regimen_id: str, info: DriverInfo) -> list[str]:
    rules = shipped_rules()
    regimen = rules.catalogue.regimen(regimen_id)
    assert regimen is not None
    entry = rules.library.entry(regimen.entry)
    assert entry is not None
    return [container.id for container in entry.containers if takes(info, container)]


@pytest.mark.requirement("LEASE-01")
def test_no_drug_runs_on_an_isco_pump_which_has_no_lease() -> None:
    assert DRUGS
    for regimen_id in DRUGS:
        for container in containers(regimen_id, isco.INFO):
            assert ReasonCode.NO_LEASE_FOR_HIGH_ALERT in asked(isco.INFO, regimen_id, container).refusals


def test_saline_training_runs_on_an_isco_pump() -> None:
    reply = asked(isco.INFO, "TRAIN-5MIN", "syringe-60").reply
    assert reply is not None
    assert reply.accepted, reply.reasons
