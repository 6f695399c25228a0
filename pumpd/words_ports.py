"""Serial ports as lines for an operator's terminal, and the udev rule that gives a pump's cable a name of its own.

Texts that an adapter brings with it (maker, serial number) are shown as they are but for control characters, and enter
a rule only as letters and digits: whatever a plug says of itself must not become a rule of the system.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pumpd.core.pump import Identified
from pumpd.serial_ports import Holder, SerialPort

FTDI: Final = "ftdi_sio"
LATENCY_SLOW_MS: Final = 2
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_UNSHOWN: Final = re.compile(r"[^\x20-\x7e\u00a1-\uffff]")

RULE_HEAD: Final = """\
# Names for the pumps' cables, rights for group dialout, and no modem program that writes to a pump at its plug.
# Install: pumpd ports --udev | sudo tee /etc/udev/rules.d/60-pumpd.rules, then
#          sudo udevadm control --reload && sudo udevadm trigger
"""
RULE_FTDI: Final = """\
# An FTDI adapter holds bytes back for 16 ms by default; 1 ms is the least it can.
ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1"
"""


def holder_text(holder: Holder) -> str:
    return f"{_shown(holder.program)} (process {holder.pid})"


def port_lines(port: SerialPort, held_by: Sequence[Holder], found: Iterable[str]) -> Iterator[str]:
    """One port: its name, what it is, who holds it, what answered."""
    yield port.name
    about = [port.device] if port.by_id else []
    if port.vendor_id:
        about.append(f"USB {port.vendor_id}:{port.product_id}")
    about += [_shown(text) for text in (f"{port.maker} {port.product}".strip(),) if text]
    if port.driver:
        about.append(f"driver {port.driver}")
    if about:
        yield f"  {', '.join(about)}"
    if port.latency_ms is not None and port.latency_ms > LATENCY_SLOW_MS:
        yield f"  holds bytes back for up to {port.latency_ms} ms; the rule of `pumpd ports --udev` makes it 1"
    if held_by:
        yield f"  held by {', '.join(holder_text(each) for each in held_by)}"
    for line in found:
        yield f"  {line}"


def identified(who: Identified) -> str:
    serial = f", serial number {_shown(who.serial)}" if who.serial else ""
    return f"{_shown(who.model)}, firmware {_shown(who.firmware)}{serial}"


def answer(slot: str, driver: str, address: int, said: str | None) -> str:
    return f"{slot} ({driver}, address {address}): {said or 'no answer'}"


def no_ports() -> str:
    return "No serial port with hardware behind it. Is the adapter plugged in?"


def udev_rule(ports: Sequence[SerialPort]) -> str:
    """Rules for the USB adapters that are plugged in now; with none, one to be filled in."""
    adapters = [port for port in ports if port.vendor_id]
    if not adapters:
        example = SerialPort(device="/dev/ttyUSB0", vendor_id="0403", product_id="6001", serial="A1B2C3D4")
        said = "# No USB adapter is plugged in: this is an example.\n"
        return f"{RULE_HEAD}\n{said}# {_rule(example)}\n"
    twice = {id(port) for port in adapters if sum(_alike(port, other) for other in adapters) > 1}
    rules = [RULE_HEAD]
    for port in adapters:
        said = f"# {_plain(port.maker)} {_plain(port.product)}, now {port.device}\n"
        if not port.serial or id(port) in twice:
            said += "# No serial number tells it from its like: use its socket's name in /dev/serial/by-path.\n# "
        rules.append(said + _rule(port) + "\n")
    if any(port.driver == FTDI for port in adapters):
        rules.append(RULE_FTDI)
    return "\n".join(rules)


def _rule(port: SerialPort) -> str:
    name = _plain(port.serial) or "unnamed"
    serial = _UNSAFE.sub("?", port.serial)  # `?` is any one character to udev
    return (
        f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{_plain(port.vendor_id)}", '
        f'ATTRS{{idProduct}}=="{_plain(port.product_id)}", ATTRS{{serial}}=="{serial}", '
        f'SYMLINK+="pumpd/{name}", GROUP="dialout", MODE="0660", ENV{{ID_MM_DEVICE_IGNORE}}="1"'
    )


def _alike(one: SerialPort, other: SerialPort) -> bool:
    return (one.vendor_id, one.product_id, one.serial) == (other.vendor_id, other.product_id, other.serial)


def _plain(text: str) -> str:
    return _UNSAFE.sub("-", text)


def _shown(text: str) -> str:
    return _UNSHOWN.sub("?", text)
