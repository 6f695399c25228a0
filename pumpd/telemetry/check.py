"""`pumpd mqtt check`: listens to a broker for a while and says whether what is published keeps its promises.

For dashboard builders in doubt about their broker, for operators after an upgrade, and for tests as an oracle. The
judgement is checker.py's; here is only the listening. Exit 0 when all is well, 1 when something is wrong (or nothing at
all was heard), 2 when the broker could not be reached.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiomqtt
from pydantic import ValidationError

from pumpd.clock import Clock, SystemClock
from pumpd.config import Mqtt
from pumpd.telemetry import connection
from pumpd.telemetry.checker import Checker, Fault, Finding
from pumpd.telemetry.topics import ROOT

SECONDS: Final = 15.0  # longer than a heartbeat: each state comes at least once
AGAIN_S: Final = 0.5
INCOMING_MAX: Final = 100_000  # what a whole hospital retains arrives at once
LINES_MAX: Final = 40  # of one report; the rest is counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long to listen (default: %(default)g)")
    parser.add_argument("--prefix", default=ROOT, help="a bed or a ward: pumpd/1/SITE/WARD (default: %(default)s)")
    parser.add_argument("--username")
    parser.add_argument("--password-file", type=Path, help="the first line of this file")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--ca-file", type=Path, help="the broker's authority (default: the system's)")


def run(arguments: argparse.Namespace) -> int:
    """Prints the report. Returns the exit code."""
    try:
        mqtt = Mqtt(
            host=arguments.host,
            port=arguments.port,
            username=arguments.username,
            password_file=arguments.password_file,
            tls=arguments.tls,
            ca_file=arguments.ca_file,
        )
    except ValidationError as error:
        sys.stderr.write("".join(f"{each['msg']}\n" for each in error.errors()))
        return 2
    clock = SystemClock()
    checker = Checker()
    try:
        asyncio.run(listen(mqtt, checker, clock, prefix=arguments.prefix, seconds=arguments.seconds))
    except KeyboardInterrupt:
        pass
    except (aiomqtt.MqttError, OSError) as error:
        sys.stderr.write(f"{mqtt.host}:{mqtt.port}: {error}: is a broker running there?\n")
        return 2
    sys.stdout.write(report(checker, clock.wall_ms()))
    return 0 if is_well(checker, clock.wall_ms()) else 1


async def listen(mqtt: Mqtt, checker: Checker, clock: Clock, *, prefix: str = ROOT, seconds: float) -> None:
    """Feed the checker. A connection lost meanwhile is made again; raises when the first one cannot be made."""
    subscribed = asyncio.Event()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await follow(mqtt, checker, clock, prefix=prefix, subscribed=subscribed)
                except (aiomqtt.MqttError, OSError):
                    if not subscribed.is_set():
                        raise
                await asyncio.sleep(AGAIN_S)


async def follow(mqtt: Mqtt, checker: Checker, clock: Clock, *, prefix: str, subscribed: asyncio.Event) -> None:
    """One connection, until it is lost (MqttError) or the task is cancelled; `subscribed` once messages come."""
    context = connection.tls_context(mqtt)
    await connection.reach(mqtt.host, mqtt.port, context)
    identifier = f"pumpd-check-{clock.new_id()}"
    client = connection.client(mqtt, identifier=identifier, will=None, context=context, incoming_max=INCOMING_MAX)
    async with connection.connected(client):
        await connection.subscribe(client, [f"{prefix.rstrip('/#')}/#"])
        subscribed.set()
        async for message in client.messages:
            payload = message.payload
            assert isinstance(payload, bytes), type(payload)  # so it is for whatever comes from a broker
            checker.take(message.topic.value, payload, retained=message.retain, at_ms=clock.wall_ms())


def is_well(checker: Checker, at_ms: int) -> bool:
    """Something was heard, and nothing is wrong."""
    return bool(checker.beds) and not checker.faults(at_ms)


def report(checker: Checker, at_ms: int) -> str:
    """For people: what was heard, what is wrong, what to do."""
    heard = ", ".join(f"{kind.value} {count}" for kind, count in checker.messages.items() if count)
    lines = [f"{len(checker.beds)} beds, {sum(checker.messages.values())} messages: {heard or 'none'}"]
    if not checker.beds:
        lines.append("Nothing was heard: is the prefix right, and may this user read it?")
    findings = (*checker.findings, *checker.standing(at_ms))
    lines += [_line(finding) for finding in findings[:LINES_MAX]]
    if len(findings) + checker.unlisted > LINES_MAX:
        lines.append(f"... and {len(findings) + checker.unlisted - LINES_MAX} more")
    for fault, count in sorted(Counter(finding.fault for finding in findings).items(), key=lambda each: each[0].value):
        lines.append(f"{fault.value}: {count}. {_ADVICE[fault]}")
    lines.append("well: schema, numbers and retained values are as promised" if is_well(checker, at_ms) else "NOT WELL")
    return "\n".join(lines) + "\n"


def _line(finding: Finding) -> str:
    word = "note" if finding.fault.is_note else "WRONG"
    return f"{word} {finding.fault.value}: {finding.topic}: {finding.text}"


_ADVICE: Final[dict[Fault, str]] = {
    Fault.TOPIC: "Somebody else publishes below this prefix.",
    Fault.SCHEMA: "Compare with docs/telemetry; another version, or another publisher?",
    Fault.RETAIN: "Somebody else published there, or a bridge sets the retain flag.",
    Fault.GAP: "Messages were lost: look at `dropped` in status, and at the broker's queue limits.",
    Fault.LATE: "Something between daemon and here changes the order.",
    Fault.RENUMBERED: "Two daemons may be configured for one bed.",
    Fault.BACKWARDS: "A volume that went in cannot come out: report this with the journal.",
    Fault.NO_STATUS: "No daemon of this bed ever reached this broker, or its retained values were cleared.",
    Fault.STALE: "Left by an earlier run; a daemon that may read its own topics clears them when it connects.",
    Fault.SILENT: "The daemon is up by its status, but does not speak.",
    Fault.ALARM_COUNT: "state and alarm topics disagree: report this.",
    Fault.UNKNOWN_KEY: "A newer pumpd publishes there; this check knows less.",
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="pumpd mqtt check", description=__doc__.partition("\n")[0])
    add_arguments(parser)
    return run(parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
