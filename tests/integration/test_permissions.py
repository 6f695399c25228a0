"""What a daemon says that may not have its port, its socket or its journal: one line that names who or what to mend.

Every daemon here runs as a plain user, since root passes each of these doors. Exit status 2 says that an operator
has to change something; systemd tries again all the same.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from grp import getgrnam
from pathlib import Path

import pytest

from pumpd.testing.processes import NOBODY, NotifySocket, Program, until
from pumpd.testing.real_bed import LONG, RealBed

AS_ROOT = os.geteuid() == 0
TO_MEND = 2
EVERYBODY = 0o777


@pytest.fixture
def bed() -> Iterator[RealBed]:
    """Its daemon and whatever it starts run as a plain user, whoever runs the tests."""
    with RealBed(user=NOBODY if AS_ROOT else None) as real:
        yield real


def refused(daemon: Program) -> str:
    """The one line of a daemon that did not start."""
    assert daemon.wait() == TO_MEND, daemon.complained()
    sentence = daemon.sentence()
    assert sentence.startswith("pumpd: ")
    assert "Traceback" not in daemon.complained()
    return sentence


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
    assert pump.wire() == []


def test_port_that_another_daemon_holds_is_told_with_its_process(bed: RealBed) -> None:
    pump = bed.begin_pump()
    holder = bed.begin_daemon()
    second = another_bed_in(bed)
    sentence = refused(bed.begin_daemon(config=second, awaited=False))
    assert f"{pump.link} is held by " in sentence
    assert f"(process {holder.pid})" in sentence
    assert holder.runs


def test_port_that_is_held_keeps_no_daemon_from_pumps_that_may_be_moving(bed: RealBed) -> None:
    """One cable was taken by somebody else while the daemon was down: the other pump is still taken over."""
    bed.begin_pump("p1")
    bed.begin_pump("p2")
    daemon = bed.begin_daemon()
    bed.infuse(LONG, "p1")
    daemon.kill()
    command = f"import serial, time; serial.Serial({str(bed.pumps['p2'].link)!r}, exclusive=True); print('has it', flush=True); time.sleep(600)"
    thief = bed.begin("thief", "-c", command)
    thief.ready(lambda: "has it" in thief.said(), "the port")
    restarted = bed.begin_daemon(awaited=False)
    restarted.ready(lambda: bed.answers() and bed.pump("p1").phase.value == "infusing", "the pump that can be had")
    assert f"(process {thief.pid})" in restarted.complained()
    assert len(bed.pumps["p1"].heard("RUN")) == 1
    thief.signal(signal.SIGKILL)
    until(lambda: bed.pump("p2").link.value == "up", "the port is free again")


def test_journal_that_another_daemon_holds_is_told_with_its_process(bed: RealBed) -> None:
    bed.begin_pump("p1")
    holder = bed.begin_daemon()
    bed.begin_pump("p2")
    second = another_bed_in(bed, port=str(bed.pumps["p2"].link), state_dir=str(bed.state))
    sentence = refused(bed.begin_daemon(config=second, awaited=False))
    assert f"{bed.journal}: another pumpd (process {holder.pid}) holds this journal" in sentence
    assert bed.pumps["p2"].wire() == []  # nothing was sent before it was known


def test_socket_that_another_daemon_holds_is_told_with_its_process(bed: RealBed) -> None:
    bed.begin_pump("p1")
    holder = bed.begin_daemon()
    bed.begin_pump("p2")
    second = another_bed_in(bed, port=str(bed.pumps["p2"].link), socket=str(bed.socket))
    sentence = refused(bed.begin_daemon(config=second, awaited=False))
    assert f"{bed.socket} is in use: process {holder.pid} listens there" in sentence
    assert bed.answers()


def test_state_folder_without_permission_is_told_with_the_file(bed: RealBed) -> None:
    bed.begin_pump()
    bed.state.mkdir(mode=0o500)
    sentence = refused(bed.begin_daemon(awaited=False))
    assert f"{bed.journal}: cannot be written: Permission denied" in sentence


def test_state_folder_that_cannot_be_made_is_told_with_its_name(bed: RealBed) -> None:
    bed.begin_pump()
    closed = bed.folder / "closed"
    closed.mkdir(mode=0o500)
    second = another_bed_in(bed, state_dir=str(closed / "state"))
    sentence = refused(bed.begin_daemon(config=second, awaited=False))
    assert f"{closed / 'state'}: Permission denied" in sentence


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
    bed.begin_pump()
    bed.write_config().chmod(0)
    sentence = refused(bed.begin_daemon(awaited=False))
    assert f"{bed.config}: " in sentence
    assert "Permission denied" in sentence


def another_bed_in(bed: RealBed, **changed: str) -> Path:
    """The configuration of a second daemon, with a state and socket of its own but for what is `changed`."""
    values = {"state_dir": str(bed.folder / "state-2"), "socket": str(bed.folder / "2.sock"), **changed}
    lines = []
    for line in bed.write_config().read_text(encoding="utf-8").splitlines():
        name = line.partition(" = ")[0]
        lines.append(f'{name} = "{values[name]}"' if name in values else line)
    text = "\n".join(lines)
    if "port" in changed:  # the first bus alone, which is now at that port
        text = text.rpartition("[[bus]]")[0] if text.count("[[bus]]") > 1 else text
    path = bed.folder / "second.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_plain_user_is_really_a_plain_one(bed: RealBed) -> None:
    """All of the above rests on it."""
    if AS_ROOT:
        assert shutil.which("setpriv"), "apt-get install util-linux"
    probe = bed.begin("probe", "-c", "import os; print(os.geteuid(), os.getgroups(), open('/proc/self/status').read())")
    assert probe.wait() == 0
    user = NOBODY if AS_ROOT else os.geteuid()
    assert probe.said().startswith(f"{user} ")
    assert "CapEff:\t0000000000000000" in probe.said()
