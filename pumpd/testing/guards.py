"""Take one guard away, and see the failure that it holds off come back.

A story that holds proves nothing unless it could have gone wrong. So each historic failure in tests/failures is told
twice: as we are, and with its guard removed, where the same story has to complain. The guard is one function (or one
table) of the product, named by its dotted path; what stands in its place is what somebody without it would have
written: no reasons, no limit, yes to everything.

The name is replaced wherever a module of ours has bound it, since `from x import y` keeps the old one otherwise, and
put back afterwards whatever happens. Nothing else is touched: no state, no frozen data, no field of a running bed.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

OURS = ("pumpd", "pumpd_drivers")


@contextmanager
def guard_removed(guard: str, *, instead: object) -> Iterator[None]:
    """Within this, `guard` ("pumpd.core.rise.against_a_rise", or a method as "pumpd.bus.Bus.withdraw") is `instead`."""
    holder, name = _holder(guard)
    original = vars(holder)[name]
    assert original is not instead, guard
    places = [(holder, name), *(_bound(original, name) if isinstance(holder, ModuleType) else [])]
    for place, key in places:
        setattr(place, key, instead)
    try:
        yield
    finally:
        for place, key in places:
            setattr(place, key, original)


def _holder(guard: str) -> tuple[object, str]:
    """The module or class that a dotted path ends in, and the name there."""
    path, _, name = guard.rpartition(".")
    try:
        return importlib.import_module(path), name
    except ModuleNotFoundError:
        module, _, cls = path.rpartition(".")
        return getattr(importlib.import_module(module), cls), name


def _bound(original: object, name: str) -> list[tuple[object, str]]:
    """Every module of ours that has imported it under its own name."""
    modules = [module for key, module in list(sys.modules.items()) if key.partition(".")[0] in OURS]
    return [(module, name) for module in modules if vars(module).get(name) is original]
