"""What a daemon says that may not have its port, its socket or its journal: one line that names who or what to mend.

Every daemon here runs as a plain user, since root passes each of these doors. Exit status 2 says that an operator
has to change something; systemd tries again all the same.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from grp import getgrnam
from pathlib import Path

import pytest

from pumpd.testing.processes import NOBODY, NotifySocket, Program, until
from pumpd.testing.real_bed import LONG, RealBed
from pumpd.testing.simulated_pump import Frame, SimulatedPump

AS_ROOT = os.geteuid() == 0
TO_MEND = 2
EVERYBODY = 0o777
THIEF = """
import sys, time, serial
port = serial.Serial(sys.argv[1], exclusive=True)
print("has it", flush=True)
time.sleep(600)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A bed whose daemon runs, and a pump beside it that nobody holds."""

    bed: RealBed
    daemon: Program
    spare: SimulatedPump


@pytest.fixture(scope="module")
def held() -> Iterator[Held]:
    with RealBed(user=NOBODY if AS_ROOT else None) as real:
        real.begin_pump("p1")
        daemon = real.begin_daemon()
        yield Held(bed=real, daemon=daemon, spare=real.begin_pump("p2"))


@pytest.fixture
def bed() -> Iterator[RealBed]:
    """Its daemon and whatever it starts run as a plain user, whoever runs the tests."""
    with RealBed(user=NOBODY if AS_ROOT else None) as real:
        yield real


def another_bed_in(bed: RealBed, **changed: str) -> Path:
    """The configuration of a second daemon with one bus; state and socket are its own but for what is `changed`."""
    values = {"state_dir": str(bed.folder / "state-2"), "socket": str(bed.folder / "2.sock"), **changed}
    lines = []
    for line in bed.write_config().read_text(encoding="utf-8").splitlines():
        name = line.partition(" = ")[0]
        lines.append(f'{name} = "{values[name]}"' if name in values else line)
    buses = [number for number, line in enumerate(lines) if line == "[[bus]]"]
    path = bed.folder / "second.toml"
    path.write_text("\n".join(lines[: [*buses[1:], None][0]]) + "\n", encoding="utf-8")
    return path


def refused(daemon: Program) -> str:
    """The one line of a daemon that did not start."""
    assert daemon.wait() == TO_MEND, daemon.complained()
    sentence = daemon.sentence()
    assert sentence.startswith("pumpd: ")
    assert "Traceback" not in daemon.complained()
    return sentence


def heard(pump: SimulatedPump) -> list[Frame]:
    return [frame for frame in pump.wire() if frame.event == "pump_hears"]


def test_port_of_another_group_is_told_with_the_group_to_join(bed: RealBed) -> None:
    pump = bed.begin_pump()
    group = "dialout" if AS_ROOT else None
    if AS_ROOT:
        os.chown(pump.pty, 0, getgrnam("dialout").gr_gid)
        Path(pump.pty).chmod(0o660)
    else:
        Path(pump.pty).chmod(0)
    sentence = refused(bed.begin_daemon(awaited=False))
    assert f"may not open {pump.link}" in sentence
    if group is not None:
        assert f"sudo usermod -aG {group} " in sentence
    assert heard(pump) == []


@pytest.mark.requirement("LINK-02")
@pytest.mark.requirement("G05")
def test_port_that_another_daemon_holds_is_told_with_its_process(held: Held) -> None:
    link = held.bed.pumps["p1"].link
    second = another_bed_in(held.bed, port=str(link))
    sentence = refused(held.bed.begin_daemon(config=second, awaited=False))
    assert f"{link} is held by " in sentence
    assert f"(process {held.daemon.pid})" in sentence


def test_a_training_bed_refuses_a_port_where_a_real_pump_may_be(held: Held) -> None:
    """Any device that is no pseudo-terminal; a training bed on a simulated pump is what browsers' tests stand at."""
    second = another_bed_in(held.bed, port="/dev/null")
    second.write_text(
        second.read_text(encoding="utf-8").replace("training = false", "training = true"), encoding="utf-8"
    )
    sentence = refused(held.bed.begin_daemon(config=second, awaited=False))
    assert "a real pump may be at /dev/null" in sentence
    assert "training" in sentence


def test_journal_that_another_daemon_holds_is_told_with_its_process(held: Held) -> None:
    second = another_bed_in(held.bed, port=str(held.spare.link), state_dir=str(held.bed.state))
    sentence = refused(held.bed.begin_daemon(config=second, awaited=False))
    assert f"{held.bed.journal}: another pumpd (process {held.daemon.pid}) holds this journal" in sentence


def test_socket_that_another_daemon_holds_is_told_with_its_process(held: Held) -> None:
    second = another_bed_in(held.bed, port=str(held.spare.link), socket=str(held.bed.socket))
    sentence = refused(held.bed.begin_daemon(config=second, awaited=False))
    assert f"{held.bed.socket} is in use: process {held.daemon.pid} listens there" in sentence


@pytest.mark.requirement("G05")
def test_daemon_that_holds_everything_is_not_disturbed(held: Held) -> None:
    assert held.daemon.runs
    assert held.bed.answers()
    assert [word for word in heard(held.spare) if "RUN" in word.text] == []


def test_port_that_is_held_keeps_no_daemon_from_pumps_that_may_be_moving(bed: RealBed) -> None:
    """One cable was taken by somebody else while the daemon was down: the other pump is still taken over."""
    bed.begin_pump("p1")
    bed.begin_pump("p2")
    daemon = bed.begin_daemon()
    bed.infuse(LONG, "p1")
    daemon.kill()
    thief = bed.begin("thief", "-c", THIEF, str(bed.pumps["p2"].link))
    thief.ready(lambda: "has it" in thief.said(), "the port")
    restarted = bed.begin_daemon(awaited=False)
    restarted.ready(lambda: bed.answers() and bed.pump("p1").phase.value == "infusing", "the pump that can be had")
    assert f"(process {thief.pid})" in restarted.complained()
    assert len(bed.pumps["p1"].heard("RUN")) == 1
    thief.signal(signal.SIGKILL)
    until(lambda: bed.pump("p2").link.value == "up", "the port is free again")


def test_state_folder_without_permission_is_told_with_the_file(bed: RealBed) -> None:
    bed.state.mkdir(mode=0o500)
    sentence = refused(bed.begin_daemon(awaited=False))
    assert f"{bed.journal}: cannot be written: Permission denied" in sentence


def test_state_folder_that_cannot_be_made_is_told_with_its_name(bed: RealBed) -> None:
    closed = bed.folder / "closed"
    closed.mkdir(mode=0o500)
    second = another_bed_in(bed, state_dir=str(closed / "state"))
    sentence = refused(bed.begin_daemon(config=second, awaited=False))
    assert f"{closed / 'state' / 'journal.sqlite3'}: cannot be written: Permission denied" in sentence


def test_socket_without_permission_is_told_and_ready_is_not(bed: RealBed) -> None:
    pump = bed.begin_pump()
    closed = bed.folder / "closed"
    closed.mkdir(mode=0o500)
    second = another_bed_in(bed, socket=str(closed / "pumpd.sock"))
    path = bed.folder / "notify"
    with NotifySocket(path) as systemd:
        path.chmod(EVERYBODY)
        sentence = refused(bed.begin_daemon(config=second, notify=systemd, awaited=False))
        assert f"the socket {closed / 'pumpd.sock'} cannot be made: Permission denied" in sentence
        told = []
        while (word := systemd.next_word(0.1)) is not None:
            told.append(word)
    assert not any("READY=1" in word for word in told)
    assert pump.heard("RUN") == []


def test_configuration_that_may_not_be_read_is_told_with_its_name(bed: RealBed) -> None:
    bed.write_config().chmod(0)
    sentence = refused(bed.begin_daemon(awaited=False))
    assert f"{bed.config}: this user may not read it" in sentence


def test_plain_user_is_really_a_plain_one(bed: RealBed) -> None:
    """All of the above rests on it."""
    if AS_ROOT:
        assert shutil.which("setpriv"), "apt-get install util-linux"
    probe = bed.begin("probe", "-c", "import os; print(os.geteuid(), os.getgroups(), open('/proc/self/status').read())")
    assert probe.wait() == 0
    user = NOBODY if AS_ROOT else os.geteuid()
    assert probe.said().startswith(f"{user} ")
    assert "CapEff:\t0000000000000000" in probe.said()
