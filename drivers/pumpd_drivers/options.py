"""The options of a pump in the configuration, as a driver takes them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from pumpd.driver_api import ConfigError

Options = Mapping[str, str | int | bool]


def check_options(driver: str, options: Options, known: Iterable[str]) -> None:
    """Raises ConfigError for an option that this driver does not have, with the one it resembles."""
    names = tuple(known)
    for name in options:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
            raise ConfigError(f"{driver} has no option {name!r}: did you mean {near[0]!r}?")
