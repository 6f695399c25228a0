"""The record as a FHIR R4B Bundle: the pump, its metrics, what was given, and what was measured.

Built by hand, small, and only from confirmed facts: a MedicationAdministration says what was given and never what was
asked, and its volume comes as a range because that is what is known. A rate is a setting of the device, so its
Observation is about the Device (as HL7's Point-of-Care Device guide has it); a delivered volume is about the patient.
The patient is a reference with the record's opaque number and no name: the receiving system knows who that is.

Codes are those of ISO/IEEE 11073-10101 and of ATC, each with where it stands; where no public code was found there is
text alone, which FHIR allows. Ids are made of the journal's hash, so the same record gives the same bundle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from pumpd.core import facts as f
from pumpd.core.care_facts import Observed
from pumpd.core.codes import Phase, Why
from pumpd.core.observing import Measure
from pumpd.core.units import Towards
from pumpd.records import InfusionRecord, Record
from pumpd.records_visits import VisitRecord
from pumpd.words_bed import WHYS
from pumpd.words_care import ITEMS, SCALES

Json = dict[str, Any]

MDC: Final = "urn:iso:std:iso:11073:10101"
ATC: Final = "http://www.whocc.no/atc"
UCUM: Final = "http://unitsofmeasure.org"
KETAMINE_ATC: Final = "N01AX03"
LOINC_SYSTEM: Final = "http://loinc.org"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
# LOINC, as HL7's vital signs profile has them; what has no code there goes as text
LOINC: Final = {
    Measure.SYSTOLIC: "8480-6", Measure.DIASTOLIC: "8462-4", Measure.HEART_RATE: "8867-4", Measure.BREATHS: "9279-1",
    Measure.SPO2: "59408-5",
}  # fmt: skip
UNITS: Final = {
    Measure.SYSTOLIC: "mm[Hg]", Measure.DIASTOLIC: "mm[Hg]", Measure.HEART_RATE: "/min", Measure.BREATHS: "/min",
    Measure.SPO2: "%", Measure.ETCO2: "mm[Hg]",
}  # fmt: skip
# ISO/IEEE 11073-10101: partition x 65536 + term
SYRINGE_PUMP: Final = ("70053", "MDC_DEV_PUMP_INFUS_SYRINGE_MDS")
FLOW_SET: Final = ("157784", "MDC_FLOW_FLUID_PUMP")
VOLUME_DELIVERED: Final = ("157864", "MDC_VOL_FLUID_DELIV")


def bundle(record: Record) -> Json:
    """A `collection`: a statement of what happened, no order to anybody."""
    entries = [
        {"fullUrl": f"urn:uuid:{each['id']}", "resource": each}
        for infusion in record.told.infusions
        for each in _resources(record, infusion)
    ]
    entries += [
        {"fullUrl": f"urn:uuid:{each['id']}", "resource": each}
        for visit in record.told.visits
        for each in _vital_signs(record, visit)
    ]
    return {
        "resourceType": "Bundle",
        "id": _id(record, "bundle"),
        "type": "collection",
        "timestamp": _moment(record.made_wall_ms),
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:sha256:{record.head_hash}"},
        "entry": entries,
    }


def as_json(record: Record) -> str:
    return json.dumps(bundle(record), indent=1, ensure_ascii=False) + "\n"


def _resources(record: Record, infusion: InfusionRecord) -> Iterator[Json]:
    number = infusion.ordered.infusion_id
    device = _device(record, infusion)
    flow = _metric(record, infusion, "flow", FLOW_SET, "setting")
    volume = _metric(record, infusion, "volume", VOLUME_DELIVERED, "measurement")
    yield from (device, flow, volume)
    administration = _administration(record, infusion)
    yield administration
    subject = _patient(record, infusion)
    delivered = _observation(record, f"volume-{number}", VOLUME_DELIVERED, subject, infusion.over_wall_ms)
    yield delivered | {
        "device": _to(volume),
        "partOf": [_to(administration)],
        "valueRange": {
            "low": _quantity(infusion.delivered.low_nl, 6, "mL"),
            "high": _quantity(infusion.delivered.high_nl, 6, "mL"),
        },
    }
    for happening in infusion.happenings:
        rate = happening.rate
        if rate is not None and rate.granted_ul_per_h is not None:
            set_now = _observation(record, f"flow-{happening.seq}", FLOW_SET, _to(device), happening.wall_ms)
            yield set_now | {"focus": [_to(flow)], "valueQuantity": _quantity(rate.granted_ul_per_h, 3, "mL/h")}


def _vital_signs(record: Record, visit: VisitRecord) -> Iterator[Json]:
    """What was measured of the patient, each value by itself; what was not measured is not in a bundle of facts."""
    subject = _person(record, visit.visit.patient)
    for happening in visit.happenings:
        seen = happening.fact
        if not isinstance(seen, Observed):
            continue
        taken_ms = happening.wall_ms - (seen.at_ns - seen.taken_at_ns) // 1_000_000
        for reading in seen.readings:
            if reading.value is None:
                continue
            made = _observation(record, f"{reading.item.value}-{happening.seq}", None, subject, taken_ms)
            code = LOINC.get(reading.item)
            made["code"] = {"text": ITEMS[reading.item][0]}
            if code is not None:
                made["code"]["coding"] = [{"system": LOINC_SYSTEM, "code": code}]
            made["category"] = [{"coding": [{"system": CATEGORY, "code": "vital-signs" if code else "survey"}]}]
            made["performer"] = [{"display": seen.person}]
            made["issued"] = _moment(happening.wall_ms)
            if reading.scale is not None:
                made["method"] = {"text": SCALES[reading.scale]}
            if reading.item in UNITS:
                made["valueQuantity"] = _quantity(reading.value, 0, UNITS[reading.item])
            else:
                made["valueInteger"] = reading.value
            yield made


def _device(record: Record, infusion: InfusionRecord) -> Json:
    known = infusion.identified
    device: Json = {
        "resourceType": "Device",
        "id": _id(record, f"device-{infusion.slot}-{infusion.ordered.infusion_id}"),
        "type": _coded(MDC, *SYRINGE_PUMP) if known is not None else {"text": "infusion pump"},
    }
    if known is not None:
        device["deviceName"] = [{"name": known.model, "type": "model-name"}]
        device["version"] = [{"value": known.firmware}]
        if known.serial:
            device["serialNumber"] = known.serial
    return device


def _metric(record: Record, infusion: InfusionRecord, name: str, code: tuple[str, str], category: str) -> Json:
    return {
        "resourceType": "DeviceMetric",
        "id": _id(record, f"metric-{name}-{infusion.ordered.infusion_id}"),
        "type": _coded(MDC, *code),
        "source": {"reference": f"urn:uuid:{_id(record, f'device-{infusion.slot}-{infusion.ordered.infusion_id}')}"},
        "category": category,
    }


def _administration(record: Record, infusion: InfusionRecord) -> Json:
    programme = infusion.ordered.programme
    drug: Json = {"text": programme.drug}
    if programme.drug == "ketamine":
        drug |= {"coding": [{"system": ATC, "code": KETAMINE_ATC, "display": "ketamine"}]}
    status, why = _status(infusion)
    given: Json = {
        "resourceType": "MedicationAdministration",
        "id": _id(record, f"given-{infusion.ordered.infusion_id}"),
        "status": status,
        "medicationCodeableConcept": drug,
        "subject": _patient(record, infusion),
        "effectivePeriod": {"start": _moment(infusion.began_wall_ms or infusion.ordered_wall_ms)},
        "performer": [{"actor": {"display": infusion.ordered.person}}],
        "device": [{"reference": f"urn:uuid:{_id(record, f'device-{infusion.slot}-{infusion.ordered.infusion_id}')}"}],
        "dosage": {"text": infusion.ordered.order.regimen, "route": {"text": "intravenous"}} | _dose(infusion),
    }
    if infusion.over_wall_ms is not None:
        given["effectivePeriod"]["end"] = _moment(infusion.over_wall_ms)
    if why is not None:
        given["statusReason"] = [{"text": WHYS[why]}]
    return given


def _dose(infusion: InfusionRecord) -> Json:
    """What is sure to have been given, and the rate it began with; the upper end stands in the Observation."""
    steps = infusion.ordered.programme.steps
    found: Json = {"rateQuantity": _quantity(steps[0].rate_ul_per_h, 3, "mL/h")}
    if infusion.ordered.programme.concentration_ug_per_ml:
        found["dose"] = _quantity(infusion.mass_ug(infusion.delivered.low_nl, Towards.DOWN), 3, "mg")
    else:
        found["dose"] = _quantity(infusion.delivered.low_nl, 6, "mL")
    return found


def _status(infusion: InfusionRecord) -> tuple[str, Why | None]:
    """`completed` is only what reached its volume; an infusion that a person ended is `stopped`, with why."""
    ended = [
        each.fact.why
        for each in infusion.happenings
        if isinstance(each.fact, f.PhaseChanged) and each.fact.phase is Phase.ENDED
    ]
    if ended:
        return ("completed", None) if ended[-1] is Why.VOLUME_REACHED else ("stopped", ended[-1])
    if infusion.phase in (Phase.STOPPED, Phase.CHECKING):
        return "on-hold", None
    return ("unknown", None) if infusion.phase in (Phase.UNCERTAIN, Phase.FAULT) else ("in-progress", None)


def _observation(record: Record, name: str, code: tuple[str, str] | None, subject: Json, wall_ms: int | None) -> Json:
    """Without a code where the caller brings its own."""
    return {
        "resourceType": "Observation",
        "id": _id(record, f"observation-{name}"),
        "status": "preliminary" if wall_ms is None else "final",
        "code": {} if code is None else _coded(MDC, *code),
        "subject": subject,
        "effectiveDateTime": _moment(record.made_wall_ms if wall_ms is None else wall_ms),
    }


def _patient(record: Record, infusion: InfusionRecord) -> Json:
    """Of the visit that this infusion was given in; one of its own where it was given in none."""
    number = infusion.ordered.infusion_id
    for each in record.told.visits:
        if number in {dose.infusion_id for dose in each.visit.doses}:
            return _person(record, each.visit.patient)
    return _person(record, f"infusion {number}")


def _person(record: Record, key: str) -> Json:
    opaque = _uuid(f"{record.place} {key}")
    return {"type": "Patient", "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{opaque}"}}


def _to(resource: Json) -> Json:
    return {"reference": f"urn:uuid:{resource['id']}"}


def _coded(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _quantity(value: int, digits: int, unit: str) -> Json:
    """Exact: the JSON number is the integer, scaled by text and not by floating point arithmetic."""
    return {"value": _scaled(value, digits), "unit": unit, "system": UCUM, "code": unit}


def _scaled(value: int, digits: int) -> int | float:
    whole, rest = divmod(value, 10**digits)
    return float(f"{whole}.{rest:0{digits}d}") if rest else whole


def _moment(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / 1_000, tz=UTC).isoformat(timespec="milliseconds")


def _id(record: Record, name: str) -> str:
    return _uuid(f"{record.head_hash} {record.place} {name}")


def _uuid(name: str) -> str:
    """A UUID of version 8 (RFC 9562) from a name, so that the same record has the same ones."""
    drawn = bytearray(hashlib.sha256(f"pumpd record {name}".encode()).digest()[:16])
    drawn[6] = 0x80 | drawn[6] & 0x0F
    drawn[8] = 0x80 | drawn[8] & 0x3F
    digits = drawn.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
