"""The composition root: the only place where everything meets.

Reads like the order of a morning: configuration, rules, drivers, journal, the bed's state from the journal, then the
buses, and last the doors to the outside. READY is told to systemd once the bed's loop runs and the socket answers.

SIGTERM is a hand-over, not a stop (wall 12): the pumps go on under their leases, the next daemon folds the journal,
asks them who they are and what they do, and takes over or stops. So nothing here sends a stop on the way out, and
the way out takes less than 2 s. Only a failure of a vital part stops every pump first.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from pumpd.accounts import Accounts, keep_taking_up
from pumpd.api import create_app, serve
from pumpd.api_desk import Desk
from pumpd.api_views import Place
from pumpd.bed_drivers import drivers_of
from pumpd.bedside import Bedside
from pumpd.bus import Bus, Station
from pumpd.bus_turns import worst_cycle_ms
from pumpd.clock import Clock, SystemClock
from pumpd.config import SOCKET_SCHEME, Config
from pumpd.config import Bus as BusTable
from pumpd.core import alarm_check
from pumpd.core.codes import PauseReason
from pumpd.core.effects import PumpEffect
from pumpd.core.look import MOVING
from pumpd.core.pump import DriverInfo
from pumpd.core.regimen import Rules
from pumpd.core.standing import RulesFile
from pumpd.core.tolerance import STANDARD, TIGHT
from pumpd.core.turn import Setup
from pumpd.course_file import load_key
from pumpd.drafts import Drafts
from pumpd.driver_api import Driver
from pumpd.errors import ConfigError, LinkError, PortForbidden, PortHeld, PumpdError
from pumpd.file_check import COMPARED_WITHIN_S, FileCheck, keep_comparing
from pumpd.health import Health, Notify
from pumpd.identities import Identities
from pumpd.journal import Journal
from pumpd.link import Link, open_link, open_simulated
from pumpd.rules_files import read_rules
from pumpd.samples import Samples
from pumpd.supervision import keep_running, stop_every_pump
from pumpd.telemetry.publisher import Publisher

BED_WITHIN_S: Final = 2.0  # the bed's loop turns ten times a second
BUS_WITHIN_S: Final = 3.0  # a bus proves life every second, and an exchange ends within its reply limit
PART_WITHIN_S: Final = 10.0
API_WITHIN_S: Final = 5.0  # a socket that does not answer by then is worth a line in the log

EXIT_CONFIG: Final = 2  # the operator has to change something
EXIT_VITAL: Final = 70  # our own fault: systemd starts us again

Opened = Awaitable[Link]
Opener = Callable[[str, int, str], Opened]

log = structlog.get_logger(__name__)


def main(config_path: Path) -> int:
    """Run until a signal or a failure; returns the exit status."""
    if not __debug__:
        sys.stderr.write(
            "pumpd: assertions are switched off (python -O, or PYTHONOPTIMIZE in the environment): they are what stops "
            "every pump when a promise is broken; start pumpd without that\n"
        )
        return EXIT_CONFIG
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    try:
        files = FileCheck()
        config = Config.load(files.about_to_read(RulesFile.CONFIGURATION, config_path))
        opener = open_simulated if config.training else open_link
        return asyncio.run(live(config, files, SystemClock(), opener=opener))
    except PumpdError as error:
        sys.stderr.write(f"pumpd: {error}\n")
        return EXIT_CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Everything that one run of the daemon is made of."""

    config: Config
    files: FileCheck
    bedside: Bedside
    buses: tuple[Bus, ...]
    journal: Journal
    samples: Samples
    accounts: Accounts
    health: Health


def rules_of(config: Config, files: FileCheck) -> Rules:
    """The library and catalogue; a training bed offers training regimens and nothing else.

    What cannot be used is said and withheld: what runs at this bed must find a daemon (wall 12).
    """
    library_path = files.about_to_read(RulesFile.LIBRARY, config.library)
    rules, faults = read_rules(library_path, files.about_to_read(RulesFile.REGIMENS, config.regimens))
    for fault in faults:
        log.critical("rules_withheld", detail=str(fault))
    if not config.training:
        return rules
    harmless = tuple(entry.id for entry in rules.library.entries if not entry.high_alert)
    kept = tuple(each for each in rules.catalogue.regimens if each.entry in harmless)
    return replace(rules, catalogue=replace(rules.catalogue, regimens=kept))


def _setup(config: Config, drivers: dict[str, Driver], files: FileCheck) -> Setup:
    infos: list[tuple[str, DriverInfo]] = []
    cycles: list[tuple[str, int]] = []
    for bus in config.buses:
        cycle_ms = worst_cycle_ms(drivers[pump.slot].info for pump in bus.pumps)
        infos += [(pump.slot, drivers[pump.slot].info) for pump in bus.pumps]
        cycles += [(pump.slot, cycle_ms) for pump in bus.pumps]
    return Setup(
        rules=rules_of(config, files),
        pumps=tuple(sorted(infos, key=lambda each: each[0])),
        worst_cycle_ms=tuple(cycles),
        resume_limit_s=config.bedside.resume_limit_s,
        tolerance=TIGHT if config.bedside.deviation == "tight" else STANDARD,
        training=config.training,
        keeps_path=True,
        needs_sound=not config.bedside.unheard_because,
        syringe_brands=config.bedside.brands,
        pause_boxes_s=tuple((reason, getattr(config.bedside.pause_s, reason.value)) for reason in PauseReason),
        assets=tuple((pump.slot, pump.asset) for pump in config.pumps),
        buses=tuple(tuple(pump.slot for pump in bus.pumps) for bus in config.buses),
    )


def _alarms_tried(setup: Setup) -> None:
    """Raises PumpdError: a bed whose alarms do not come and go as the table says runs no pump."""
    failing = alarm_check.failing(setup)
    if failing:
        raise PumpdError(
            f"the alarms {', '.join(each.value for each in failing)} failed the self-test at start: "
            "this installation is damaged; install pumpd anew"
        )


async def _first_links(config: Config, opener: Opener, *, moving: bool) -> dict[str, Link]:
    """Each serial port that can be had now. Raises PortHeld or PortForbidden, which only an operator can mend.

    A port that is not there may be plugged in later: its bus says so, and tries for ever. And where a pump may be
    moving, a daemon that watches the rest of the bed is better than none (wall 12).
    """
    links: dict[str, Link] = {}
    for bus in config.buses:
        if bus.port.startswith(SOCKET_SCHEME):
            continue
        try:
            links[bus.name] = await opener(bus.port, bus.baud, bus.format)
        except (PortHeld, PortForbidden) as error:
            if not moving:
                for link in links.values():
                    link.close()
                raise
            log.critical("port_unavailable", bus=bus.name, detail=str(error))
        except LinkError:
            continue
    return links


def _buses(
    config: Config, drivers: dict[str, Driver], bedside: Bedside, health: Health, opener: Callable[[BusTable], Opened]
) -> list[Bus]:
    buses = []
    for each in config.buses:
        stations = {
            str(pump.slot): Station(
                address=pump.address,
                procedures=drivers[pump.slot].pump(address=pump.address, options=pump.driver_options()),
                info=drivers[pump.slot].info,
            )
            for pump in each.pumps
        }
        buses.append(
            Bus(
                name=each.name,
                open_link=partial(opener, each),
                framing=drivers[each.pumps[0].slot].framing(),
                pumps=stations,
                deliver=bedside.submit,
                now_ns=bedside.clock.now_ns,
                beat=health.vital(f"bus {each.name}", within_s=BUS_WITHIN_S),
            )
        )
    return buses


async def live(
    config: Config,
    files: FileCheck,
    clock: Clock,
    *,
    opener: Opener = open_link,
    open_journal: Callable[..., Journal] = Journal.open,
) -> int:
    """One run of the daemon. Time, ports and disk are handed in where a test steers them (testing/steered_bed.py)."""
    drivers = drivers_of(config, files)
    for slot, driver in drivers.items():
        if not driver.info.verified_on_hardware:
            log.warning("driver_not_verified_on_hardware", slot=slot, driver=driver.info.name)
    setup = _setup(config, drivers, files)
    _alarms_tried(setup)
    if not setup.needs_sound:
        log.warning("drugs_start_unheard", reason=config.bedside.unheard_because)
    boot = clock.new_id()
    notify = Notify.from_environment()
    health = Health(notify)
    health.on_late = lambda part: log.error("late", part=part)
    health.on_back = lambda part: log.info("back_in_time", part=part)
    health.on_held = lambda held_s: log.warning("loop_held", for_ms=round(held_s * 1_000))
    journal = open_journal(config.journal_path, boot, slow_s=config.journal.slow_ms / 1_000)
    samples = Samples(config.samples_path, rows_max=config.samples.rows_max)
    routes: dict[str, Bus] = {}

    def send(effect: PumpEffect) -> None:
        routes[effect.slot].submit(effect)

    bedside = Bedside(
        setup=setup, journal=journal, samples=samples, clock=clock, send=send,
        beat=health.vital("bed", within_s=BED_WITHIN_S),
    )  # fmt: skip
    bedside.boot(boot)
    accounts = Accounts.load(config.accounts, clock, idle_s=config.bedside.session_idle_s)
    links = await _first_links(config, opener, moving=any(pump.phase in MOVING for pump in bedside.state.pumps))

    async def linked(bus: BusTable) -> Link:
        return links.pop(bus.name, None) or await opener(bus.port, bus.baud, bus.format)

    buses = _buses(config, drivers, bedside, health, linked)
    routes.update({slot: bus for bus in buses for slot in bus.slots})
    try:
        return await _serve(
            _Parts(
                config=config, files=files, bedside=bedside, buses=tuple(buses), journal=journal, samples=samples,
                accounts=accounts, health=health,
            )
        )  # fmt: skip
    finally:
        accounts.close()
        unwritten = await journal.close()
        samples.close()
        notify.close()
        log.info("out", facts_not_durable=unwritten)


async def _serve(parts: _Parts) -> int:
    """Every task, until a signal asks us to hand over or a vital one fails."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: log.info("sighup_ignored"))
    vital = [asyncio.create_task(parts.bedside.run(), name="bed")]
    vital += [asyncio.create_task(parts.health.run(), name="health")]
    vital += [asyncio.create_task(bus.run(), name=bus.name) for bus in parts.buses]
    auxiliary: list[asyncio.Task[None]] = []
    opening = asyncio.create_task(_open_doors(parts, auxiliary), name="doors")
    leaving = asyncio.create_task(asked.wait(), name="signal")
    try:
        await asyncio.wait([opening, leaving, *vital], return_when=asyncio.FIRST_COMPLETED)
        if opening.done() and not any(task.done() for task in vital):
            opening.result()  # what keeps the socket from being had is the operator's to mend
            gc.freeze()  # what lives as long as the daemon is not looked at again
            parts.health.ready(f"bed {parts.config.bed}: {len(parts.bedside.setup.pumps)} pump(s)")
            log.info("ready", bed=parts.config.bed, boot=parts.bedside.state.boot, socket=str(parts.config.socket))
            await asyncio.wait([leaving, *vital], return_when=asyncio.FIRST_COMPLETED)
        parts.health.stopping()
        return await _last_words(parts, [task for task in vital if task.done()])
    finally:
        tasks = (opening, leaving, *auxiliary, *vital)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _last_words(parts: _Parts, failed: list[asyncio.Task[None]]) -> int:
    """The exit status; if a vital part failed, before or after we were ready, every pump is stopped first."""
    for task in failed:
        log.critical("vital_part_failed", part=task.get_name(), exc_info=task.exception())
    if not failed:
        return 0
    log.critical("every_pump_stopped", unconfirmed=await stop_every_pump(parts.buses))
    return EXIT_VITAL


async def _open_doors(parts: _Parts, auxiliary: list[asyncio.Task[None]]) -> None:
    """The socket and the broker, once the bed runs. Raises ApiError: a socket that cannot be had ends the start."""
    answering = asyncio.Event()
    beat = _also(parts.health.auxiliary("api", within_s=PART_WITHIN_S), answering.set)
    place = Place(
        site=parts.config.site,
        ward=parts.config.ward,
        bed=parts.config.bed,
        assets={pump.slot: pump.asset for pump in parts.config.pumps},
        people=parts.accounts.names,
        site_key=_site_key(parts.config),
    )

    async def api() -> None:
        desk = Desk(parts.bedside, parts.accounts, parts.samples, place, parts.journal.read_all())
        config = parts.config
        app = create_app(desk, Identities(config.identities_path), Drafts(config.drafts_path))
        await serve(app, config.socket, beat)

    first = asyncio.create_task(api(), name="api")
    auxiliary.append(first)
    await _until_answering(first, answering)
    auxiliary.append(asyncio.create_task(keep_running("api", api, first), name="api kept running"))
    auxiliary += [*_telemetry(parts), _file_check(parts), _people(parts)]


def _site_key(config: Config) -> bytes | None:
    """Without a usable one no course travels, and that is all: it keeps no bed from starting."""
    if config.site_key is None:
        return None
    try:
        return load_key(config.site_key)
    except ConfigError as error:
        log.warning("site_key_unusable", reason=str(error))
        return None


async def _until_answering(api: asyncio.Task[None], answering: asyncio.Event) -> None:
    """Wait for the first answer of the socket, for as long as it takes: until then systemd is not told READY, and at
    its own limit tries anew. What keeps the socket from being had is the operator's to mend, and is raised.
    """
    waiting = asyncio.create_task(answering.wait())
    try:
        done, _ = await asyncio.wait([waiting, api], timeout=API_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            log.error("api_late", within_s=API_WITHIN_S)
            await asyncio.wait([waiting, api], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if api.done():
        api.result()


def _file_check(parts: _Parts) -> asyncio.Task[None]:
    beat = parts.health.auxiliary("files", within_s=COMPARED_WITHIN_S)
    bedside = parts.bedside

    async def comparing() -> None:
        await keep_comparing(parts.files, bedside.submit, bedside.clock.now_ns, beat)

    return asyncio.create_task(keep_running("files", comparing), name="files")


def _people(parts: _Parts) -> asyncio.Task[None]:
    beat = parts.health.auxiliary("accounts", within_s=PART_WITHIN_S)

    async def taking_up() -> None:
        await keep_taking_up(parts.accounts, parts.config.accounts, beat)

    return asyncio.create_task(keep_running("accounts", taking_up), name="accounts")


def _telemetry(parts: _Parts) -> list[asyncio.Task[None]]:
    if parts.config.mqtt is None:
        return []
    beat = parts.health.auxiliary("telemetry", within_s=PART_WITHIN_S)
    publisher = Publisher(  # once: its numbers go on when a failed run is followed by another
        config=parts.config, bedside=parts.bedside, samples=parts.samples, clock=parts.bedside.clock, beat=beat,
        head=lambda: parts.journal.committed,
    )  # fmt: skip
    return [asyncio.create_task(keep_running("telemetry", publisher.run), name="telemetry")]


def _also(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        first()
        second()

    return both
