"""The trainer's panel of a demo: what goes wrong with the pump, and what the patient shows, at the push of a button.

It is a program and a page of its own, away from the bedside page, and knows one thing: the HTTP control of a simulated
pump. It has no way to the daemon and none to a pump, so it can stop nothing, start nothing and silence nothing; STOP is
where it always is. Before it serves it compares the port that the bed's configuration names with the one at which the
simulator says that it is: a bed with a real pump gets no such panel.

    python -m pumpd.demo_trainer --config pumpd.toml --control http://127.0.0.1:4002 --port 8090

The patient's monitor is a second page, /patient, for whoever plays the nurse: it shows one of the trainer's cards
(demo_patient.py) and nothing of what is about to happen.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from pumpd.clock import SystemClock
from pumpd.config import SOCKET_SCHEME, Config
from pumpd.console.guard import Guard
from pumpd.demo_parts import HERE
from pumpd.demo_patient import PATIENTS, Card
from pumpd.errors import DemoError, PumpdError

PAGES: Final = Path(__file__).with_name("demo_pages")
ASK_WITHIN_S: Final = 5.0
TO_MEND: Final = 2
SEE_OTHER: Final = 303
AS_LONG_AS_IT_TAKES_S: Final = 1_000_000  # until the trainer ends it


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishap:
    """Something at the pump that begins and ends; each is a fault by the simulator's own names."""

    title: str
    what: str
    begins: Mapping[str, object]
    ends: Mapping[str, object]
    begin: str
    end: str


MISHAPS: Final[Mapping[str, Mishap]] = {
    "occlusion": Mishap(
        title="Occlusion",
        what="The line is closed. The pump notices once its motor can push no further: some minutes, by the rate.",
        begins={"fault": "occlusion"},
        ends={"fault": "release_occlusion"},
        begin="Close the line",
        end="Open the line",
    ),
    "power": Mishap(
        title="Power cut",
        what="The pump is dark and stands still. It comes back with its alarm, and never goes on by itself.",
        begins={"fault": "battery_cut"},
        ends={"fault": "reboot", "for_s": 1},
        begin="Cut the power",
        end="Power back",
    ),
    "cable": Mishap(
        title="Cable",
        what="Nothing passes on the wire. The pump stops by itself when its lease is over.",
        begins={"fault": "mute", "for_s": AS_LONG_AS_IT_TAKES_S},
        ends={"fault": "mute", "for_s": 0},
        begin="Pull the cable",
        end="Plug it in",
    ),
}


class Simulator:
    """The control of one simulated pump."""

    def __init__(self, control: str) -> None:
        self.control = control.rstrip("/")

    def ask(self, what: str, told: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401  # JSON
        """Raises DemoError with what to do."""
        body = None if told is None else json.dumps(told).encode()
        request = urllib.request.Request(f"{self.control}/{what}", body, {"Content-Type": "application/json"})  # noqa: S310  # checked in main
        try:
            with urllib.request.urlopen(request, timeout=ASK_WITHIN_S) as answer:  # noqa: S310  # as above
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise DemoError(f"the simulated pump cannot have it: {error.read().decode(errors='replace')}") from error
        except (OSError, ValueError) as error:
            raise DemoError(f"the simulated pump at {self.control} does not answer: start the demo again") from error


def must_be_simulated(config: Config, simulator: Simulator) -> None:
    """Raises DemoError unless every port of this bed leads to this simulator."""
    said = simulator.ask("state")
    for bus in config.buses:
        if bus.port.startswith(SOCKET_SCHEME):
            is_its = urlsplit(bus.port).netloc == said.get("tcp")
        else:
            is_its = said.get("pty") is not None and Path(bus.port).resolve() == Path(said["pty"]).resolve()
        if not is_its:
            raise DemoError(
                f"bus {bus.name} of this bed is at {bus.port}, and that is not the simulated pump of "
                f"{simulator.control}: the trainer's panel is for simulated pumps alone, and serves no other bed"
            )


def clock_time() -> str:
    """On the wall."""
    return f"{datetime.fromtimestamp(SystemClock().wall_ms() / 1_000).astimezone():%H:%M:%S}"


class Panel:
    """What the two pages show: which card is out, since when, and what the last button did."""

    def __init__(self, simulator: Simulator, bed: str, page: str) -> None:
        self._simulator, self._bed, self._page = simulator, bed, page
        self._card, self._since = Card.WELL, clock_time()
        self._said = ""
        loader = FileSystemLoader(PAGES)
        pages = Environment(loader=loader, autoescape=select_autoescape(["j2"]), undefined=StrictUndefined)
        self._trainer, self._monitor = pages.get_template("trainer.html.j2"), pages.get_template("patient.html.j2")

    def trainer(self, _request: Request) -> Response:
        try:
            truth, said = self._simulator.ask("truth"), self._said
        except DemoError as error:
            truth, said = None, str(error)
        told = {"mishaps": MISHAPS, "patients": {card.value: each for card, each in PATIENTS.items()}}
        shown = {"card": self._card.value, "truth": truth, "said": said, "bed": self._bed, "page": self._page}
        return HTMLResponse(self._trainer.render(**told, **shown))

    def monitor(self, _request: Request) -> Response:
        return HTMLResponse(self._monitor.render(patient=PATIENTS[self._card], since=self._since, bed=self._bed))

    def mishap(self, request: Request) -> Response:
        """POST /mishaps/occlusion/begin, or .../end."""
        mishap = MISHAPS.get(request.path_params["name"])
        begins = request.path_params["what"] == "begin"
        if mishap is None or request.path_params["what"] not in ("begin", "end"):
            return HTMLResponse("There is no such button.", status_code=404)
        try:
            self._simulator.ask("faults", mishap.begins if begins else mishap.ends)
            self._said = f"{clock_time()} {mishap.title}: {mishap.begin if begins else mishap.end}"
        except DemoError as error:
            self._said = str(error)
        return RedirectResponse("/", status_code=SEE_OTHER)

    def show(self, request: Request) -> Response:
        """POST /patient/surge."""
        try:
            self._card = Card(request.path_params["card"])
        except ValueError:
            return HTMLResponse("There is no such card.", status_code=404)
        self._since = clock_time()
        self._said = f"{clock_time()} The monitor shows: {PATIENTS[self._card].title}"
        return RedirectResponse("/", status_code=SEE_OTHER)


def application(panel: Panel) -> Starlette:
    def style(_request: Request) -> Response:
        return FileResponse(PAGES / "trainer.css", media_type="text/css")

    def script(_request: Request) -> Response:
        return FileResponse(PAGES / "trainer.js", media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/", panel.trainer),
            Route("/patient", panel.monitor),
            Route("/trainer.css", style),
            Route("/trainer.js", script),
            Route("/mishaps/{name}/{what}", panel.mishap, methods=["POST"]),
            Route("/patient/{card}", panel.show, methods=["POST"]),
        ],
        middleware=[Middleware(Guard, names=frozenset())],
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pumpd.demo_trainer", description="A trainer's panel of a demo.")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the bed's")
    parser.add_argument("--control", required=True, metavar="URL", help="of the simulated pump, on this machine")
    parser.add_argument("--port", type=int, required=True, metavar="N", help="of the panel, on this machine")
    asked = parser.parse_args(argv)
    try:
        if urlsplit(asked.control).scheme != "http" or urlsplit(asked.control).hostname != HERE:
            raise DemoError(f"{asked.control}: a simulated pump's control is at http://{HERE}")
        config, simulator = Config.load(asked.config), Simulator(asked.control)
        must_be_simulated(config, simulator)
    except PumpdError as error:
        sys.stderr.write(f"trainer: {error}\n")
        return TO_MEND
    panel = Panel(simulator, config.bed, f"http://{HERE}:{config.console.port}/")
    uvicorn.run(
        application(panel), host=HERE, port=asked.port, log_level="warning", access_log=False, lifespan="off",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
