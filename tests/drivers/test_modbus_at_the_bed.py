"""What a bed lets run on each Modbus pump, by the facts that its driver tells: asked the way a nurse asks."""

from __future__ import annotations

import pytest
from pumpd_drivers import dulcoflex, generic_modbus, isco

from pumpd.core import requests as r
from pumpd.core.bed import preview
from pumpd.core.codes import ReasonCode
from pumpd.core.effects import Stop
from pumpd.core.order import Order
from pumpd.core.pump import DriverInfo
from pumpd.core.regimen import takes
from pumpd.driver_api import Configurable
from pumpd.testing.bed_story import NURSE, BedStory
from pumpd.testing.clinical import CONFIG, shipped_rules

DRUGS = [regimen.id for regimen in shipped_rules().catalogue.regimens if regimen.entry != "SALINE-TRAIN"]


def asked(info: DriverInfo, regimen_id: str, container: str) -> BedStory:
    """A nurse taps start behind the review of this order."""
    bed = BedStory(info=info)
    bed.tick(0.1)
    if bed.sent(Stop):  # the first word to a pump that would go on by itself
        bed.stop_confirmed()
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


@pytest.mark.requirement("LEASE-01")
def test_no_drug_runs_on_a_dulco_flex_whose_lease_anybody_could_end() -> None:
    tried = 0
    for regimen_id in DRUGS:
        for container in containers(regimen_id, dulcoflex.INFO):
            tried += 1
            assert ReasonCode.NO_LEASE_FOR_HIGH_ALERT in asked(dulcoflex.INFO, regimen_id, container).refusals
    assert tried > 0


def test_saline_training_runs_on_a_dulco_flex_from_a_bag() -> None:
    bed = asked(dulcoflex.INFO, "TRAIN-5MIN", "bag-100")
    assert bed.reply is not None
    assert bed.reply.accepted, bed.reply.reasons
    assert 1 <= (bed.infusion().programme.lease_s or 0) <= 10


def test_saline_training_runs_on_an_isco_pump() -> None:
    reply = asked(isco.INFO, "TRAIN-5MIN", "syringe-60").reply
    assert reply is not None
    assert reply.accepted, reply.reasons


def bag_pump() -> DriverInfo:
    assert isinstance(generic_modbus.DRIVER, Configurable)
    text = (CONFIG / "pumps" / "bedside-bag-pump.toml").read_text(encoding="utf-8")
    return generic_modbus.DRIVER.configured({"map": text}).info


def test_ketamine_runs_from_a_bag_on_the_mapped_bag_pump_with_a_lease() -> None:
    info = bag_pump()
    started = []
    for regimen_id in DRUGS:
        for container in containers(regimen_id, info):
            bed = asked(info, regimen_id, container)
            assert bed.reply is not None
            if bed.reply.accepted:
                started.append((regimen_id, container))
                assert 1 <= (bed.infusion().programme.lease_s or 0) <= 14
    assert len(started) >= 3, started
    assert all("bag" in container for _, container in started)


def test_no_syringe_goes_on_the_mapped_bag_pump() -> None:
    for regimen_id in DRUGS:
        assert not any("syringe" in container for container in containers(regimen_id, bag_pump()))


def test_a_modbus_pump_without_a_map_runs_nothing() -> None:
    for regimen_id in DRUGS:
        for container in containers(regimen_id, generic_modbus.UNKNOWN):
            assert ReasonCode.NO_LEASE_FOR_HIGH_ALERT in asked(generic_modbus.UNKNOWN, regimen_id, container).refusals
