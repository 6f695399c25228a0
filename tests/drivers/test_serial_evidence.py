"""Still or driving: what an Alaris and a Harvard pump have to show before a report says so (wall 3)."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pumpd_drivers import alaris, harvard
from pumpd_drivers.alaris_drive import Evidence, Reading

from pumpd.driver_api import Drive, Granted, PumpAlarm, PumpAlarmed, PumpRefused, Remaining, Reply, Report, WireError

SECOND: Final = 1_000_000_000
REMAINING: Final = Remaining(rate_ul_per_h=24_500, volume_nl=48_000_000, lease_s=None, syringe_diameter_um=26_590)


def reading(
    at_s: float, micro_ml: int, *, rate: int = 24_500, left_s: int | None = None, mode: str = "SET", late_s: float = 0
) -> Reading:
    return Reading(
        asked_at_ns=round((at_s - late_s) * SECOND),
        at_ns=round(at_s * SECOND),
        infused_nl=micro_ml * 1_000,
        step_nl=1_000,
        rate_ul_per_h=rate,
        left_s=left_s,
        mode=mode,
    )


def shown(*readings: Reading) -> Drive | None:
    evidence = Evidence()
    for each in readings:
        evidence.read(each)
    return evidence.drive


# Alaris: the evidence


def test_one_look_at_an_alaris_shows_nothing() -> None:
    assert shown(reading(0, 5_000)) is None


def test_a_counter_that_grew_or_a_time_left_that_fell_shows_drive() -> None:
    assert shown(reading(0, 5_000), reading(0.2, 5_001)) is Drive.INFUSING
    assert shown(reading(0, 5_000, left_s=600), reading(1, 5_000, left_s=599)) is Drive.INFUSING


def test_a_counter_that_stood_for_a_step_and_two_seconds_shows_standstill() -> None:
    assert shown(reading(0, 5_000), reading(2.1, 5_000)) is None
    assert shown(reading(0, 5_000), reading(2.2, 5_000)) is Drive.STILL
    assert shown(reading(0, 5_000, rate=100), reading(37.9, 5_000, rate=100)) is None
    assert shown(reading(0, 5_000, rate=100), reading(38, 5_000, rate=100)) is Drive.STILL


def test_an_answer_that_took_its_time_may_be_as_old_as_its_question() -> None:
    """Asked at once, answered after 4 s: what it tells may have been so at the beginning."""
    assert shown(reading(0, 5_000), reading(4, 5_000, late_s=3.9)) is None
    assert shown(reading(0, 5_000), reading(4, 5_000, late_s=1.8)) is Drive.STILL


@pytest.mark.parametrize(
    "after",
    [reading(9, 4_999), reading(9, 5_000, mode="INF"), reading(9, 5_000, left_s=601), reading(9, 5_000, rate=1)],
)
def test_what_changed_without_our_doing_makes_a_still_pump_unknown(after: Reading) -> None:
    before = (reading(0, 5_000, left_s=600), reading(3, 5_000, left_s=600))
    assert shown(*before) is Drive.STILL
    assert shown(*before, after) is None


def test_an_acknowledged_stop_is_believed_only_after_a_second_of_standing() -> None:
    evidence = Evidence()
    for each in (reading(0, 5_000), reading(0.2, 5_001)):
        evidence.read(each)
    evidence.stop_acknowledged()
    evidence.read(reading(0.4, 5_002))
    assert evidence.drive is None
    evidence.read(reading(1.3, 5_002))
    assert evidence.drive is None
    evidence.read(reading(1.4, 5_002))
    assert evidence.drive is Drive.STILL
    evidence.read(reading(1.5, 5_003))
    assert evidence.drive is Drive.INFUSING, "an acknowledgement that the counter contradicts is worth nothing"


def test_a_start_that_left_makes_a_still_pump_unknown() -> None:
    evidence = Evidence()
    for each in (reading(0, 0), reading(3, 0)):
        evidence.read(each)
    evidence.start_left()
    evidence.read(reading(3.1, 0))
    assert evidence.drive is None


@given(
    rate=st.integers(100, 1_200_000),
    looks_ms=st.lists(st.integers(1, 3_000), min_size=1, max_size=40),
    began_ms=st.integers(0, 5_000),
)
@settings(max_examples=300, deadline=None)
def test_a_pump_that_drives_at_the_rate_it_shows_is_never_called_still(
    rate: int, looks_ms: list[int], began_ms: int
) -> None:
    """Its counter counts whole microlitres, and starts anywhere within one."""
    evidence, now_ms = Evidence(), began_ms
    for each in looks_ms:
        now_ms += each
        micro_ml = now_ms * rate // 3_600_000
        evidence.read(reading(now_ms / 1_000, micro_ml, rate=rate))
        assert evidence.drive is not Drive.STILL


# Alaris, procedure by procedure


INF: Final = "INF^8002-51740^{alarm}^SET^24.50^ml/h^^{infused}^ml^{pressure}^mmHg^24+^EVENT^1"


def told(procedure: Any, *bodies: tuple[float, str]) -> Any:  # noqa: ANN401 (of any procedure)
    next(procedure)
    for at_s, body in bodies:
        try:
            at_ns = round(at_s * SECOND)
            procedure.send(Reply(address=0, body=body.encode(), asked_at_ns=at_ns, at_ns=at_ns))
        except StopIteration as end:
            return end.value
    raise AssertionError("it asks on")


def inf(infused: str, alarm: str = "-", pressure: str = "17.91") -> str:
    return INF.format(infused=infused, alarm=alarm, pressure=pressure)


def test_an_alaris_that_shows_nothing_yet_is_not_reported_and_its_pressure_is_in_pascal() -> None:
    pump = alaris.DRIVER.pump(address=0, options={})
    with pytest.raises(WireError, match="nothing shows yet"):
        told(pump.observe(), (0, inf("5.000")))
    report = told(pump.observe(), (3, inf("5.000", pressure="100.00")))
    assert (report.drive, report.rate_ul_per_h, report.pressure_pa) == (Drive.STILL, 24_500, 13_332)


@pytest.mark.parametrize(
    ("code", "alarm"),
    [("AL_OCCLU", PumpAlarm.OCCLUSION), ("AL_COMTO", PumpAlarm.LEASE_EXPIRED), ("AL_XXXXX", PumpAlarm.OTHER)],
)
def test_an_alarm_is_told_even_while_nothing_shows_whether_it_drives(code: str, alarm: PumpAlarm) -> None:
    pump = alaris.DRIVER.pump(address=0, options={})
    with pytest.raises(PumpAlarmed) as raised:
        told(pump.observe(), (0, inf("5.000", "A")), (0.1, f"ALARM^{code}^ ^ "))
    assert raised.value.alarm is alarm


def test_the_end_that_was_programmed_is_no_alarm_and_ends_after_a_second() -> None:
    pump = alaris.DRIVER.pump(address=0, options={})
    with pytest.raises(WireError):
        told(pump.observe(), (0, inf("47.999")))
    assert told(pump.observe(), (0.2, inf("48.000", "A")), (0.2, "ALARM^AL_VTBIS^ ^ ")).drive is Drive.INFUSING
    report: Report = told(pump.observe(), (1.2, inf("48.000", "A")), (1.3, "ALARM^AL_VTBIS^ ^ "))
    assert (report.drive, report.alarm, report.infused_nl) == (Drive.STILL, None, 48_000_000)


@pytest.mark.parametrize(
    ("code", "alarm"),
    [
        ("AL_COMTO", PumpAlarm.LEASE_EXPIRED),
        ("AL_OCCLU", PumpAlarm.OCCLUSION),
        ("AL_EMBAT", PumpAlarm.BATTERY_EMPTY),
        ("AL_XXXXX", PumpAlarm.OTHER),
    ],
)
def test_an_alaris_that_faults_after_its_planned_end_tells_the_fault_and_takes_no_programme(
    code: str, alarm: PumpAlarm
) -> None:
    """It stands still already: the new alarm is told beside that, and never taken for the end's own notice."""
    pump = alaris.DRIVER.pump(address=0, options={})
    with pytest.raises(WireError):
        told(pump.observe(), (0, inf("47.999")))
    told(pump.observe(), (0.2, inf("48.000", "A")), (0.2, "ALARM^AL_VTBIS^ ^ "))
    at_end: Report = told(pump.observe(), (1.2, inf("48.000", "A")), (1.3, "ALARM^AL_VTBIS^ ^ "))
    faulted: Report = told(pump.observe(), (20, inf("48.000", "A")), (20.1, f"ALARM^{code}^ ^ "))
    assert (at_end.drive, at_end.alarm) == (Drive.STILL, None)
    assert (faulted.drive, faulted.alarm, faulted.infused_nl) == (Drive.STILL, alarm, 48_000_000)
    with pytest.raises(PumpRefused, match="clear it at the pump"):
        told(pump.prepare(REMAINING), (21, inf("48.000", "A")), (21.1, f"ALARM^{code}^ ^ "))


def test_an_alaris_that_moves_again_in_a_fault_after_its_planned_end_is_told_as_driving() -> None:
    pump = alaris.DRIVER.pump(address=0, options={})
    with pytest.raises(WireError):
        told(pump.observe(), (0, inf("47.999")))
    told(pump.observe(), (0.2, inf("48.000", "A")), (0.2, "ALARM^AL_VTBIS^ ^ "))
    told(pump.observe(), (1.2, inf("48.000", "A")), (1.3, "ALARM^AL_VTBIS^ ^ "))
    report: Report = told(pump.observe(), (20, inf("48.001", "A")), (20.1, "ALARM^AL_XXXXX^ ^ "))
    assert (report.drive, report.alarm) == (Drive.INFUSING, PumpAlarm.OTHER)


def test_an_answer_of_another_alaris_is_not_believed() -> None:
    pump = alaris.DRIVER.pump(address=0, options={})
    told(pump.identify(), (0, "INST_SERIALNO^8002-51733"), (0, "COMMS_PROTOCOL^Asena Rev 2.1.5"))
    with pytest.raises(WireError, match="8002-51733"):
        told(pump.observe(), (0, inf("5.000")))


# Harvard


def heard(procedure: Any, *bodies: str) -> Any:  # noqa: ANN401 (of any procedure)
    return told(procedure, *((0, body) for body in bodies))


def status(prompt: str, flags: str, volume_fl: int = 8_166_666_666_666) -> str:
    return f"6805555555 1200 {volume_fl} {flags}\n{prompt}"


@pytest.mark.parametrize("flags", ["i...I", "I...I.", "i...I."])
def test_a_harvard_pump_infuses_by_its_prompt_in_either_form_of_status(flags: str) -> None:
    report = heard(harvard.DRIVER.pump(address=0, options={}).observe(), status(">", flags))
    assert (report.drive, report.rate_ul_per_h, report.infused_nl) == (Drive.INFUSING, 24_500, 8_166_666)


@pytest.mark.parametrize(
    ("prompt", "flags", "alarm"),
    [
        (":", "i...I", None),
        ("T*", "i...IT", None),
        ("*", "i.S.I", PumpAlarm.STALL),
        (">*", "iI..I", PumpAlarm.EMPTY),
        ("<*", "iW..I", PumpAlarm.OTHER),
    ],
)
def test_a_harvard_pump_is_still_when_two_looks_agree(prompt: str, flags: str, alarm: PumpAlarm | None) -> None:
    look = status(prompt, flags)
    report = heard(harvard.DRIVER.pump(address=0, options={}).observe(), look, look, "24.5 ml/hr\n:")
    assert (report.drive, report.alarm, report.rate_ul_per_h) == (Drive.STILL, alarm, 24_500)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (status(":", "I...I."), None),
        (status(">", "W...I."), None),
        (status(":", "i...I"), status(":", "i...I", 8_166_666_700_000)),
        (status(":", "i...I"), status(":", "I...I.")),
    ],
)
def test_a_harvard_pump_that_contradicts_itself_is_not_reported(first: str, second: str | None) -> None:
    with pytest.raises(WireError, match="contradicts"):
        heard(harvard.DRIVER.pump(address=0, options={}).observe(), *(each for each in (first, second) if each))


def test_one_bent_prompt_does_not_make_a_running_harvard_pump_still() -> None:
    report = heard(harvard.DRIVER.pump(address=0, options={}).observe(), status(":", "i...I"), status(">", "i...I"))
    assert report.drive is Drive.INFUSING


@pytest.mark.parametrize("lead", ["", "12", "12:"])
def test_a_number_behind_an_address_is_read_once_the_form_of_a_line_is_known(lead: str) -> None:
    pump = harvard.DRIVER.pump(address=12, options={})

    def body(*lines: str, prompt: str = ":") -> str:
        return "\n".join([*(lead + line for line in lines), prompt])

    def answers(procedure: Any, *bodies: str) -> Any:  # noqa: ANN401 (of any procedure)
        return heard(procedure, *bodies)

    looked = answers(pump.observe(), body("6805555555 1 2000000 i...I", prompt=">"), body("24.5 ml/hr", prompt=">"))
    assert looked.rate_ul_per_h is None, "12 and 24.5 may be 1224.5"
    version = body("Firmware:      v3.0.4", "Pump address:  12", "Serial number: D401234")
    who = answers(pump.identify(), ":", version, body("11 ELITE I/W Single 3.0.4"))
    assert (who.model, who.firmware, who.serial) == ("11 ELITE I/W Single 3.0.4", "v3.0.4", "D401234")
    looked = answers(pump.observe(), body("6805555555 1 2000000 i...I", prompt=">"))
    assert looked.rate_ul_per_h == 24_500


SET: Final = (*(":" for _ in range(6)), "26.5900 mm\n:")
AT_REST: Final = (status(":", "i...I"), status(":", "i...I"), "24.5 ml/hr\n:")


@pytest.mark.requirement("FLOW-14")
@pytest.mark.parametrize(
    ("rate", "target", "error"),
    [
        ("24.6 ml/hr\n:", "48 ml\n:", "do not start"),
        ("24 ml/hr\n:", "48 ml\n:", "far below"),
        ("24.5 ml/hr\n:", "48.001 ml\n:", "do not start"),
        ("24.5 ml/hr\n:", "Target volume not set\n:", "tvolume"),
    ],
)
def test_a_harvard_read_back_that_differs_is_never_granted(rate: str, target: str, error: str) -> None:
    with pytest.raises(WireError, match=error):
        heard(harvard.DRIVER.pump(address=0, options={}).prepare(REMAINING), *AT_REST, *SET, rate, target)


def test_a_harvard_pump_grants_what_it_read_back_down_to_the_microlitre() -> None:
    empty = status(":", "i...I", 0)
    granted = heard(
        harvard.DRIVER.pump(address=0, options={}).prepare(REMAINING),
        *(*AT_REST, *SET, "0.408333 ml/min\n:", "48000 ul\n:", empty, empty, "24.5 ml/hr\n:"),
    )
    assert granted == Granted(rate_ul_per_h=24_499, volume_nl=48_000_000, lease_s=None, infused_nl=0, step_nl=1_000)


@pytest.mark.parametrize("error", ["Command error", "Unknown command", "Argument error: irate\n   Out of range"])
def test_an_error_line_is_a_refusal_with_the_pumps_own_words(error: str) -> None:
    with pytest.raises(PumpRefused, match=error.split("\n", maxsplit=1)[0]):
        heard(harvard.DRIVER.pump(address=0, options={}).start(), "48 ml\n:", f"{error}\n:")


def test_a_harvard_pump_without_a_target_is_never_started() -> None:
    starting = harvard.DRIVER.pump(address=0, options={}).start()
    assert next(starting).text == "tvolume"
    with pytest.raises(WireError, match="Target volume not set"):
        starting.send(Reply(address=0, body=b"Target volume not set\n:"))


@pytest.mark.requirement("FLOW-14")
@pytest.mark.parametrize(
    ("kept", "at_rest", "granted"),
    [("24.50", "0.00", True), ("24.50", "24.50", True), ("24.50", "25.00", False), ("25.00", "0.00", False)],
)
def test_an_alaris_grants_the_rate_it_tells_when_asked_whether_or_not_it_shows_one_at_rest(
    kept: str, at_rest: str, *, granted: bool
) -> None:
    pump = alaris.DRIVER.pump(address=0, options={})
    told(pump.identify(), (0, "INST_SERIALNO^8002-51740"), (0, "COMMS_PROTOCOL^Asena Rev 2.1.5"))
    with pytest.raises(WireError, match="nothing shows yet"):
        told(pump.observe(), (0, inf("5.000")))
    script = [
        (3, inf("5.000")),
        *(
            (3.0, body)
            for body in (
                "REMOTE_CTRL^ENABLED^****^PERMIT^0^ms",
                "REMOTE_CFG^ENABLED^****",
                "SYRINGE_STATUS^BD PLASTIPAK^ 50^CONF",
                "INF_RATE_MAX_SYRINGE^1200.00^ml/h",
                "INF_VI_CLEAR",
                "INF_RATE^24.50^ml/h",  # an acknowledgement may be no consent [?]
                "INF_VTBI^ACTIV^48.000^ml^STOP",
                "INF_VTBI^ACTIV^48.000^ml^STOP",
                f"INF_RATE^{kept}^ml/h",
            )
        ),
        (3.1, inf("0.000").replace("24.50", at_rest)),
    ]
    preparing = pump.prepare(REMAINING)
    if not granted:
        with pytest.raises(WireError, match="do not start"):
            told(preparing, *script)
        return
    assert told(preparing, *script).rate_ul_per_h == 24_500


@pytest.mark.parametrize("address", [0, 12])
def test_a_harvard_pump_that_echoes_commands_is_understood(address: int) -> None:
    looking = harvard.DRIVER.pump(address=address, options={}).observe()
    request = next(looking)
    prompt = f"{address}>" if address else ">"
    wire = request.data + f"\n\n{status('', 'i...I').rstrip()}\r\n{prompt}".encode() + bytes([0x11])
    framing = harvard.DRIVER.framing()
    (reply,) = framing.receive(wire, request)
    assert isinstance(reply, Reply)
    assert framing.answers(request, reply)
