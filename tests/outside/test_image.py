"""The Dockerfile, instruction by instruction, where no container engine runs.

Its files are copied into an empty folder, its RUN and HEALTHCHECK lines are given to a shell in a plain environment,
and what ENTRYPOINT and CMD start is talked to. What only an engine could show (the base image, the user, the published
port, how often health is asked) is not claimed. The package index is out of reach: what pip would fetch lies there.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pumpd_sim.new_era_wire import Framing, packed

from pumpd.testing.plain_environment import PlainEnvironment
from pumpd.testing.processes import until

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
FETCHED = (
    "hatchling", "pathspec", "pluggy", "packaging", "trove-classifiers", "editables",  # to build
    "pyserial", "structlog", "starlette", "anyio", "idna", "typing-extensions", "uvicorn", "click", "h11",  # to run
)  # fmt: skip
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_DEPS": "1"}


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "simulator/Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(word, rest) for line in lines if line for word, _, rest in [line.partition(" ")]]


def told(instruction: str) -> str:
    (found,) = [rest for word, rest in instructions() if word == instruction]
    return found


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> PlainEnvironment:
    """COPY and RUN, in an environment that has what the index would give."""
    context = tmp_path_factory.mktemp("image")
    environment = PlainEnvironment.made(tmp_path_factory.mktemp("system"), pip=True)
    environment.copy(*FETCHED)
    for word, rest in instructions():
        if word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                if (ROOT / source).is_dir():
                    ignored = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(ROOT / source, context / target, dirs_exist_ok=True, ignore=ignored)
                else:
                    shutil.copyfile(ROOT / source, context / target / source)
        elif word == "RUN":
            done = shell(environment, rest, context)
            assert done.returncode == 0, done.stdout + done.stderr
    return environment


def shell(environment: PlainEnvironment, line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    path = f"{environment.folder / 'bin'}:/usr/bin:/bin"
    return subprocess.run(
        ["sh", "-c", line],
        cwd=cwd,
        env=OFFLINE | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return int(holder.getsockname()[1])


@pytest.fixture
def container(image: PlainEnvironment, tmp_path: Path) -> Iterator[tuple[dict[str, Any], str, subprocess.Popen[str]]]:
    """ENTRYPOINT and CMD, on ports that are free here; its ready line, and HEALTHCHECK for these ports."""
    ports = {"4001": str(free_port()), "4002": str(free_port())}

    def here(text: str) -> str:
        return re.sub("400[12]", lambda found: ports[found[0]], text)

    words = [*json.loads(told("ENTRYPOINT")), *json.loads(told("CMD"))]
    command = [str(image.folder / "bin" / words[0]), *map(here, words[1:])]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as running:
        assert running.stdout is not None
        ready = json.loads(running.stdout.readline())
        yield ready, here(told("HEALTHCHECK").partition(" CMD ")[2]), running
        running.kill()


def test_it_serves_a_pump_and_is_healthy_until_it_ends(
    image: PlainEnvironment, container: tuple[dict[str, Any], str, subprocess.Popen[str]], tmp_path: Path
) -> None:
    ready, check, running = container
    assert ready["tcp_host"] == "0.0.0.0"  # noqa: S104 - a container's own network
    until(lambda: shell(image, check, tmp_path).returncode == 0, "a healthy container")
    with socket.create_connection(("127.0.0.1", ready["tcp_port"])) as line:
        line.sendall(packed(Framing.SAFE, ""))
        assert line.recv(100)[:1] == b"\x02"
    running.terminate()
    assert running.wait(20) == 0
    assert shell(image, check, tmp_path).returncode != 0


def test_every_instruction_is_known_here_and_the_published_port_is_the_served_one() -> None:
    played = {"COPY", "RUN", "ENTRYPOINT", "CMD", "HEALTHCHECK"}
    assert {word for word, _ in instructions()} - played == {"FROM", "WORKDIR", "USER", "EXPOSE"}
    assert f"0.0.0.0:{told('EXPOSE')}" in shlex.split(told("CMD").strip("[]").replace(",", " "))
    assert "--control" in json.loads(told("ENTRYPOINT"))
