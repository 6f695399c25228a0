"""`pumpd demo` as a newcomer runs it: real processes, a real broker, and nothing left behind, however it ends.

Every process of a demo inherits a mark in its environment, so that an orphan is found whatever it is called and
whoever is its parent now.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from pumpd_sim import devices

from pumpd import api_departure_calls, demo, demo_beds, demo_stage, registry, rules_files
from pumpd.accounts import Accounts, Session
from pumpd.api_client import Client
from pumpd.api_models import DeliveredView, MeasuredView, RateView, VolumeView
from pumpd.clock import SystemClock
from pumpd.config import Config
from pumpd.core.lease import resumes_by_itself
from pumpd.core.pump import NoLease
from pumpd.core.regimen import offers
from pumpd.demo_nurse import Story, Stretch
from pumpd.demo_parts import free_port, run_folder
from pumpd.demo_pumps import PUMPS, DemoPump
from pumpd.demo_verdict import Record, Verdict, judge_rates, judge_record, judge_telemetry, judge_volume
from pumpd.demo_witness import Witness
from pumpd.errors import DemoError
from pumpd.testing import scene

DEMO: Final = (sys.executable, "-P", "-m", "pumpd.cli", "demo")
MARK: Final = "PUMPD_DEMO_TEST"
UP_WITHIN_S: Final = 60.0  # for a machine that is busy with other tests
CONFIG: Final = Path(demo.__file__).parents[1] / "config"
NOBODY: Final = 65534


def until(holds: Callable[[], bool], what: str, within_s: float = UP_WITHIN_S) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.05)


class Demo:
    """One demo, and whatever carries its mark."""

    def __init__(self, *arguments: str, base: Path, user: int | None = None) -> None:
        self.mark = f"{MARK}={base.name}-{time.monotonic_ns()}"
        name, _, value = self.mark.partition("=")
        command = [*DEMO, *arguments]
        if user is not None:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *command]
        self.out, self.err = base / "out", base / "err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=err,
                env={**os.environ, name: value, "XDG_RUNTIME_DIR": str(base)},
                start_new_session=True,
            )

    def wait(self, within_s: float = UP_WITHIN_S) -> int:
        return self.process.wait(within_s)

    def wait_until_up(self) -> None:
        until(lambda: "Ctrl-C ends everything" in self.said() or self.process.poll() is not None, "the invitation")
        assert self.process.poll() is None, self.err.read_text()

    def said(self) -> str:
        return self.out.read_text()

    def complaint(self) -> str:
        """What it said on standard error: one line."""
        (line,) = self.err.read_text().splitlines()
        return line

    def others(self) -> list[int]:
        """Every process with our mark, but the demo itself."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                marked = self.mark.encode() in (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # gone, or a stranger's
            if marked and int(folder.name) != self.process.pid:
                found.append(int(folder.name))
        return sorted(found)

    def pid_of(self, words: str) -> int:
        (pid,) = [pid for pid in self.others() if words in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")]
        return pid


@pytest.fixture
def base() -> Iterator[Path]:
    """A short path, since a socket lies below it."""
    folder = Path(tempfile.mkdtemp(prefix="pd-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(base: Path) -> Iterator[Callable[..., Demo]]:
    """Start demos; whatever they left is killed after the test."""
    running: list[Demo] = []

    def begin(*arguments: str, user: int | None = None) -> Demo:
        running.append(Demo(*arguments, base=base, user=user))
        return running[-1]

    yield begin
    for each in running:
        for pid in (each.process.pid, *each.others()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        each.process.wait()


def leftovers(base: Path) -> list[str]:
    return sorted(path.name for path in base.glob("pumpd-demo-*"))


# --- whole stories --------------------------------------------------------------------------------------


@pytest.mark.timeout(180)
def test_scripted_nurse_pump_broker_and_record_agree(start: Callable[..., Demo], base: Path) -> None:
    played = start("--scripted")
    status = played.wait(150)
    said = played.said()
    assert status == 0, said + played.err.read_text()
    assert "all agree" in said
    assert re.search(r"MQTT gaps +0$", said, re.MULTILINE), said
    assert re.search(r"journal rows, verified +\d+, chain intact", said), said
    assert [said.count(f"{act}") for act in ("  starts", "pauses:", "resumes,", "titrates down")] == [1, 1, 1, 1]
    assert played.others() == []
    assert leftovers(base) == []


@pytest.mark.timeout(180)
def test_sigterm_ends_every_process_and_leaves_no_file(start: Callable[..., Demo], base: Path) -> None:
    shown = start("--port", "0")
    shown.wait_until_up()
    said = shown.said()
    page = re.search(r"OPEN +(http://127\.0\.0\.1:\d+/)", said)
    broker = re.search(r"MQTT +127\.0\.0\.1:(\d+)", said)
    assert page is not None
    assert broker is not None
    with urllib.request.urlopen(page[1]) as answer:  # noqa: S310  # the loopback address
        assert answer.status == 200
    check = [sys.executable, "-P", "-m", "pumpd.cli", "mqtt", "check", "--port", broker[1], "--seconds", "2"]
    checked = subprocess.run(check, check=False, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len(shown.others()) >= 5
    shown.process.terminate()
    assert shown.wait() == 0
    assert "ended: trainer, console, daemon, pump, broker" in shown.said()
    assert shown.others() == []
    assert leftovers(base) == []


@pytest.mark.timeout(180)
def test_sigkill_of_the_demo_ends_every_process_and_the_next_one_sweeps(start: Callable[..., Demo], base: Path) -> None:
    """With the broker from pip, the pump and daemon and page: none of them may need the demo's help to end."""
    killed = start("--port", "0", "--broker", "iotcore")
    killed.wait_until_up()
    assert "broker: iotcore on" in killed.said()
    assert len(killed.others()) >= 4
    killed.process.kill()
    until(lambda: killed.others() == [], "the end of every process")
    (left,) = leftovers(base)
    following = start("--port", "0", "--broker", "iotcore")
    until(lambda: left not in leftovers(base), "the sweep")
    following.process.terminate()
    following.wait()


@pytest.mark.timeout(180)
def test_part_that_goes_away_ends_the_demo_with_one_line_that_names_it(start: Callable[..., Demo]) -> None:
    shown = start("--port", "0")
    shown.wait_until_up()
    os.kill(shown.pid_of("pumpd.cli console"), signal.SIGKILL)
    assert shown.wait() != 0
    assert "the console went away: it was ended by SIGKILL" in shown.complaint()
    assert shown.others() == []


@pytest.mark.timeout(180)
def test_interrupt_of_the_terminal_ends_a_scripted_run_in_order(start: Callable[..., Demo], base: Path) -> None:
    played = start("--scripted")
    until(lambda: "  starts" in played.said(), "the start")
    os.killpg(played.process.pid, signal.SIGINT)  # as Ctrl-C does
    assert played.wait() == 130
    assert "ended: console, daemon, pump, broker" in played.said()
    assert played.others() == []
    assert leftovers(base) == []


# --- what keeps it from starting --------------------------------------------------------------------------


def test_port_in_use_is_one_line_that_offers_another(start: Callable[..., Demo], base: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = start("--port", str(port))
        assert refused.wait() != 0
    assert f"port {port} is in use by another program: try --port " in refused.complaint()
    assert refused.others() == []
    assert leftovers(base) == []


def test_folder_without_permission_is_one_line(start: Callable[..., Demo], base: Path) -> None:
    base.chmod(0o755)
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    refused = start("--dir", str(closed / "demo"), user=NOBODY)
    assert refused.wait() != 0
    assert f"{closed / 'demo'}: Permission denied: name a folder of yours with --dir" in refused.complaint()


def test_port_without_permission_is_one_line(start: Callable[..., Demo], base: Path) -> None:
    base.chmod(0o777)  # for the plain user's own folder
    least = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    assert least > 1, "this kernel lets everybody have every port"
    refused = start("--port", str(least - 1), user=NOBODY)
    assert refused.wait() != 0
    assert f"this user may not open port {least - 1}" in refused.complaint()
    assert leftovers(base) == []


def test_folder_too_long_for_a_socket_is_told_with_the_limit(start: Callable[..., Demo], base: Path) -> None:
    refused = start("--port", "0", "--dir", str(base / ("d" * 100)))
    assert refused.wait() != 0
    assert "107 bytes" in refused.complaint()
    assert refused.others() == []


def test_second_demo_in_one_folder_is_refused(start: Callable[..., Demo], base: Path) -> None:
    first = start("--port", "0", "--dir", str(base / "run"))
    until(lambda: "pump:" in first.said(), "the first demo's pump")
    second = start("--port", "0", "--dir", str(base / "run"))
    assert second.wait() != 0
    assert f"another demo runs in {base / 'run'}" in second.complaint()


@pytest.mark.timeout(120)
def test_part_that_dies_at_the_start_is_one_line_with_its_last_words(start: Callable[..., Demo], base: Path) -> None:
    run = base / "run"
    run.mkdir()
    (run / "pumpd.sock").write_text("in the way")
    refused = start("--port", "0", "--dir", str(run))
    assert refused.wait() != 0
    complaint = refused.complaint()
    assert "the daemon did not come up: it ended with exit status 2; its last words: " in complaint
    assert "is a file, not a socket" in complaint
    assert refused.others() == []
    assert (run / "pumpd.sock").read_text() == "in the way"


def test_kept_folder_stays(start: Callable[..., Demo], base: Path) -> None:
    kept = start("--port", "0", "--keep")
    until(lambda: "pump:" in kept.said(), "the pump")
    kept.process.terminate()
    kept.wait()
    (folder,) = leftovers(base)
    assert (base / folder / "pump.log").read_text().startswith("{")
    assert f"logs and journal: {base / folder}" in kept.said()


def test_kept_folder_is_not_swept_by_the_next_demo(monkeypatch: pytest.MonkeyPatch, base: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(base))
    with run_folder(None, keep=True) as kept:
        assert kept.stat().st_mode & 0o777 == 0o700
    with run_folder(None, keep=False) as following:
        assert leftovers(base) == sorted((kept.name, following.name))
    assert leftovers(base) == [kept.name]


def test_folder_of_a_demo_that_lives_is_not_swept(monkeypatch: pytest.MonkeyPatch, base: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(base))
    with run_folder(None, keep=False) as first, run_folder(None, keep=False) as second:
        assert leftovers(base) == sorted((first.name, second.name))


def test_without_mosquitto_the_broker_is_iotcore(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(demo_stage, "ABROAD", ())
    title, command = demo_stage.broker_command(None, tmp_path, 1883)
    assert title == "iotcore"
    assert command[command.index("--listen") + 1] == "127.0.0.1"


def test_mosquitto_is_found_where_debian_puts_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "mosquitto-of-debian"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setattr(demo_stage, "ABROAD", (str(program),))
    title, command = demo_stage.broker_command(None, tmp_path, 4711)
    assert (title, command[0]) == ("Mosquitto", str(program))
    assert "listener 4711 127.0.0.1" in (tmp_path / "mosquitto.conf").read_text()


def test_without_any_broker_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(demo_stage, "ABROAD", ())
    monkeypatch.setattr(demo_stage, "find_spec", lambda _: None)
    with pytest.raises(DemoError, match="apt-get install mosquitto, or pip install 'pumpd"):
        demo_stage.broker_command(None, tmp_path, 1883)


# --- what it tells people ---------------------------------------------------------------------------------


@pytest.mark.parametrize("person", demo.PEOPLE, ids=lambda each: each[0])
async def test_pins_that_the_demo_prints_sign_in(person: tuple[str, str, str]) -> None:
    name, pin, role = person
    accounts = Accounts.load(CONFIG / "accounts.toml", SystemClock(), idle_s=60)
    try:
        found = await accounts.sign_in(name, pin)
    finally:
        accounts.close()
    assert isinstance(found, Session)
    assert found.person.role.value == role


def test_ports_are_replaced_and_nothing_else() -> None:
    text = (CONFIG / "demo.toml").read_text()
    changed = demo_stage.with_ports(text, mqtt=1, console=2)
    differing = [(a, b) for a, b in zip(text.splitlines(), changed.splitlines(), strict=True) if a != b]
    assert [re.sub(r" *#.*", "", b) for _, b in differing] == ["port = 1", "port = 2"]


@pytest.mark.parametrize("pump", PUMPS.values(), ids=PUMPS)
def test_every_pump_of_the_demo_is_configured_with_a_driver_a_lesson_and_a_device(
    pump: DemoPump, tmp_path: Path
) -> None:
    path, config = demo_stage.prepare(tmp_path, port=free_port(), pump=pump)
    (bus,) = config.buses
    (slot,) = bus.pumps
    assert (slot.driver, bus.baud, bus.format) == (pump.driver, pump.baud, pump.format)
    driver = registry.load(slot.driver, slot.driver_options())
    driver.pump(address=slot.address, options=slot.driver_options())
    assert slot.address in devices.load(pump.device).addresses
    rules = rules_files.load_rules(config.library, config.regimens)
    taken = {(offer.regimen.id, container.id) for offer in offers(rules, driver.info) for container in offer.containers}
    lesson = pump.lesson
    assert (lesson.regimen, lesson.container) in taken
    assert lesson.refused_regimen is None or (lesson.refused_regimen, lesson.refused_container) in taken
    gets_drugs = not isinstance(driver.info.lease, NoLease) and not resumes_by_itself(driver.info)
    assert (lesson.refused_regimen is None) is gets_drugs
    assert path.read_text().count("[[bus]]") == 1


def test_broker_port_that_is_taken_is_replaced_by_a_free_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wished = Config.load(CONFIG / "demo.toml").mqtt
    assert wished is not None
    monkeypatch.setattr(demo_stage, "is_free", lambda port: port != wished.port)
    _, config = demo_stage.prepare(tmp_path, port=free_port())
    assert config.mqtt is not None
    assert config.mqtt.port != wished.port


def test_over_ssh_the_tunnel_goes_to_the_address_that_was_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.9 22")
    assert demo.is_headless()
    tunnel = demo.tunnel(8080)
    assert tunnel.startswith("ssh -N -L 8080:127.0.0.1:8080 ")
    assert tunnel.endswith("@192.0.2.9")


# --- the verdict can say no -------------------------------------------------------------------------------

RATE: Final = RateView(ul_per_h=180_000, text="180 mL/h")
STRETCH: Final = Stretch(
    label="step 1",
    wanted_ul_per_h=180_000,
    asked=RATE,
    granted=RATE,
    measured=MeasuredView(
        ul_per_h=180_400, text="180.4 mL/h", uncertainty_ul_per_h=2_000, window_ms=9_000, window_text="9 s"
    ),
)
STORY: Final = Story(
    slot="p1",
    stretches=(STRETCH,),
    delivered=DeliveredView(low_nl=2_345_000, high_nl=2_351_000, text=""),
    total=VolumeView(nl=2_350_000, text="2.35 mL"),
    acts=("start", "pause"),
)
TRUTH: Final[dict[str, Any]] = {"displaced_nl": 2_348_000, "step_nl": 473, "motor_turning": False}


def test_volumes_that_agree_are_no_disagreement() -> None:
    verdict = Verdict()
    judge_volume(verdict, STORY, TRUTH)
    assert verdict.disagreements == []
    assert verdict.compared == 5


@pytest.mark.parametrize(
    ("truth", "told"),
    [
        ({"displaced_nl": 2_344_000}, "displaced between 2.345 and 2.351 mL"),
        ({"displaced_nl": 2_351_000 + 473 + 1_000}, "displaced no more than the 2.35 mL ordered"),
        ({"displaced_nl": 1_999_999}, "displaced at least 2 mL in all"),
        ({"motor_turning": True}, "a motor that stands still at the end"),
    ],
)
def test_truth_that_differs_is_told(truth: dict[str, Any], told: str) -> None:
    verdict = Verdict()
    judge_volume(verdict, STORY, {**TRUTH, **truth})
    assert any(told in line for line in verdict.disagreements), verdict.disagreements


def test_interval_too_wide_to_hide_in_does_not_excuse_a_wrong_middle() -> None:
    wide = replace(STORY, delivered=DeliveredView(low_nl=2_300_000, high_nl=2_400_000, text=""))
    verdict = Verdict()
    edge_nl = 2_350_000 - 473 - 1_000 - 2_350
    judge_volume(verdict, wide, {**TRUTH, "displaced_nl": edge_nl})
    assert verdict.disagreements == []
    judge_volume(verdict, wide, {**TRUTH, "displaced_nl": edge_nl - 1})
    assert len(verdict.disagreements) == 1


@pytest.mark.parametrize(
    ("stretch", "told"),
    [
        (replace(STRETCH, asked=None), "asked 180 mL/h"),
        (replace(STRETCH, granted=RateView(ul_per_h=179_999, text="179.999 mL/h")), "granted 180 mL/h"),
        (replace(STRETCH, measured=None), "measured 180 mL/h"),
        (replace(STRETCH, wanted_ul_per_h=240_000), "measured 240 mL/h"),
    ],
)
def test_rate_that_differs_is_told(stretch: Stretch, told: str) -> None:
    agreeing = Verdict()
    judge_rates(agreeing, (STRETCH,))
    assert agreeing.disagreements == []
    verdict = Verdict()
    judge_rates(verdict, (stretch,))
    assert any(told in line for line in verdict.disagreements), verdict.disagreements


def heard(*, ended: bool = True, low: str = "2.345", skip: tuple[int, ...] = ()) -> Witness:
    """A broker's whole day: a status, states, events and a good-bye."""
    witness = Witness()
    bed = "pumpd/1/demo/training/bed-1"

    def say(topic: str, body: str) -> None:
        witness.take(f"{bed}/{topic}", f'{{"ts_ms":1,"boot":"b",{body}}}'.encode())

    say("status", '"state":"up","seq":1')
    for seq, act in enumerate(("start", "pause"), start=1):
        if seq not in skip:
            say("p1/event", f'"slot":"p1","seq":{seq},"id":{seq},"event":"person_asked","action":"{act}"')
    say(
        "p1/state",
        f'"slot":"p1","seq":1,"quality":"good","phase":"{"ended" if ended else "infusing"}","why":"volume_reached",'
        f'"link":"up","phase_since_ts_ms":1,"alarm_count":0,"alarm_priority":"none",'
        f'"delivered_low_ml":{low},"delivered_high_ml":2.351',
    )
    say("status", '"state":"down","seq":2')
    return witness


def judged(witness: Witness, *, standing: tuple[str, ...] = (), said_goodbye: bool = True) -> list[str]:
    verdict = Verdict()
    judge_telemetry(verdict, STORY, witness, standing, said_goodbye=said_goodbye)
    return verdict.disagreements


def test_telemetry_that_agrees_is_no_disagreement() -> None:
    assert heard().checker.findings == []
    assert judged(heard()) == []
    assert heard().delivered_nl("p1") == (2_345_000, 2_351_000)


def test_every_lost_message_is_a_gap_the_first_of_all_included() -> None:
    assert heard().gaps == 0
    assert heard(skip=(1,)).gaps == 1
    assert any("no gap" in line for line in judged(heard(skip=(1,))))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (judged(heard(ended=False)), "the last state over MQTT says ended"),
        (judged(heard(low="2.344")), "delivered over MQTT between 2.345 and 2.351 mL"),
        (judged(heard(skip=(2,))), "events over MQTT: start, pause"),
        (judged(heard(), standing=("schema: x",)), "messages as the schemas promise"),
        (judged(heard(), said_goodbye=False), "the daemon's last status over MQTT says down"),
        (judged(Witness()), "MQTT messages"),
    ],
)
def test_telemetry_that_differs_is_told(lines: list[str], told: str) -> None:
    assert any(told in line for line in lines), lines


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (Record(rows=2, head="h", holds=False, text="THE CHAIN IS BROKEN"), "an intact chain"),
        (Record(rows=1, head="h", holds=True, text=""), "journal rows up to 2"),
    ],
)
def test_record_that_differs_is_told(record: Record, told: str) -> None:
    agreeing = Verdict()
    judge_record(agreeing, Record(rows=2, head="h", holds=True, text=""), heard())
    assert agreeing.disagreements == []
    verdict = Verdict()
    judge_record(verdict, record, heard())
    assert any(told in line for line in verdict.disagreements), verdict.disagreements


def test_volume_finer_than_a_nanolitre_is_a_fault_of_the_publisher() -> None:
    witness = heard(low="2.3450000001")
    with pytest.raises(AssertionError, match="finer than a nanolitre"):
        witness.delivered_nl("p1")
    assert Decimal("2.345") in [state["delivered_low_ml"] for state in heard().states]


# --- scenes ---------------------------------------------------------------------------------------------


def test_the_demo_offers_every_scene_there_is() -> None:
    assert tuple(scene.SCENES) == demo_stage.SCENES


@pytest.mark.parametrize("more", [["--scripted"], ["--driver", "alaris"]])
def test_a_scene_has_its_own_nurse_and_pump(more: list[str]) -> None:
    with pytest.raises(DemoError, match="leave out --scripted and --driver"):
        demo.main(["--scene", "running", *more])


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_demo_opens_on_its_scene(start: Callable[..., Demo], base: Path) -> None:
    """With real processes: an infusion that was played goes on under the daemon that finds it."""
    opened = start("--scene", "recovery", "--port", "0", "--dir", str(base / "bed"))
    until(lambda: "Ctrl-C ends everything" in opened.said() or opened.process.poll() is not None, "the page", 200)
    assert re.search(r"scene: recovery: a patient in recovery.* played in \d", opened.said()), opened.said()
    client = Client(base / "bed" / "pumpd.sock")
    client.sign_in("anna", "2718")
    (mine,) = client.send(api_departure_calls.recovery())
    assert mine.regimen == "MDD-2x3"
    opened.process.send_signal(signal.SIGINT)
    assert opened.wait() == 0
    assert opened.others() == []


# --- more beds ------------------------------------------------------------------------------------------


def test_each_bed_has_its_own_folder_name_and_past_and_all_have_one_broker(base: Path) -> None:
    _, first = demo_stage.prepare(base, port=0)
    beds = demo_beds.lay_out(base, demo_beds.MOST, first)
    configs = [first, *(bed.config for bed in beds)]
    assert [config.bed for config in configs] == [f"bed-{number}" for number in range(1, demo_beds.MOST + 1)]
    assert (
        len({config.socket for config in configs}) == len({config.journal_path for config in configs}) == len(configs)
    )
    assert {config.mqtt.port for config in configs if config.mqtt} == {first.mqtt.port if first.mqtt else None}
    assert {bed.scene for bed in beds} == set(demo_beds.PASTS) <= set(demo_stage.SCENES)


@pytest.mark.parametrize("more", [["0"], [str(demo_beds.MOST + 1)], ["2", "--scripted"]])
def test_a_number_of_beds_that_cannot_be_is_refused(more: list[str]) -> None:
    with pytest.raises(DemoError, match=f"--beds takes 1 to {demo_beds.MOST}"):
        demo.main(["--beds", *more])


@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_beds_are_told_to_one_broker_and_ctrl_c_ends_them_all(start: Callable[..., Demo], base: Path) -> None:
    ward = start("--beds", "2", "--port", "0", "--dir", str(base / "ward"))
    until(lambda: "Ctrl-C ends everything" in ward.said() or ward.process.poll() is not None, "both beds", 400)
    assert ward.process.poll() is None, ward.err.read_text()
    alarms = {each.condition.value for each in Client(base / "ward" / "bed-2" / "pumpd.sock").bed().alarms}
    assert "stalled" in alarms
    broker = re.search(r"MQTT +127\.0\.0\.1:(\d+)", ward.said())
    assert broker is not None
    check = [sys.executable, "-P", "-m", "pumpd.cli", "mqtt", "check", "--port", broker[1], "--seconds", "3"]
    checked = subprocess.run(check, check=False, capture_output=True, text=True, timeout=90)
    assert (checked.returncode, checked.stdout.startswith("2 beds")) == (0, True), checked.stdout + checked.stderr
    ward.process.send_signal(signal.SIGINT)
    assert ward.wait() == 0
    assert ward.others() == []
    assert "ended: daemon-2" in ward.said() or "ended: pump-2" in ward.said()
