"""The Alaris look-alike: its frames, its stories, and every open point shown to matter."""

from __future__ import annotations

import binascii
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim.alaris import Alaris
from pumpd_sim.alaris_options import AlarisOptions
from pumpd_sim.alaris_wire import SPEECH, Receiver, crc, packed, permission_code
from pumpd_sim.bus import SimBus
from pumpd_sim.device import Truth
from pumpd_sim.devices import load
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.plant import PlantSpec
from pumpd_sim.readings import Reading, read
from pumpd_sim.swarm import WireRates
from pumpd_sim.wire_faults import WireFaults

SECOND = 10**9
GIVE = "REMOTE_CTRL^ENABLED^3CC1"
PERMIT = "REMOTE_CTRL^ENABLED^****^PERMIT^0^ms"

# Bodies and CRCs as they stand in mdpnp/mdpnp (Asena, SingleSimAlaris), lines of a real pump among them.
QUOTED = (
    "INF|4961", "INF_START|38F3", "INF_STOP|CD57", "INF_VTBI|8456", "COMMS_PROTOCOL|E8DA", "INST_SERIALNO|457D",
    "COMMS_PROTOCOL^Asena Rev 2.1.5|661A", "INST_SERIALNO^8002-51740|050B", "REMOTE_CTRL^ENABLED^3CC1|B1F1",
    "REMOTE_CTRL^ENABLED^****^PERMIT^0^ms|7BB0", "REMOTE_CTRL^DISABLED|EF95", "REMQUERY^DEACT|F295",
    "REMQUERY^DEACT^^^^|E5C9", "COMMS_RESPONSE_MAX^4000^ms|DFDF", "INF_RATE^0.10^ml/h|D407", "INF_RATE^0.1^ml/h|B775",
    "INF_BOLUS^ENABLED|E288", "INF_VTBI^ACTIV^11.000^ml^STOP|4433", "INF_VTBI^DEACT|D8C5", "INF_VI_CLEAR|A706",
    "INF_RATE_MAX_SYRINGE^1200.00^ml/h|8575", "SYRINGE_STATUS^BD PLASTIPAK^ 50^CONF|1CF8", "ALARM^AL_NOALM^ ^ |C73B",
    "REMOTE_CTRL^ENABLED^9535|FB2F",
)  # fmt: skip


class Line:
    """A host that believes everything."""

    def __init__(self, options: AlarisOptions | None = None, plant: PlantSpec | None = None) -> None:
        self.pump = Alaris(options=options, plant=plant or load("alaris").plant)
        self.bus = SimBus([self.pump], baud=None)
        self.now_ns = 0

    def send(self, data: bytes) -> bytes:
        """What comes within 4.1 s; time goes on to where it came."""
        self.bus.write(self.now_ns, data)
        end_ns, heard = self.now_ns + 4_100_000_000, b""
        while not heard and (wake_ns := self.bus.next_wake_ns()) is not None and wake_ns <= end_ns:
            self.now_ns = max(self.now_ns, wake_ns)
            heard = self.bus.poll(self.now_ns)
        return heard

    def ask(self, body: str) -> str:
        """The answer's body, or "" for silence."""
        heard = self.send(packed(body))
        text = heard[1:].partition(b"|")[0]
        assert heard in (b"", packed(text.decode()))
        return text.decode()

    def wait(self, seconds: float, *, asking: str = "") -> bytes:
        """Let time pass, with a question each five seconds if the line is to stay busy."""
        end_ns = self.now_ns + round(seconds * SECOND)
        while asking and self.now_ns + 5 * SECOND < end_ns:
            self.now_ns += 5 * SECOND
            self.ask(asking)
        self.now_ns = max(self.now_ns, end_ns)
        return self.bus.poll(self.now_ns)

    def inf(self) -> list[str]:
        return self.ask("INF").split("^")

    def truth(self) -> Truth:
        return self.bus.truth(self.now_ns)

    def fault(self, kind: FaultKind, **how: object) -> str:
        self.bus.inject(self.now_ns, Fault(kind=kind, **how))  # type: ignore[arg-type]  # fields by name
        return kind.value


def permitted(**options: object) -> Line:
    line = Line(AlarisOptions(**options))  # type: ignore[arg-type]  # fields by name
    assert line.ask(GIVE) == PERMIT
    return line


def infusing(vtbi: str = "", rate: str = "60.00", **options: object) -> Line:
    line = permitted(**options)
    assert line.ask(f"INF_RATE^{rate}^ml/h") == f"INF_RATE^{rate}^ml/h"
    if vtbi:
        assert line.ask(f"INF_VTBI^ACTIV^{vtbi}").startswith("INF_VTBI^ACTIV")
    assert line.ask("INF_START") == "INF_START"
    assert line.truth().motor_turning
    return line


# Frames


@pytest.mark.parametrize("frame", QUOTED)
def test_the_crc_is_that_of_every_quoted_frame(frame: str) -> None:
    assert packed(frame.partition("|")[0]) == f"!{frame}\r".encode()


def test_the_permission_code_is_the_crc_of_the_serial_number() -> None:
    assert [permission_code(serial) for serial in ("8002-51740", "8002-51733")] == ["3CC1", "9535"]


@given(st.binary(max_size=60))
def test_the_crc_is_the_standard_librarys_from_ffff(text: bytes) -> None:
    assert crc(text) == binascii.crc_hqx(text, 0xFFFF)


def test_a_session_as_other_peoples_client_begins_it() -> None:
    line = Line()
    assert line.send(b"!INF_ST\x1b!COMMS_PROTOCOL|E8DA\r") == b"!COMMS_PROTOCOL^Asena Rev 2.1.5|661A\r"
    assert line.send(b"noise!INST_SERIALNO|457D\r") == b"!INST_SERIALNO^8002-51740|050B\r"
    assert line.send(b"!REMOTE_CTRL^ENABLED^3CC1|B1F1\r") == b"!REMOTE_CTRL^ENABLED^****^PERMIT^0^ms|7BB0\r"
    assert line.send(b"!COMMS_RESPONSE_MAX|" + b"%04X\r" % crc(b"COMMS_RESPONSE_MAX")) == (
        b"!COMMS_RESPONSE_MAX^4000^ms|DFDF\r"
    )
    assert line.send(b"!REMQUERY^DEACT|F295\r") == b"!REMQUERY^DEACT^^^^|E5C9\r"
    assert line.send(b"!INF_RATE^0.1^ml/h|B775\r") == b"!INF_RATE^0.10^ml/h|D407\r"
    assert line.send(packed("ALARM")) == b"!ALARM^AL_NOALM^ ^ |C73B\r"
    assert line.inf() == [
        "INF", "8002-51740", "-", "SET", "0.00", "ml/h", "", "0.000", "ml", "0.00", "mmHg", "24+", "EVENT", "127905",
    ]  # fmt: skip
    assert line.send(b"!REMOTE_CTRL^DISABLED|EF95\r") == b"!REMOTE_CTRL^DISABLED|EF95\r"
    assert line.ask("INF_RATE^5.00^ml/h") == ""


@pytest.mark.parametrize(
    "data", [b"!INF|4962\r", b"!INF\r", b"!INF|\r", b"!INF|496g\r", b"!INF|049 61\r", b"!" + b"x" * 300]
)
def test_a_frame_that_is_not_whole_is_not_answered_and_the_next_one_is(data: bytes) -> None:
    line = Line()
    assert line.send(data) == b""
    assert line.inf()[0] == "INF"


@given(st.integers(0, 10**9), st.sampled_from([frame.partition("|")[0] for frame in QUOTED]))
def test_no_flip_by_lot_passes_the_crc(seed: int, body: str) -> None:
    wire = WireFaults(random.Random(seed), WireRates(flip_ppm=10**6))
    ((_, flipped),) = wire.carry(0, "to_pump", packed(body), SPEECH)
    assert flipped != packed(body)
    receiver = Receiver()
    assert not any(heard.intact for byte in flipped if (heard := receiver.feed(byte)))


# Stories


@pytest.mark.parametrize("milliseconds", [10, 700, 14_000])
def test_what_is_displaced_is_the_target_and_then_it_stops_and_says_so(milliseconds: int) -> None:
    line = infusing("2.000^ml^STOP")
    while line.truth().motor_turning:
        line.now_ns += milliseconds * 1_000_000
        line.ask("INF")
    truth = line.truth()
    assert 0 <= truth.displaced_nl - 2_000_000 <= truth.step_nl
    assert (line.inf()[2], line.inf()[7], truth.status) == ("AL_VTBIS", "2.000", "stopped")
    assert line.ask("ALARM") == "ALARM^AL_VTBIS^ ^ "
    assert line.ask("INF_START") == ""  # the alarm is there until somebody ends it
    assert line.ask("INF_STOP") == "INF_STOP"
    assert line.ask("INF_VTBI") == "INF_VTBI^DEACT"


def test_after_the_target_the_vein_is_kept_open_or_the_infusion_goes_on_as_it_was_told() -> None:
    line = infusing("1.000^ml^KVO")
    line.wait(61, asking="INF")
    truth = line.truth()
    assert (truth.status, truth.alarm, line.inf()[4]) == ("keeping vein open", "AL_VTBIK", "1.00")
    assert truth.rate_nl_per_h == pytest.approx(1_000_000, abs=2)
    line = infusing("1.000^ml^CONT")
    line.wait(120, asking="INF")
    assert (line.truth().alarm, line.truth().motor_turning) == ("AL_VTBIC", True)
    assert line.truth().displaced_nl > 1_900_000


def test_silence_stops_what_was_started_over_the_line_within_15_s_and_takes_permission_back() -> None:
    line = infusing()
    line.wait(60, asking="INF")
    assert line.inf()[2] == "-"
    line.wait(14.9)
    assert line.truth().motor_turning
    line.wait(0.2)
    truth = line.truth()
    assert (truth.motor_turning, truth.alarm, truth.mode, truth.watchdog_left_ns) == (False, "AL_COMTO", "local", None)
    assert line.inf()[2] == "AL_COMTO"
    assert line.ask("INF_STOP") == ""
    assert line.ask(GIVE) == PERMIT
    assert line.ask("INF_STOP") == "INF_STOP"
    assert line.truth().alarm == ""


def test_silence_stops_nothing_that_was_started_at_the_keypad() -> None:
    line = infusing()
    line.fault(FaultKind.OTHER_USER_AT_KEYPAD, key="stop")
    line.fault(FaultKind.OTHER_USER_AT_KEYPAD, key="start")
    line.wait(600)
    assert line.truth().motor_turning
    assert line.truth().watchdog_left_ns is None


def test_a_closed_line_alarms_by_pressure_and_stores_what_it_did_not_give() -> None:
    line = infusing(rate="30.00")
    line.wait(60, asking="INF")
    line.fault(FaultKind.OCCLUSION)
    line.wait(90, asking="INF")
    truth = line.truth()
    assert (truth.motor_turning, truth.alarm) == (False, "AL_OCCLU")
    assert truth.pressure_mmhg in (499, 500)
    assert line.inf()[9] == f"{truth.pressure_mmhg}.00"
    assert truth.stored_nl == pytest.approx(500_000, abs=2_000)


def test_near_the_end_it_says_so_and_at_the_end_it_stops() -> None:
    line = infusing(rate="120.00")
    line.wait(60 * 19, asking="INF")
    assert line.truth().alarm == ""
    line.wait(60 * 2, asking="INF")
    assert (line.truth().alarm, line.truth().motor_turning) == ("AL_NEOIN", True)
    assert line.ask("INF_STOP") == "INF_STOP"
    assert line.ask("INF_START") == "INF_START"
    line.wait(60 * 6, asking="INF")
    assert (line.truth().alarm, line.truth().motor_turning) == ("AL_EOIST", False)
    assert line.truth().remaining_nl < 10_000


def test_a_jammed_drive_stops_and_says_so() -> None:
    line = infusing()
    line.fault(FaultKind.STALL)
    line.wait(1)
    assert (line.truth().alarm, line.truth().motor_turning) == ("AL_DRDIS", False)


@pytest.mark.parametrize(
    ("permille", "alarm", "turns"), [(500, "AL_ACDIS", True), (150, "AL_LWBAT", True), (10, "AL_EMBAT", False)]
)
def test_a_battery_says_how_it_is_and_at_its_end_the_pump_stops(permille: int, alarm: str, turns: bool) -> None:  # noqa: FBT001  # a column
    line = infusing()
    line.fault(FaultKind.BATTERY_SAG, permille=permille)
    assert (line.inf()[2], line.ask("ALARM")) == (alarm, f"ALARM^{alarm}^ ^ ")
    assert line.truth().motor_turning is turns


def test_a_rate_acts_at_once_and_one_out_of_range_changes_nothing() -> None:
    line = infusing()
    for rate in ("0.09", "1200.01", "-5", "5,0", "", "1e2"):
        assert line.ask(f"INF_RATE^{rate}^ml/h") == ""
    assert line.ask("INF_RATE^5.00^ml/min") == ""
    assert line.truth().rate_nl_per_h == pytest.approx(60_000_000, abs=2)
    assert line.ask("INF_RATE^12.5^ml/h") == "INF_RATE^12.50^ml/h"
    assert line.truth().rate_nl_per_h == pytest.approx(12_500_000, abs=2)
    assert line.inf()[3:5] == ["INF", "12.50"]


def test_time_left_is_that_of_the_target_else_that_of_the_syringe() -> None:
    assert infusing("30.000^ml^STOP").inf()[11] == "00:29:59"  # an answer takes its time
    assert infusing().inf()[11] == "00:49:59"
    assert infusing(rate="2.00").inf()[11] == "24+"


def test_the_power_fails_and_comes_back_without_permission_and_still() -> None:
    line = infusing("5.000^ml^STOP")
    line.wait(60, asking="INF")
    line.fault(FaultKind.REBOOT, for_ms=3_000)
    assert line.ask("INF") == ""
    line.wait(4)
    assert (line.truth().motor_turning, line.truth().mode, line.truth().powered) == (False, "local", True)
    assert line.ask("INF_START") == ""
    assert line.ask("INF_RATE") == "INF_RATE^60.00^ml/h"
    assert float(line.inf()[7]) == pytest.approx(1.0, abs=0.01)


def test_a_person_at_the_pump_changes_what_it_does_and_every_answer_tells_it() -> None:
    line = infusing()
    line.fault(FaultKind.OTHER_USER_AT_KEYPAD, key="rate", rate_nl_per_h=90_000_000)
    assert line.inf()[4] == "90.00"
    line.fault(FaultKind.OTHER_USER_AT_KEYPAD, key="rate", rate_nl_per_h=9_000_000_000)
    assert line.inf()[4] == "90.00"
    line.fault(FaultKind.OTHER_USER_AT_KEYPAD, key="stop")
    assert (line.inf()[3], line.truth().motor_turning) == ("SET", False)


@pytest.mark.parametrize("body", ["INF_RATE^5.00^ml/h", "INF_VTBI^ACTIV^1.000^ml^STOP", "INF_START", "INF_VI_CLEAR"])
def test_without_permission_and_with_another_pumps_code_nothing_changes(body: str) -> None:
    line = infusing("9.000^ml^STOP")
    line.wait(10, asking="INF")
    assert line.ask("REMOTE_CTRL^DISABLED") == "REMOTE_CTRL^DISABLED"
    before = (line.pump.rate_hundredths, line.pump.vtbi_ul, line.pump.infusing)
    infused_zl = line.pump.infused_zl
    assert line.ask("REMOTE_CTRL^ENABLED^9535") == ""
    assert line.ask(body) == ""
    assert (line.pump.rate_hundredths, line.pump.vtbi_ul, line.pump.infusing) == before
    assert line.pump.infused_zl >= infused_zl


# Open points: each reading shows


def _go(line: Line, vtbi: str = "") -> str:
    line.ask(GIVE)
    line.ask("REMOTE_CFG^ENABLED^3CC1")
    line.ask("INF_RATE^60.00^ml/h")
    if vtbi:
        line.ask(f"INF_VTBI^ACTIV^{vtbi}")
    return line.ask("INF_START")


def _reboot(line: Line) -> bytes:
    line.fault(FaultKind.REBOOT, for_ms=1_000)
    return line.wait(2)


def _near_end_at_s(line: Line) -> int:
    _go(line)
    while not line.truth().alarm:
        line.wait(60, asking="INF")
    return line.now_ns // SECOND


def _lasting(line: Line) -> list[str]:
    line.ask(GIVE)
    line.wait(5)
    first = line.ask("INF_RATE^7.00^ml/h")
    line.wait(9)
    return [first, line.ask("INF_RATE^8.00^ml/h")]


def _alarm_left_by(line: Line) -> list[str]:
    _go(line)
    line.fault(FaultKind.STALL)
    line.wait(1)
    line.fault(FaultKind.FREE_MOTOR)
    return [line.ask("INF_START"), line.ask("INF_STOP"), line.inf()[2]]


SHOWN: dict[str, Callable[[Line], object]] = {
    "refusal": lambda line: line.ask("INF_START"),
    "bad_crc": lambda line: line.send(b"!INF|0000\r"),
    "infusing_shows_in": lambda line: (
        line.ask(GIVE), line.ask("INF_RATE^60.00^ml/h"), line.inf()[3:5], _go(line), line.inf()[3:5],
    ),
    "mode_word": lambda line: (_go(line), line.inf()[3]),
    "alarm_marker": lambda line: (_go(line), line.fault(FaultKind.STALL), line.wait(1), line.inf()[2]),
    "alarm_ended_by": _alarm_left_by,
    "kvo_word": lambda line: (line.ask(GIVE), line.ask("INF_VTBI^ACTIV^1.000^ml^KVOR")),
    "continue_word": lambda line: (line.ask(GIVE), line.ask("INF_VTBI^ACTIV^1.000^ml^CONTIN")),
    "kvo_hundredths": lambda line: (_go(line, "1.000^ml^KVO"), line.wait(61, asking="INF"), line.inf()[4]),
    "vtbi_off_reply": lambda line: line.ask("INF_VTBI"),
    "vtbi_query": lambda line: (_go(line, "2.000^ml^STOP"), line.wait(9), line.ask("INF_VTBI")),
    "vtbi_while_infusing": lambda line: (_go(line), line.ask("INF_VTBI^ACTIV^2.000^ml^STOP")),
    "vtbi_after_end": lambda line: (_go(line, "0.100^ml^STOP"), line.wait(9), line.ask("INF_VTBI")),
    "rate_while_infusing": lambda line: (_go(line), line.ask("INF_RATE^7.00^ml/h")),
    "more_decimals": lambda line: (line.ask(GIVE), line.ask("INF_RATE^7.005^ml/h")),
    "volume_rounding": lambda line: (_go(line), [line.inf()[7] for _ in range(40)]),
    "volume_survives_power": lambda line: (_go(line), line.wait(9), _reboot(line), line.inf()[7]),
    "settings_survive_power": lambda line: (_go(line), _reboot(line), line.ask("INF_RATE")),
    "stop_needs_permission": lambda line: line.ask("INF_STOP"),
    "config_permission_needed": lambda line: (line.ask(GIVE), line.ask("INF_RATE^7.00^ml/h")),
    "permission_lapses_after_s": _lasting,
    "key_ends_permission": lambda line: (
        line.ask(GIVE), line.fault(FaultKind.OTHER_USER_AT_KEYPAD, key="clear"), line.truth().mode,
    ),
    "traffic_is": lambda line: (_go(line), line.wait(9), line.send(b"x"), line.wait(9), line.truth().motor_turning),
    "occlusion_mmhg": lambda line: (
        _go(line), line.fault(FaultKind.OCCLUSION), line.wait(120, asking="INF"), line.truth().pressure_mmhg,
    ),
    "near_end_min": _near_end_at_s,
    "reply_ms": lambda line: (line.ask("INF"), line.now_ns),
    "slow_every": lambda line: ([line.ask("INF") for _ in range(5)], line.now_ns),
}  # fmt: skip
READINGS = load("alaris").readings[1:]


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.name)
def test_each_reading_shows_on_the_wire(reading: Reading) -> None:
    ((name, _),) = reading.settings
    plain, other = Line(), Line(read(AlarisOptions, dict(reading.settings)))
    assert SHOWN[name](plain) != SHOWN[name](other)


def test_serial_number_and_protocol_are_what_they_are_told_to_be() -> None:
    line = Line(AlarisOptions(serial="8002-51733", protocol="Asena Rev 9"))
    assert line.ask("INST_SERIALNO") == "INST_SERIALNO^8002-51733"
    assert line.ask("COMMS_PROTOCOL") == "COMMS_PROTOCOL^Asena Rev 9"
    assert line.ask("REMOTE_CTRL^ENABLED^9535") == PERMIT


@given(st.integers(0, 10**9))
def test_under_any_reading_silence_stops_what_the_line_started(seed: int) -> None:
    line = Line(AlarisOptions.drawn(random.Random(seed)))
    _go(line)
    assert line.truth().motor_turning
    line.wait(19)
    assert not line.truth().motor_turning
