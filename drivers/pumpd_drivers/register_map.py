"""A pump as a map of its registers, from TOML: what a site writes so that its pump runs without code.

A wrong address does not look wrong: it reads something, and something is shown. So the map is checked as a whole
before anything is sent. An unknown key, a register that overlaps another, a rate that no register carries or a lease
without its register is an error with file, line and what to write, all mistakes at once; what a file cannot prove the
pump has to prove at every connect, by the values in `[[identity]]`.

The daemon reads the file and hands in its text (a driver does no I/O). Numbers with a point are strings: 0.01 is
then a hundredth, and not what a float makes of it.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from pumpd.driver_api import ConfigError, Detectable, PumpAlarm

WORDS: Final = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "f32": 2, "version": 1}
_ONE: Final = Fraction(1)
# What a value of 1 is in the units of driver_api: µL/h, nL, ms, Pa, %.
_UNITS: Final[Mapping[str, Mapping[str, Fraction]]] = {
    "rate": {"mL/h": Fraction(1_000), "µL/h": _ONE, "mL/min": Fraction(60_000), "L/h": Fraction(1_000_000)},
    "volume": {"mL": Fraction(1_000_000), "µL": Fraction(1_000), "L": Fraction(1_000_000_000)},
    "timeout": {"ms": _ONE, "s": Fraction(1_000)},
    "pressure": {"mmHg": Fraction("133.322"), "mbar": Fraction(100), "kPa": Fraction(1_000)},
    "battery": {"%": _ONE},
}
_MEASURES: Final = {**{name: name for name in _UNITS}, "infused": "volume"}
_REGISTERS: Final = (*_MEASURES, "status", "alarms", "serial", "firmware")
_NEEDED: Final = ("rate", "volume", "infused", "status")
_TOP: Final = (
    "title", "accuracy_percent", "word_order", "detects", "blocks", "timeout_s",
    "rate", "registers", "coils", "status", "alarms", "identity",
)  # fmt: skip
_RATE: Final = ("min_ml_per_h", "max_ml_per_h", "step_ml_per_h", "digits")
_REGISTER: Final = ("address", "type", "unit", "scale", "step")
_COILS: Final = ("run", "acknowledge")
_STATUS: Final = ("running", "moves_otherwise")
_IDENTITY: Final = ("address", "type", "equals")
_BITS: Final = 16
_BLOCK_MAX: Final = 125  # registers a question, application protocol 1.1b3
_TIMEOUT_MAX_S: Final = 255
_DECIMAL: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_HEADER: Final = re.compile(r"\s*\[(\[?)\s*([A-Za-z0-9_.]+)\s*\]")
_KEY: Final = re.compile(r'\s*"?([A-Za-z0-9_µ]+)"?\s*=')


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """`factor` turns a value into the units of driver_api; `step` is its finest difference, in those units."""

    address: int
    type: str
    factor: Fraction
    step: Fraction

    @property
    def words(self) -> int:
        return WORDS[self.type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A value that the pump has to have."""

    address: int
    type: str
    equals: int

    @property
    def words(self) -> int:
        return WORDS[self.type]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterMap:
    title: str
    accuracy_ppm: int
    high_first: bool
    detects: tuple[Detectable, ...]
    blocks: tuple[tuple[int, int], ...]  # address and count; every register that is read lies in one
    lease_s: tuple[int, int] | None
    rate_ul_per_h: tuple[int, int]
    rate_step_ul_per_h: int
    rate_digits: int
    registers: Mapping[str, Register]
    run: int
    acknowledge: int | None
    running_bit: int
    otherwise_bits: tuple[int, ...]
    alarms: tuple[tuple[int, PumpAlarm], ...]  # by urgency
    identity: tuple[Expected, ...]

    def block_of(self, address: int) -> tuple[int, int]:
        return next(block for block in self.blocks if block[0] <= address < block[0] + block[1])


def read_map(text: str, file: str) -> RegisterMap:
    """Raises ConfigError, whose text has one line for each mistake."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: this is not TOML: {error}") from error
    return _Reading(raw, text, file).whole()


class _Reading:
    """One file: what was found wrong so far, and where each key stands."""

    def __init__(self, raw: dict[str, Any], text: str, file: str) -> None:
        self._raw = raw
        self._file = file
        self._lines = _lines_of(text)
        self._wrong: list[tuple[int, str]] = []

    def whole(self) -> RegisterMap:
        self._known((), self._raw, _TOP)
        title, order = self._text("title"), self._one_of((), self._raw, "word_order", ("high_first", "low_first"))
        registers = self._registers()
        rate = self._table("rate", _RATE)
        least, most, step = (self._decimal(("rate",), rate, key, 1_000) for key in _RATE[:3])
        digits = self._whole(("rate",), rate, "digits", 1, 9)
        coils, status = self._table("coils", _COILS), self._table("status", _STATUS)
        found = RegisterMap(
            title=title,
            accuracy_ppm=int(self._decimal((), self._raw, "accuracy_percent", 10_000)),
            high_first=order == "high_first",
            detects=self._detects(),
            blocks=self._blocks(registers),
            lease_s=self._lease(registers),
            rate_ul_per_h=(int(least), int(most)),
            rate_step_ul_per_h=int(step),
            rate_digits=digits,
            registers=registers,
            run=self._whole(("coils",), coils, "run", 0, 0xFFFF),
            acknowledge=self._whole(("coils",), coils, "acknowledge", 0, 0xFFFF) if "acknowledge" in coils else None,
            running_bit=self._whole(("status",), status, "running", 0, _BITS - 1),
            otherwise_bits=self._otherwise(status),
            alarms=self._alarms(registers),
            identity=self._identity(),
        )
        if not self._wrong and (step.denominator != 1 or step < 1 or not 0 < least <= most):
            self._tell(("rate",), "write 0 < min_ml_per_h <= max_ml_per_h, and a step of whole µL/h")
        if not self._wrong:
            self._read_in_order(found)
        if self._wrong:
            self._wrong.sort()
            raise ConfigError("\n".join(f"{self._file}:{line}: {said}" for line, said in self._wrong))
        return found

    # --- parts --------------------------------------------------------------------------------------------------

    def _registers(self) -> dict[str, Register]:
        table = self._table("registers", _REGISTERS)
        found: dict[str, Register] = {}
        taken: dict[int, str] = {}
        for name in _NEEDED:
            if name not in table:
                self._tell(("registers",), f"the register {name!r} is missing: without it no infusion can be watched")
        for name, entry in table.items():
            if name not in _REGISTERS:
                continue
            if not isinstance(entry, dict):
                self._tell(("registers", name), f"{name} = {entry!r}: write {{ address = ..., type = ... }}")
                continue
            register = self._register(name, entry)
            for address in range(register.address, register.address + register.words):
                if address in taken:
                    self._tell(("registers", name), f"register {address} belongs to {taken[address]!r} already")
                taken[address] = name
            found[name] = register
        return found

    def _register(self, name: str, entry: dict[str, Any]) -> Register:
        path = ("registers", name)
        self._known(path, entry, _REGISTER)
        bare = {"status": ("u16",), "alarms": ("u16",), "serial": ("u16", "u32"), "firmware": ("u16", "u32", "version")}
        kind = self._one_of(path, entry, "type", bare.get(name, tuple(k for k in WORDS if k != "version")))
        address = self._whole(path, entry, "address", 0, 0x10000 - WORDS.get(kind, 1))
        factor = _ONE
        if name in _MEASURES:
            units = _UNITS[_MEASURES[name]]
            unit = self._one_of(path, entry, "unit", tuple(units))
            scale = self._decimal(path, entry, "scale", 1) if "scale" in entry else _ONE
            if scale == 0:
                self._tell(path, "scale = 0 would make every value 0")
            factor = units.get(unit, _ONE) * (scale or _ONE)
            step = self._decimal(path, entry, "step", 1) * units.get(unit, _ONE) if "step" in entry else factor
            if kind == "f32" and "step" not in entry and name != "rate":
                self._tell(path, "the key 'step' is missing: a float does not tell how finely the pump counts")
            return Register(address=address, type=kind, factor=factor, step=step)
        return Register(address=address, type=kind, factor=factor, step=_ONE)

    def _blocks(self, registers: Mapping[str, Register]) -> tuple[tuple[int, int], ...]:
        raw = self._raw.get("blocks", [])
        blocks: list[tuple[int, int]] = []
        if not isinstance(raw, list):
            raw = [None]
        for block in raw:
            if (
                not isinstance(block, list)
                or len(block) != 2  # address and count
                or not all(isinstance(part, int) and not isinstance(part, bool) for part in block)
                or not 0 <= block[0] <= 0xFFFF
                or not 1 <= block[1] <= min(_BLOCK_MAX, 0x10000 - block[0])
            ):
                self._tell(("blocks",), f"{block!r}: write [first register, how many], up to {_BLOCK_MAX} of them")
                continue
            blocks.append((block[0], block[1]))
        wanted = [(each.address, each.words, name) for name, each in registers.items()]
        wanted += [(each.address, each.words, "identity") for each in self._identity(quietly=True)]
        for address, words, name in wanted:
            inside = [block for block in blocks if block[0] < address + words and address < block[0] + block[1]]
            if not inside:
                blocks.append((address, words))
            elif len(inside) > 1 or inside[0][0] > address or inside[0][0] + inside[0][1] < address + words:
                self._tell(("blocks",), f"{name!r} at {address} does not lie in one block: widen it or part them")
        return tuple(blocks)

    def _lease(self, registers: Mapping[str, Register]) -> tuple[int, int] | None:
        raw = self._raw.get("timeout_s")
        if raw is None:
            if "timeout" in registers:
                self._tell(("registers", "timeout"), "the key 'timeout_s' is missing: [shortest, longest] in seconds")
            return None
        if "timeout" not in registers:
            self._tell(("timeout_s",), "the register 'timeout' is missing: a time-out that cannot be set is no lease")
        if (
            not isinstance(raw, list)
            or len(raw) != 2  # shortest and longest
            or not all(isinstance(part, int) and not isinstance(part, bool) for part in raw)
            or not 1 <= raw[0] <= raw[1] <= _TIMEOUT_MAX_S
        ):
            self._tell(("timeout_s",), f"{raw!r}: write [shortest, longest], whole seconds from 1 to {_TIMEOUT_MAX_S}")
            return None
        return raw[0], raw[1]

    def _detects(self) -> tuple[Detectable, ...]:
        raw = self._raw.get("detects", [])
        known = tuple(each.value for each in Detectable)
        found = []
        for word in raw if isinstance(raw, list) else [raw]:
            if word not in known:
                self._tell(("detects",), f"{word!r} is nothing that a pump detects{_near(str(word), known)}")
                continue
            found.append(Detectable(word))
        return tuple(found)

    def _otherwise(self, status: dict[str, Any]) -> tuple[int, ...]:
        raw = status.get("moves_otherwise", [])
        bits = raw if isinstance(raw, list) else [raw]
        for bit in bits:
            if isinstance(bit, bool) or not isinstance(bit, int) or not 0 <= bit < _BITS:
                self._tell(("status", "moves_otherwise"), f"{bit!r}: write the numbers of bits, 0 to {_BITS - 1}")
                return ()
        return tuple(bits)

    def _alarms(self, registers: Mapping[str, Register]) -> tuple[tuple[int, PumpAlarm], ...]:
        raw = self._raw.get("alarms", {})
        known = tuple(each.value for each in PumpAlarm)
        found = []
        if not isinstance(raw, dict):
            self._tell(("alarms",), 'write bits and what they mean, for example "1" = "occlusion"')
            return ()
        if ("alarms" in registers) != bool(raw):
            self._tell(("alarms",), "the register 'alarms' and the table [alarms] belong together")
        for bit, word in raw.items():
            if not bit.isdecimal() or not 0 <= int(bit) < _BITS:
                self._tell(("alarms", bit), f"{bit!r} is no bit of a register: 0 to {_BITS - 1}")
            elif word not in known:
                self._tell(("alarms", bit), f"{word!r} is no alarm{_near(str(word), known)}")
            else:
                found.append((int(bit), PumpAlarm(word)))
        return tuple(found)

    def _identity(self, *, quietly: bool = False) -> tuple[Expected, ...]:
        raw = self._raw.get("identity")
        before = list(self._wrong)
        found = []
        if not isinstance(raw, list) or not raw:
            self._tell(("identity",), "[[identity]] is missing: a value that only this model has, checked at connect")
            raw = []
        for index, entry in enumerate(raw):
            path = (f"identity[{index}]",)
            if not isinstance(entry, dict):
                self._tell(path, "write [[identity]] with address, type and equals")
                continue
            self._known(path, entry, _IDENTITY)
            kind = self._one_of(path, entry, "type", ("u16", "u32"))
            words = WORDS.get(kind, 1)
            address = self._whole(path, entry, "address", 0, 0x10000 - words)
            equals = self._whole(path, entry, "equals", 0, (1 << 16 * words) - 1)
            found.append(Expected(address=address, type=kind or "u16", equals=equals))
        if quietly:
            self._wrong = before
        return tuple(found)

    def _read_in_order(self, found: RegisterMap) -> None:
        """What it does has to be read before, or with, what it has given."""
        status, infused = (
            found.blocks.index(found.block_of(found.registers[n].address)) for n in ("status", "infused")
        )
        if infused < status:
            self._tell(
                ("blocks",), "the block with 'status' has to stand before the one with 'infused': a pump that ends"
            )

    # --- values -------------------------------------------------------------------------------------------------

    def _table(self, name: str, known: tuple[str, ...]) -> dict[str, Any]:
        raw = self._raw.get(name)
        if not isinstance(raw, dict):
            self._tell((name,), f"the table [{name}] is missing")
            return {}
        self._known((name,), raw, known)
        return raw

    def _known(self, path: tuple[str, ...], table: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                self._tell((*path, key), f"unknown key {'.'.join((*path, key))!r}{_near(key, known)}")

    def _text(self, key: str) -> str:
        value = self._raw.get(key)
        if isinstance(value, str) and 0 < len(value) <= 64:  # what fits on a page
            return value
        self._tell((key,), f"{key} = {value!r}: write a name for people, up to 64 characters")
        return ""

    def _one_of(self, path: tuple[str, ...], table: dict[str, Any], key: str, known: tuple[str, ...]) -> str:
        value = table.get(key)
        if isinstance(value, str) and value in known:
            return value
        if key not in table:
            self._tell(path, f"the key {'.'.join((*path, key))!r} is missing: one of {', '.join(known)}")
        else:
            self._tell((*path, key), f"{key} = {value!r}: write one of {', '.join(known)}")
        return known[0]

    def _whole(self, path: tuple[str, ...], table: dict[str, Any], key: str, least: int, most: int) -> int:
        value = table.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        if key not in table:
            self._tell(path, f"the key {'.'.join((*path, key))!r} is missing: a whole number from {least} to {most}")
        else:
            self._tell((*path, key), f"{key} = {value!r}: write a whole number from {least} to {most}")
        return least

    def _decimal(self, path: tuple[str, ...], table: dict[str, Any], key: str, times: int) -> Fraction:
        value = table.get(key)
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            return Fraction(value) * times
        if key not in table:
            self._tell(path, f'the key {".".join((*path, key))!r} is missing: a number as text, such as "0.01"')
        else:
            self._tell((*path, key), f'{key} = {value!r}: write a number as text, such as "0.01"')
        return _ONE

    def _tell(self, path: tuple[str, ...], said: str) -> None:
        while path and ".".join(path) not in self._lines:
            path = path[:-1]
        mistake = (self._lines.get(".".join(path), 1), said)
        if mistake not in self._wrong:
            self._wrong.append(mistake)


def _near(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else f"; valid here: {', '.join(known)}"


def _lines_of(text: str) -> dict[str, int]:
    """`registers.rate` -> line, for tables and keys as people write them; entries of [[identity]] are numbered."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = header[2]
            if header[1]:
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{counts[table]}]"
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault(f"{table}.{key[1]}" if table else key[1], number)
    return found
