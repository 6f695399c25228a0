"""`pumpd library check FILE`: is this drug library what was approved, and does it catch what it has to?

For whoever keeps a site's own library, before it is given out. Nothing runs and no daemon is asked. A library is tested
with the catalogue of regimens that it will be used with: limits are right or wrong only for what is given under them.
"""

from __future__ import annotations

from pathlib import Path

from pumpd import rules_files, words_self_test
from pumpd.core.self_test import self_test
from pumpd.errors import ConfigError


def tested(library: Path, regimens: Path | None) -> tuple[tuple[str, ...], bool]:
    """The report, and whether it holds. Without a catalogue, the one beside the library is taken.

    Raises ConfigError or LibraryError for a file that cannot be used at all.
    """
    beside = library.with_name("regimens.toml") if regimens is None else regimens
    if regimens is None and not beside.exists():
        raise ConfigError(f"{beside}: there is no such file; say which catalogue with --regimens FILE")
    rules = rules_files.load_rules(library, beside)
    found = self_test(rules)
    return words_self_test.report(rules, found), bool(found) and all(each.holds() for each in found)
