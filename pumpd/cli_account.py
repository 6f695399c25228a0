"""`pumpd account`: who may sign in at this bed, from a terminal.

The PIN is typed twice, unseen; from a script it is the first line of the input. Whoever may write the file may change
it: its mode is the lock, and there is no other.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from getpass import getpass
from pathlib import Path
from typing import Final

from pumpd import account_file
from pumpd.core.people import Role
from pumpd.errors import ConfigError

DEFAULT_FILE: Final = Path("/etc/pumpd/accounts.toml")
DONE: Final = 0


def main(argv: Sequence[str]) -> int:
    """Raises ConfigError with one clear line, told by the caller."""
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], str] = arguments.run
    print(run(arguments))
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pumpd account",
        description="Who may sign in. STOP needs nobody.",
        epilog="A running daemon takes a change up within seconds; nobody has to restart it.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, run, told in (
        ("add", _add, "a new person; asks for the PIN"),
        ("disable", _disable, "somebody who may no longer sign in; the record keeps the name"),
        ("enable", _enable, "somebody who may sign in again"),
        ("pin", _pin, "a new PIN for somebody"),
        ("list", _list, "everybody with role, those who may sign in first"),
    ):
        command = commands.add_parser(name, help=told, description=told[0].upper() + told[1:] + ".")
        command.set_defaults(run=run)
        if name != "list":
            command.add_argument("id", metavar="ID", help="what is chosen at sign-in, such as anna")
        if name == "add":
            command.add_argument("--name", required=True, help="as it stands in the record, such as 'Anna Berg'")
            command.add_argument("--role", required=True, choices=[each.value for each in Role])
        command.add_argument("--file", type=Path, default=DEFAULT_FILE, metavar="FILE", help=f"default: {DEFAULT_FILE}")
    return parser


def _add(arguments: argparse.Namespace) -> str:
    role = Role(arguments.role)
    account_file.add(arguments.file, person_id=arguments.id, name=arguments.name, role=role, pin=_typed_twice())
    return f"{arguments.id} ({arguments.name}, {role.value}) may sign in."


def _disable(arguments: argparse.Namespace) -> str:
    account_file.disable(arguments.file, arguments.id)
    people = account_file.people(arguments.file)
    role = next(each.role for each in people if each.id == arguments.id)
    others = any(each.role is role and not each.disabled for each in people)
    last = "" if others else f"\nThat was the last {role.value} of this file who may sign in."
    return f"{arguments.id} may no longer sign in. Sessions of this person end within seconds.{last}"


def _enable(arguments: argparse.Namespace) -> str:
    account_file.disable(arguments.file, arguments.id, disabled=False)
    return f"{arguments.id} may sign in again."


def _pin(arguments: argparse.Namespace) -> str:
    account_file.set_pin(arguments.file, arguments.id, _typed_twice())
    disabled = any(each.id == arguments.id and each.disabled for each in account_file.people(arguments.file))
    still = f", and still may not sign in: pumpd account enable {arguments.id}" if disabled else "."
    return f"{arguments.id} has a new PIN{still}"


def _list(arguments: argparse.Namespace) -> str:
    """Whoever may sign in stands first; in each part the order of the file."""
    people = account_file.people(arguments.file)
    width = max(len(each.id) for each in people), max(len(each.name) for each in people)

    def lines(*, disabled: bool) -> list[str]:
        found = (each for each in people if each.disabled is disabled)
        return [f"  {each.id:<{width[0]}}  {each.name:<{width[1]}}  {each.role.value}" for each in found]

    gone = lines(disabled=True)
    return "\n".join(
        ["May sign in:", *(lines(disabled=False) or ["  nobody"]), *(["Disabled:", *gone] if gone else [])]
    )


def _typed_twice() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    pin = getpass("PIN: ")
    if getpass("PIN again: ") != pin:
        raise ConfigError("the two PINs differ: nothing was changed")
    return pin
