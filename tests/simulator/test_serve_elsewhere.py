"""`pumpd-sim serve --tcp` where there are no pseudo-terminals, as on Windows.

Such a system is played here: the modules and calls that it lacks are taken away before the command starts. What only a
real one could show (its own sockets and signals) is not claimed.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest
from pumpd_sim import parent
from pumpd_sim.new_era_wire import Framing, packed

ELSEWHERE = """
import os, sys
for name in ("tty", "pty", "termios"):
    sys.modules[name] = None
del os.openpty, os.ttyname
import asyncio
def nowhere(*_):
    raise NotImplementedError
asyncio.SelectorEventLoop.add_signal_handler = nowhere
from pumpd_sim.cli import main
sys.exit(main(["serve", "--device", "new_era", *sys.argv[1:]]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_tcp_alone_needs_no_pseudo_terminal_and_ends_quietly(number: int) -> None:
    command = [sys.executable, "-c", ELSEWHERE, "--tcp", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert "pty" not in ready
        with socket.create_connection((ready["tcp_host"], ready["tcp_port"])) as line:
            line.sendall(b"\r")
            heard = b""
            while not heard.endswith(b"\x03"):
                heard += line.recv(100)
        assert heard == packed(Framing.BASIC, "00A?R")
        process.send_signal(number)
        assert (process.wait(20), *process.communicate()) == (0, "", "")


def test_a_pseudo_terminal_where_there_are_none_is_one_sentence_that_says_what_to_do() -> None:
    done = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "pumpd-sim: cannot serve: this system has no pseudo-terminals; serve on TCP alone: --tcp 127.0.0.1:0\n"
    )


@pytest.mark.parametrize("platform", ["darwin", "win32", "freebsd14"])
def test_exit_with_parent_is_refused_where_no_kernel_promises_it(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(ValueError, match=f"only Linux can promise it, this is {platform}; leave it out"):
        parent.end_with(1)


def test_the_refusal_reaches_the_command_line() -> None:
    code = "import sys; sys.platform = 'darwin'; from pumpd_sim.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["serve", "--device", "new_era", "--exit-with-parent"]
    done = subprocess.run(
        [sys.executable, "-c", "import asyncio;" + code, *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pumpd-sim: --exit-with-parent: only Linux can promise it, this is darwin")
