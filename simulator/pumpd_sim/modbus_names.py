"""Names for the coils and registers of a Modbus pump, so that people can say `rate_ml_per_h = 60` and mean 32-33.

A device lists them beside its map (`NAMES` in `bag_pump_map` and its like); its kind carries them as `registers`.
Scenarios are written with them. They tell what a host must know to speak: where a value lies, and in which form. What
the pump does with it is the map's own affair. A name ends with its unit.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Table = Literal["coil", "contact", "holding", "input"]
Form = Literal["switch", "u16", "i16", "u32", "f32", "text", "flags"]
READ_BY: Mapping[Table, int] = {"coil": 1, "contact": 2, "holding": 3, "input": 4}
_LAYOUT: Mapping[Form, str] = {"u16": ">H", "i16": ">h", "u32": ">I", "f32": ">f"}


class NotThisValueError(ValueError):
    """The text is no value of this register; the sentence says what would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One value. `words` counts registers; `flags` names bits of the whole, the lowest is 0."""

    name: str
    address: int
    form: Form
    table: Table = "holding"
    words: int = 1
    flags: Mapping[int, str] = field(default_factory=dict)

    def packed(self, text: str) -> bytes:
        """The bytes that stand for this text. Raises NotThisValueError."""
        try:
            match self.form:
                case "switch":
                    return bytes([("off", "on").index(text)])
                case "text":
                    return text.encode("ascii").ljust(2 * self.words)
                case "flags":
                    return self._packed_flags(text)
                case "f32":
                    return struct.pack(">f", float(text))
                case _:
                    return struct.pack(_LAYOUT[self.form], int(text, 0))
        except (ValueError, struct.error, OverflowError) as error:
            raise NotThisValueError(f"{text!r} is no value of {self.name}: {self._told()}") from error

    def shown(self, data: bytes) -> str:
        """The text that stands for these bytes; as `packed` takes it."""
        match self.form:
            case "switch":
                return "on" if data[0] & 1 else "off"
            case "text":
                return data.rstrip(b"\0 ").decode("latin-1")
            case "flags":
                return self._shown_flags(int.from_bytes(data, "big"))
            case "f32":
                return f"{struct.unpack('>f', data)[0]:.7g}"
            case _:
                return str(struct.unpack(_LAYOUT[self.form], data)[0])

    def _packed_flags(self, text: str) -> bytes:
        bits = {name: bit for bit, name in self.flags.items()}
        said = [] if text == "none" else [each.strip() for each in text.split(",")]
        value = sum(1 << (bits[each] if each in bits else int(each.removeprefix("bit "))) for each in set(said))
        return value.to_bytes(2 * self.words, "big")

    def _shown_flags(self, value: int) -> str:
        on = (self.flags.get(bit, f"bit {bit}") for bit in range(16 * self.words) if value >> bit & 1)
        return ", ".join(on) or "none"

    def _told(self) -> str:
        match self.form:
            case "switch":
                return "write on or off"
            case "text":
                return f"write up to {2 * self.words} characters of ASCII"
            case "flags":
                return f"write none, or some of {', '.join(self.flags.values())}"
            case _:
                return f"write a number that fits into {self.form}"


def switches(*names: tuple[int, str], table: Table = "coil") -> tuple[Named, ...]:
    """Coils or contacts by address and name."""
    return tuple(Named(name=name, address=address, form="switch", table=table) for address, name in names)


def values(form: Form, *names: tuple[int, str], table: Table = "holding") -> tuple[Named, ...]:
    """Numbers of one form by address and name."""
    words = 2 if form in ("u32", "f32") else 1
    return tuple(Named(name=name, address=address, form=form, table=table, words=words) for address, name in names)
