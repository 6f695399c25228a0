"""Which serial ports this machine has, what hangs on each, and which program holds it, as the kernel tells.

A USB adapter is whatever number it was given at its last plug (ttyUSB0, ttyUSB1); its name in /dev/serial/by-id stays.
So ports are listed by that name, with the USB ids and the kernel's driver beside it. Everything is read from /sys, /dev
and /proc under one root, which is `/` but in tests: a machine without such adapters plays them as a folder of files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BY_ID: Final = Path("dev/serial/by-id")
NO_UART: Final = "0"  # /sys/class/tty/ttyS*/type: a name that the kernel keeps for hardware that is not there
UP_THE_TREE: Final = 6  # from a port to its USB device: interface, device, and a hub in between


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process that has the port open."""

    program: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialPort:
    """What is known without opening it. Empty text: the system does not tell."""

    device: str  # /dev/ttyUSB0
    by_id: str = ""  # the name that stays
    driver: str = ""  # of the kernel: ftdi_sio
    vendor_id: str = ""
    product_id: str = ""
    maker: str = ""
    product: str = ""
    serial: str = ""
    latency_ms: int | None = None  # how long the adapter waits for more before it hands bytes over

    @property
    def name(self) -> str:
        return self.by_id or self.device


def listed(root: Path = Path("/")) -> tuple[SerialPort, ...]:
    """Every serial port with hardware behind it; USB adapters first."""
    names = _names_that_stay(root)
    ports = [_port(tty, root, names) for tty in sorted((root / "sys/class/tty").glob("*")) if _is_real(tty)]
    return tuple(sorted(ports, key=lambda port: (not port.vendor_id, port.name)))


def holders(port: str, root: Path = Path("/")) -> tuple[Holder, ...]:
    """Other processes that have the port open, as far as this user may see."""
    device = os.path.realpath(port)
    found = []
    for process in sorted((root / "proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            holds = any(os.path.realpath(link) == device for link in (process / "fd").iterdir())
            name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue  # it has ended, or belongs to somebody else
        if holds:
            found.append(Holder(program=name, pid=int(process.name)))
    return tuple(found)


def _names_that_stay(root: Path) -> dict[str, str]:
    """Device name (ttyUSB0) -> its name in by-id."""
    folder = root / BY_ID
    links = sorted(folder.iterdir()) if folder.is_dir() else []
    return {Path(os.path.realpath(link)).name: f"/{BY_ID / link.name}" for link in links}


def _is_real(tty: Path) -> bool:
    if not (tty / "device" / "driver").exists():
        return False
    return _text(tty / "type") != NO_UART


def _port(tty: Path, root: Path, names: dict[str, str]) -> SerialPort:
    device = Path(os.path.realpath(tty / "device"))
    usb = next(_usb_above(device, root), None)
    latency = _text(device / "latency_timer")
    return SerialPort(
        device=f"/dev/{tty.name}",
        by_id=names.get(tty.name, ""),
        driver=Path(os.path.realpath(device / "driver")).name,
        vendor_id=_text(usb / "idVendor") if usb else "",
        product_id=_text(usb / "idProduct") if usb else "",
        maker=_text(usb / "manufacturer") if usb else "",
        product=_text(usb / "product") if usb else "",
        serial=_text(usb / "serial") if usb else "",
        latency_ms=int(latency) if latency.isdecimal() else None,
    )


def _usb_above(device: Path, root: Path) -> Iterator[Path]:
    for folder in (device, *device.parents[:UP_THE_TREE]):
        if folder == root:
            return
        if (folder / "idVendor").exists():
            yield folder


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
