"""Start, rate change, stop and acknowledge of the New Era; every procedure cut off at every yield."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pumpd_drivers.new_era import DRIVER

from pumpd.driver_api import (
    Buzzes,
    ConfigError,
    Drive,
    NoReply,
    Procedure,
    PumpAlarm,
    PumpAlarmed,
    PumpProcedures,
    PumpRefused,
    Remaining,
    Reply,
    Report,
    SettableLease,
    WireError,
    WireRequest,
)

Script = list[tuple[str, str]]
Play = Callable[[Procedure[Any], Script], Any]

RUNNING: Script = [("RAT", "I12.34MH"), ("VOL", "I48.00ML"), ("DIS", "II0.125W0.000ML")]


def look(letter: str, rate: str = "12.34MH") -> Script:
    return [("RAT", letter + rate), ("VOL", f"{letter}48.00ML"), ("DIS", f"{letter}I0.125W0.000ML")]


def pump() -> PumpProcedures:
    return DRIVER.pump(address=0, options={})


# start


def test_start_runs_and_looks(play: Play) -> None:
    report = play(pump().start(), [("RUN", "I"), *look("I")])
    assert (report.drive, report.rate_ul_per_h) == (Drive.INFUSING, 12_340)


@pytest.mark.parametrize("error", ["?", "?NA", "?OOR", "?COM", "?IGN"])
def test_a_refused_start_is_not_sent_again(play: Play, error: str) -> None:
    with pytest.raises(PumpRefused, match=rf"sent 'RUN'.*S\{error}"):
        play(pump().start(), [("RUN", f"S{error}")])


@pytest.mark.parametrize("letter", ["S", "P"])
def test_a_start_that_leaves_the_pump_still_is_a_refusal(play: Play, letter: str) -> None:
    with pytest.raises(PumpRefused, match="stands still"):
        play(pump().start(), [("RUN", letter), *look(letter)])


def test_a_start_answered_with_the_old_letter_is_decided_by_the_look(play: Play) -> None:
    assert play(pump().start(), [("RUN", "S"), *look("I")]).drive is Drive.INFUSING


@pytest.mark.parametrize("letter", ["W", "X", "U"])
def test_a_start_that_moves_otherwise_is_unknown_and_not_refused(play: Play, letter: str) -> None:
    with pytest.raises(WireError, match="stop it") as raised:
        play(pump().start(), [("RUN", letter), *look(letter)])
    assert not isinstance(raised.value, PumpRefused)


def test_an_alarm_instead_of_a_start_is_passed_on(play: Play) -> None:
    with pytest.raises(PumpAlarmed):
        play(pump().start(), [("RUN", "A?R")])


def test_a_start_that_ends_in_an_alarm_reports_it(play: Play) -> None:
    report = play(pump().start(), [("RUN", "I"), ("RAT", "A?S"), *look("P")])
    assert (report.alarm, report.drive) == (PumpAlarm.STALL, Drive.STILL)


# change_rate


@pytest.mark.parametrize(
    ("asked", "unit", "sent", "read_ul_per_h"),
    [
        (5_000, "MH", "5.000", 5_000),
        (12_349, "MH", "12.34", 12_340),
        (500, "UH", "500.0", 500),
        (6_000, "UM", "100.0", 6_000),
        (6_030, "MM", "0.100", 6_000),
    ],
)
def test_a_rate_change_keeps_the_unit_in_force_and_rounds_down(
    play: Play, asked: int, unit: str, sent: str, read_ul_per_h: int
) -> None:
    script = [("RAT", f"I1.000{unit}"), (f"RAT{sent}", "I"), *look("I", f"{sent}{unit}")]
    assert play(pump().change_rate(asked), script).rate_ul_per_h == read_ul_per_h


@pytest.mark.parametrize("answer", ["S", "S?NA", "S?IGN", "I?IGN"])
def test_a_pump_that_ended_in_between_is_reported_still(play: Play, answer: str) -> None:
    sent = [("RAT5.000", answer)] * (2 if "?IGN" in answer else 1)
    report = play(pump().change_rate(5_000), [("RAT", "I12.34MH"), *sent, *look("S")])
    assert report.drive is Drive.STILL


def test_a_pump_that_ended_before_is_not_given_a_rate(play: Play) -> None:
    assert play(pump().change_rate(5_000), [("RAT", "S12.34MH"), *look("S")]).drive is Drive.STILL


def test_a_refused_rate_change_says_what_was_sent(play: Play) -> None:
    with pytest.raises(PumpRefused, match=r"RAT5\.000.*I\?OOR"):
        play(pump().change_rate(5_000), [("RAT", "I12.34MH"), ("RAT5.000", "I?OOR"), *look("I")])


@pytest.mark.parametrize("read", ["12.35MH", "5.001MH", "4.999MH", "5.000MM"])
@pytest.mark.requirement("CMD-05")
def test_a_rate_that_reads_back_otherwise_is_unknown(play: Play, read: str) -> None:
    with pytest.raises(WireError, match="reads back") as raised:
        play(pump().change_rate(5_000), [("RAT", "I12.34MH"), ("RAT5.000", "I"), *look("I", read)])
    assert not isinstance(raised.value, PumpRefused)


@pytest.mark.parametrize("rate", [0, 10_000_000])
def test_a_rate_that_the_unit_cannot_carry_is_refused_before_it_leaves(play: Play, rate: int) -> None:
    with pytest.raises(PumpRefused, match="nothing was changed"):
        play(pump().change_rate(rate), [("RAT", "I12.34MH")])


# stop


def test_the_first_bytes_of_a_stop_are_the_stop() -> None:
    assert next(pump().stop()).data == bytes.fromhex("02083053 5450b3f903")


@pytest.mark.parametrize(("answer", "letter"), [("P", "P"), ("S", "S"), ("S?NA", "S"), ("P?", "P"), ("I?COM", "S")])
def test_a_stop_succeeds_whatever_is_answered_once_a_look_shows_still(play: Play, answer: str, letter: str) -> None:
    report = play(pump().stop(), [("STP", answer), *look(letter)])
    assert (report.drive, report.paused) == (Drive.STILL, letter == "P")


@pytest.mark.parametrize("answer", ["I", "I?COM", "P", "A?S"])
def test_a_stop_is_sent_again_while_the_pump_moves(play: Play, answer: str) -> None:
    report = play(pump().stop(), [("STP", answer), *look("I"), ("STP", "P"), *look("P")])
    assert report.drive is Drive.STILL


def test_a_stop_that_stops_nothing_never_claims_to_have(play: Play) -> None:
    with pytest.raises(WireError, match="still moves"):
        play(pump().stop(), [("STP", "I"), *look("I")] * 2)


def test_an_alarm_instead_of_a_stop_is_reported_with_the_standing_pump(play: Play) -> None:
    report = play(pump().stop(), [("STP", "A?S"), *look("P")])
    assert (report.alarm, report.drive) == (PumpAlarm.STALL, Drive.STILL)


# acknowledge


def test_acknowledge_of_a_told_alarm_ends_it(play: Play) -> None:
    one = pump()
    assert play(one.observe(), [("RAT", "A?S"), *look("P")]).alarm is PumpAlarm.STALL
    assert play(one.acknowledge(), [("", "A?S"), ("", "P"), *look("P")]).alarm is None


def test_acknowledge_tells_an_alarm_that_nobody_has_heard_of(play: Play) -> None:
    one = pump()
    play(one.observe(), [("RAT", "A?S"), *look("P")])
    report = play(one.acknowledge(), [("", "A?R"), ("", "S"), *look("S")])
    assert report.alarm is PumpAlarm.RESET


@pytest.mark.parametrize("answer", ["I", "I?NA", "I?COM"])
def test_buzzer_beeps_five_times_by_itself_and_whatever_is_answered_the_look_is_told(play: Play, answer: str) -> None:
    again = [("BUZ15", answer)] if answer == "I?COM" else []
    report = play(buzz(pump()), [("BUZ15", answer), *again, *look("I")])
    assert (report.drive, report.alarm) == (Drive.INFUSING, None)


# Every procedure, cut off at every yield

REMAINING = Remaining(rate_ul_per_h=12_345, volume_nl=48_000_000, lease_s=15, syringe_diameter_um=26_590)
QUERIES = {
    "timeout": "15",
    "number": "26.59",
    "rate": "12.34MH",
    "volume": "48.00ML",
    "dispensed": "I0.000W0.000ML",
    "direction": "INF",
    "trigger": "SP",
    "plain": "",
    "version": "NE1000V3.923",
}


def buzz(one: PumpProcedures) -> Procedure[Report]:
    assert isinstance(one, Buzzes)
    return one.buzz()


PROCEDURES: dict[str, tuple[Callable[[PumpProcedures], Procedure[Any]], str]] = {
    "identify": (lambda p: p.identify(), "S"),
    "observe": (lambda p: p.observe(), "I"),
    "prepare": (lambda p: p.prepare(REMAINING), "S"),
    "start": (lambda p: p.start(), "I"),
    "change_rate": (lambda p: p.change_rate(12_340), "I"),
    "stop": (lambda p: p.stop(), "P"),
    "acknowledge": (lambda p: p.acknowledge(), "S"),
    "buzz": (buzz, "I"),
}


class Pump:
    """Answers every request of a procedure well, so that it comes to each of its yields."""

    def __init__(self, name: str) -> None:
        make, self.letter = PROCEDURES[name]
        self.procedure = make(pump())
        self.phase = "1"
        self.sent: list[WireRequest] = []

    def reply(self, request: WireRequest) -> Reply:
        self.sent.append(request)
        if request.text.startswith("PHN") and request.changes:
            self.phase = request.text[3:]
        data = {
            "phase": self.phase,
            "function": "RAT" if self.phase == "1" else "STP",
            "switch": "1" if request.text == "AL" else "0",
        }
        return Reply(address=0, body=(self.letter + (data | QUERIES)[request.expects]).encode())

    def advance(self, replies: int) -> WireRequest:
        """To the yield behind so many replies; StopIteration when the procedure ends before."""
        request = next(self.procedure)
        for _ in range(replies):
            request = self.procedure.send(self.reply(request))
        return request

    def finish(self, request: WireRequest) -> int:
        """Answer the rest; how many more requests it took."""
        for count in range(100):
            try:
                request = self.procedure.send(self.reply(request))
            except StopIteration:
                return count + 1
        raise AssertionError("the procedure never ends")


def yields(name: str) -> int:
    one = Pump(name)
    return one.finish(one.advance(0))


@pytest.mark.parametrize("name", sorted(PROCEDURES))
def test_a_closed_procedure_never_asks_again(name: str) -> None:
    for at in range(yields(name)):
        one = Pump(name)
        one.advance(at)
        one.procedure.close()  # a yield behind GeneratorExit would raise RuntimeError here
        with pytest.raises(StopIteration):
            next(one.procedure)


@pytest.mark.parametrize("name", sorted(PROCEDURES))
def test_silence_at_any_yield_ends_the_procedure_as_silence(name: str) -> None:
    for at in range(yields(name)):
        one = Pump(name)
        one.advance(at)
        if name == "prepare":  # it asks once more before it gives up
            one.procedure.throw(NoReply("silence"))
        with pytest.raises(NoReply):
            one.procedure.throw(NoReply("silence"))


def test_one_lost_frame_does_not_end_a_prepare() -> None:
    for at in range(yields("prepare")):
        one = Pump("prepare")
        lost = one.advance(at)
        again = one.procedure.throw(NoReply("silence"))
        assert again.data == lost.data
        one.finish(again)  # ends as granted, or raises


@pytest.mark.requirement("LINK-03")
@pytest.mark.parametrize("name", ["start", "change_rate", "stop"])
def test_what_changes_a_pump_is_never_sent_again_into_silence(name: str) -> None:
    for at in range(yields(name)):
        one = Pump(name)
        if one.advance(at).changes:
            with pytest.raises(NoReply):
                one.procedure.throw(NoReply("silence"))


@pytest.mark.parametrize("name", sorted(PROCEDURES))
def test_an_alarm_at_any_yield_is_passed_on_or_ends_in_the_result(name: str) -> None:
    for at in range(yields(name)):
        one = Pump(name)
        one.advance(at)
        alarm = PumpAlarm.STALL
        try:
            one.finish(one.procedure.throw(PumpAlarmed(alarm)))
        except PumpAlarmed as passed:
            assert passed.alarm is alarm  # noqa: PT017 (either end is right, and this is one)
        starts = [request for request in one.sent if request.text == "RUN"]
        assert len(starts) <= 1


@pytest.mark.parametrize("name", sorted(PROCEDURES))
def test_a_procedure_in_nothing_but_alarms_ends(name: str) -> None:
    one = Pump(name)
    one.advance(0)
    ended: object = None
    for _ in range(60):
        try:
            one.procedure.throw(PumpAlarmed(PumpAlarm.STALL))
        except (PumpAlarmed, WireError) as passed:
            ended = passed
        except StopIteration as end:
            ended = end.value
            assert isinstance(ended, Report)
            assert ended.drive is Drive.STILL
        if ended is not None:
            break
    assert ended is not None


@pytest.mark.parametrize("error", ["?COM", "?IGN", "?NA"])
@pytest.mark.parametrize("name", sorted(PROCEDURES))
@pytest.mark.requirement("LINK-03")
def test_no_start_is_sent_twice_whatever_is_answered(name: str, error: str) -> None:
    for at in range(yields(name)):
        one = Pump(name)
        request = one.advance(at)
        sent = [*one.sent, request]
        try:
            request = one.procedure.send(Reply(address=0, body=(one.letter + error).encode()))
            sent.append(request)
            one.finish(request)
        except (StopIteration, WireError):
            pass
        sent += one.sent[at:]
        assert len({id(found) for found in sent if found.text == "RUN"}) == (1 if name == "start" else 0)


@pytest.mark.requirement("LINK-03")
def test_only_queries_may_be_repeated_blindly() -> None:
    changing = {"identify": 0, "observe": 0, "acknowledge": 0, "buzz": 0, "start": 1, "change_rate": 1, "stop": 1}
    for name, expected in changing.items():
        one = Pump(name)
        one.finish(one.advance(0))
        assert sum(request.changes for request in one.sent) == expected, name


# what the driver says of itself


def test_options_name_the_nearest_valid_one() -> None:
    with pytest.raises(ConfigError, match=r"'bauds'.*'baud'"):
        DRIVER.pump(address=0, options={"bauds": 9600})


@pytest.mark.parametrize("baud", [300, "19200", True, 0])
def test_a_baud_too_slow_for_a_lease_or_no_number_is_refused(baud: str | int | bool) -> None:  # noqa: FBT001
    with pytest.raises(ConfigError, match="19200"):
        DRIVER.pump(address=0, options={"baud": baud})


@pytest.mark.parametrize("address", [-1, 100])
def test_an_address_that_no_pump_can_have_is_refused(address: int) -> None:
    with pytest.raises(ConfigError, match="0 to 99"):
        DRIVER.pump(address=address, options={})


@pytest.mark.parametrize("baud", [9600, 19200])
def test_a_stop_can_let_any_exchange_in_flight_end(baud: int) -> None:
    request = next(DRIVER.pump(address=12, options={"baud": baud}).observe())
    assert request.reply_limit_ms <= DRIVER.info.preempt_after_ms <= 250
    assert 3 * request.reply_limit_ms <= DRIVER.info.worst_observe_ms


def test_three_worst_looks_at_one_pump_fit_into_two_seconds() -> None:
    assert isinstance(DRIVER.info.lease, SettableLease)
    assert 3 * DRIVER.info.worst_observe_ms < 2_000
