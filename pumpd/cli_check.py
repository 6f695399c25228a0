"""`pumpd check-config FILE`: would a daemon start with this, and what deserves a second look?

Everything that the daemon reads at its start is read here, by the same modules, and nothing is opened that a pump
could hear: drivers with their options and register maps, library and catalogue as they stand today and against what
this bed has used before, people. What would keep it from starting is an error with file, line and what to write; what
would let it start and then refuse is a note, such as a bus whose rounds are too long for every lease on it (wall 8).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pumpd import config, rules_files, words, words_library
from pumpd.accounts import Accounts
from pumpd.bed_drivers import drivers_of
from pumpd.bus_turns import worst_cycle_ms
from pumpd.clock import SystemClock
from pumpd.core import lease, standing
from pumpd.core.evolve import evolve
from pumpd.core.facts import LibraryJudged
from pumpd.core.state import BedState
from pumpd.core.units import NS_PER_S
from pumpd.driver_api import Driver
from pumpd.errors import JournalError
from pumpd.file_check import FileCheck
from pumpd.journal import read_entries


def checked(path: Path) -> tuple[list[str], bool]:
    """Lines for a person, and whether new starts would be allowed. Raises PumpdError: the daemon would not start."""
    lines = config.check(path)
    read = config.Config.load(path)
    lines += _pumps(read)
    rules = rules_files.load_rules(read.library, read.regimens)
    used, notes = _used_libraries(read.journal_path)
    today_day = SystemClock().local_day()
    judged = standing.judge(rules, used, today_day)
    lines += [f"{words_library.library_text(judged)}: {len(rules.library.entries)} entries", *notes]
    if standing.warning_days(judged, today_day) is not None:
        lines.append("note: this approval is nearly over")
    lines.append(f"regimens: {len(rules.catalogue.regimens)}")
    people = Accounts.load(read.accounts, SystemClock(), idle_s=read.bedside.session_idle_s)
    lines.append(f"accounts: {len(people.people)} people")
    if people.demonstration:
        lines.append("note: the accounts are for demonstration: their PINs are known to everybody")
    people.close()
    return lines, judged.standing is standing.Standing.GOOD


def _pumps(read: config.Config) -> Iterator[str]:
    drivers = drivers_of(read, FileCheck())
    for slot, driver in drivers.items():
        if not driver.info.verified_on_hardware:
            yield f"note: {slot}: the driver {driver.info.name} has not been verified on hardware"
    for bus in read.buses:
        yield from _unguarded(bus, drivers)


def _unguarded(bus: config.Bus, drivers: dict[str, Driver]) -> Iterator[str]:
    """Pumps whose lease could not be renewed in time, however slowly they ran."""
    infos = {pump.slot: drivers[pump.slot].info for pump in bus.pumps}
    cycle_ms = worst_cycle_ms(infos.values())
    for slot, info in infos.items():
        longest_ns = lease.longest_ns(info)
        if longest_ns is not None and lease.never_fits(info, cycle_ms):
            yield (
                f"note: {slot}: every start will be refused. A round of bus {bus.name} may take "
                f"{words.number(cycle_ms, digits=3, places=1)} s when all goes badly, and three of them do not fit "
                f"into its lease of {words.duration(longest_ns // NS_PER_S)} at most: put fewer pumps on this bus"
            )


def _used_libraries(journal_path: Path) -> tuple[tuple[standing.Used, ...], list[str]]:
    """What this bed's journal has seen of libraries; and a note where it could not be asked."""
    state = BedState()
    try:
        if not journal_path.exists():
            return (), []
        for entry in read_entries(journal_path):
            if isinstance(entry.fact, LibraryJudged):
                state = evolve(state, entry.fact)
    except (JournalError, OSError) as error:
        return (), [f"note: whether an older library is put in place of a newer one was not judged: {error}"]
    return state.used, []
