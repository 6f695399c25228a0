"""The `pumpd` command: everything an operator or a nurse at a terminal does, one word each.

Imports stand inside the commands, so that `pumpd stop` loads next to nothing: it goes through api_socket.py with the
standard library alone, needs no login, and then waits until the pump's own report says that it stands still.
It exits 0 only then. A stop that was merely sent is not a stop.

Exit status: 0 done, 1 refused or not confirmed, 2 something to mend first (a wrong line, a file, no daemon).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from pumpd import api_socket
from pumpd.errors import ApiError, PumpdError

if TYPE_CHECKING:
    from pumpd.api_models import AnswerView, BedView

DONE: Final = 0
REFUSED: Final = 1
TO_MEND: Final = 2
STILL_LOOKS: Final = 50  # looks at the pump after a stop: ten seconds, three of which its lease covers
LOOK_EVERY_S: Final = 0.2
AT_REST: Final = ("idle", "stopped", "ended")
COLUMNS: Final = 80
BY_HAND: Final = "Press STOP on the pump itself, or clamp the line."
DEFAULT_CONFIG: Final = Path("/etc/pumpd/pumpd.toml")


def main(argv: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if argv is None else argv)
    other = _OTHERS.get(tuple(given[:2])) or _OTHERS.get(tuple(given[:1]))
    try:
        if other is not None:
            words, program = other
            return program(given[words:])
        args = _parser().parse_args(given)
        run: Callable[[argparse.Namespace], int] = args.run
        return run(args)
    except PumpdError as error:
        print(f"pumpd: {error}", file=sys.stderr)
        return TO_MEND
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "pumpd":
            raise
        print(
            f"pumpd: this command needs more than was installed (no module {error.name}): "
            "pip install 'pumpd[daemon,console]', or ./run in a checkout",
            file=sys.stderr,
        )
        return TO_MEND
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pumpd",
        description="Bedside control of infusion pumps. Research software, not a medical device.",
        epilog="`pumpd stop` stops every pump of the bed; it needs no login.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], told: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=told, description=told[0].upper() + told[1:] + ".")
        added.set_defaults(run=run)
        return added

    run = command("run", _run, "be the daemon of one bed, until SIGTERM")
    run.add_argument("--config", type=Path, default=DEFAULT_CONFIG, metavar="FILE")
    stop = command("stop", _stop, "stop one pump, or all, and wait until it stands still")
    stop.add_argument("slot", nargs="?", metavar="SLOT", help="p1 to p4; without it, every pump")
    status = command("status", _status, "show the bed")
    status.add_argument("--json", action="store_true", help="as one JSON object a line")
    status.add_argument("--watch", action="store_true", help="again at every change, until Ctrl-C")
    pause = command("pause", _pause, "stop one pump for a while, with a reason")
    pause.add_argument("slot", metavar="SLOT")
    reasons = ("toilet", "blood_pressure", "resiting", "transport", "other")
    pause.add_argument("--reason", choices=reasons, default="other")
    resume = command("resume", _resume, "go on with a stopped infusion; asks for your PIN")
    resume.add_argument("slot", metavar="SLOT")
    resume.add_argument("--person", required=True, metavar="ID", help="who you are, such as anna")
    resume.add_argument(
        "--keep",
        choices=("end_time", "volume"),
        default="end_time",
        help="the planned end (gives less; the default) or the volume (ends later)",
    )
    for each in (stop, status, pause, resume):
        each.add_argument(
            "--socket", metavar="PATH", help=f"default: {api_socket.SOCKET_VARIABLE} or the daemon's usual place"
        )
    journal = commands.add_parser("journal", help="verify FILE: does the record's chain of hashes hold?")
    verify = journal.add_subparsers(metavar="COMMAND", required=True).add_parser("verify")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.set_defaults(run=_verify)
    library = commands.add_parser("library", help="check FILE: does this drug library catch what it has to?")
    tested = library.add_subparsers(metavar="COMMAND", required=True).add_parser("check")
    tested.add_argument("file", type=Path, metavar="FILE")
    tested.add_argument("--regimens", type=Path, metavar="FILE", help="default: regimens.toml beside it")
    tested.set_defaults(run=_check_library)
    check = command("check-config", _check_config, "judge a configuration and every file that it names")
    check.add_argument("file", type=Path, metavar="FILE")
    for name, told in (
        ("account", "add, disable, enable, pin, list: who may sign in (its own --help)"),
        ("console", "serve the bedside page (its own --help)"),
        ("ports", "list serial ports, who holds each, which pumps answer (its own --help)"),
        ("report", "the record of an infusion: text, PDF, JSON, FHIR, CSV (its own --help)"),
        ("record", "write down every byte between a program and a pump (its own --help)"),
        ("mqtt", "check: judge what the broker carries (its own --help)"),
        ("demo", "everything at once, with a simulated pump (its own --help)"),
    ):
        commands.add_parser(name, help=told, add_help=False).set_defaults(run=_no_such)
    return parser


def _no_such(_: argparse.Namespace) -> int:
    print("pumpd: did you mean: pumpd mqtt check", file=sys.stderr)  # the only one that takes a second word
    return TO_MEND


# --- other programs, with arguments of their own --------------------------------------------------------


def _console(rest: Sequence[str]) -> int:
    from pumpd.console.app import main as program

    return program(rest)


def _account(rest: Sequence[str]) -> int:
    from pumpd.cli_account import main as program

    return program(rest)


def _ports(rest: Sequence[str]) -> int:
    from pumpd.cli_ports import main as program

    return program(rest)


def _record(rest: Sequence[str]) -> int:
    from pumpd.cli_record import main as program

    return program(rest)


def _report(rest: Sequence[str]) -> int:
    from pumpd.cli_report import main as program

    return program(rest)


def _demo(rest: Sequence[str]) -> int:
    from pumpd.demo import main as program

    return program(rest)


def _mqtt_check(rest: Sequence[str]) -> int:
    from pumpd.telemetry.check import main as program

    return program(rest)


# words on the line -> how many of them, and whose arguments follow
_OTHERS: Final[dict[tuple[str, ...], tuple[int, Callable[[Sequence[str]], int]]]] = {
    ("account",): (1, _account),
    ("console",): (1, _console),
    ("demo",): (1, _demo),
    ("ports",): (1, _ports),
    ("record",): (1, _record),
    ("report",): (1, _report),
    ("mqtt", "check"): (2, _mqtt_check),
}


# --- stop: the standard library, and nothing else -------------------------------------------------------


def _stop(args: argparse.Namespace) -> int:
    path = api_socket.socket_path(args.socket)
    try:
        api_socket.call(path, "POST", "/v1/stop" if args.slot is None else f"/v1/pumps/{args.slot}/stop")
        print("STOP is with the bed.", flush=True)
        return _wait_until_still(path, args.slot)
    except ApiError as error:
        print(f"pumpd: STOP DID NOT GET THROUGH: {error}\n{BY_HAND}", file=sys.stderr)
        return REFUSED


def _wait_until_still(path: Path, slot: str | None) -> int:
    """Look until every pump that was meant reports no drive; say of each what became of it."""
    pause, told = Event(), set[str]()
    pumps: list[Any] = []
    for _ in range(STILL_LOOKS):
        bed: dict[str, Any] = api_socket.call(path, "GET", "/v1/bed")
        pumps = [each for each in bed["pumps"] if slot in (None, each["slot"])]
        for pump in pumps:
            if _is_still(pump) and pump["slot"] not in told:
                told.add(pump["slot"])
                print(f"{pump['slot']}: stands still.{_given(pump)}", flush=True)
        if len(told) == len(pumps):
            return DONE
        pause.wait(LOOK_EVERY_S)
    for pump in pumps:
        if pump["slot"] not in told:
            print(f"{pump['slot']}: NOT CONFIRMED ({pump['link_text']}). {BY_HAND}", file=sys.stderr)
    return REFUSED


def _is_still(pump: dict[str, Any]) -> bool:
    """By the pump's own report: the bed closes its stop command on nothing less."""
    return not pump["command_pending"] and (pump["phase"] in AT_REST or pump["drive"] == "still")


def _given(pump: dict[str, Any]) -> str:
    delivered, infusion = pump["delivered"], pump["infusion"]
    if delivered is None or infusion is None:
        return ""
    return f" Given: {delivered['text']} of {infusion['total']['text']}."


# --- the daemon, its files ------------------------------------------------------------------------------


def _run(args: argparse.Namespace) -> int:
    from pumpd import daemon

    return daemon.main(args.config)


def _check_library(args: argparse.Namespace) -> int:
    from pumpd import cli_library

    lines, holds = cli_library.tested(args.file, args.regimens)
    print("\n".join(lines))
    return DONE if holds else REFUSED


def _check_config(args: argparse.Namespace) -> int:
    from pumpd.cli_check import checked

    lines, good = checked(args.file)
    print("\n".join(lines))
    return DONE if good else TO_MEND


def _verify(args: argparse.Namespace) -> int:
    from pumpd import journal

    result = journal.verify(args.file)
    for fault in result.faults:
        print(f"{args.file}: {fault}", file=sys.stderr)
    if result.lost:
        print(f"{args.file}: {result.lost} facts found no room and are lost; the chain says so", file=sys.stderr)
    print(f"{args.file}: {result.rows} rows, head {result.head.seq} {result.head.hash}")
    print("The chain holds." if result.holds else "THE CHAIN IS BROKEN.")
    return DONE if result.holds else REFUSED


# --- the bed --------------------------------------------------------------------------------------------


def _status(args: argparse.Namespace) -> int:
    from pumpd.api_client import Client

    if args.watch:
        import asyncio

        return asyncio.run(_follow(args))
    _show(Client(args.socket).bed(), as_json=args.json)
    return DONE


async def _follow(args: argparse.Namespace) -> int:
    from pumpd.api_client import AsyncClient

    async with AsyncClient(args.socket) as client:
        async for view in client.events():
            if sys.stdout.isatty() and not args.json:
                print("\x1b[H\x1b[2J", end="")
            _show(view, as_json=args.json)
    print("pumpd: the daemon said good-bye", file=sys.stderr)
    return REFUSED


def _show(view: BedView, *, as_json: bool) -> None:
    from pumpd.cli_status import lines

    print(view.model_dump_json() if as_json else "\n".join(lines(view)), flush=True)


def _pause(args: argparse.Namespace) -> int:
    from pumpd import api_client
    from pumpd.api_models import PauseReason

    call = api_client.pause(args.slot, PauseReason(args.reason))
    return _told(api_client.Client(args.socket).send(call), "Pausing.")


def _resume(args: argparse.Namespace) -> int:
    from pumpd import api_client
    from pumpd.api_models import Keep
    from pumpd.clock import SystemClock

    client = api_client.Client(args.socket, sent_at_ns=SystemClock().now_ns)
    client.sign_in(args.person, _pin())
    return _told(client.send(api_client.resume(args.slot, Keep(args.keep))), "Resuming.")


def _pin() -> str:
    """Typed unseen at a terminal; from a script, the first line of its input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    from getpass import getpass

    return getpass("PIN: ")


def _told(answer: AnswerView, done: str) -> int:
    from textwrap import fill

    said = f"{done} {answer.text}" if answer.accepted else f"Refused. {answer.text}"
    print(fill(said.rstrip(), COLUMNS))
    return DONE if answer.accepted else REFUSED


if __name__ == "__main__":
    sys.exit(main())
