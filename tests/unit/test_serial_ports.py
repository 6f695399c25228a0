"""Ports as the kernel tells of them, played as a folder: this is what a machine without adapters can only play."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pumpd import cli_ports, serial_ports, words_ports
from pumpd.serial_ports import Holder, SerialPort


class Machine:
    """A /sys, /dev and /proc under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "sys/class/tty").mkdir(parents=True)
        (root / "dev/serial/by-id").mkdir(parents=True)
        (root / "proc").mkdir()

    def plug(self, number: int, serial: str = "A1B2", *, driver: str = "ftdi_sio", maker: str = "FTDI") -> None:
        usb = self.root / f"sys/devices/usb1/1-{number}"
        port = usb / f"1-{number}:1.0/ttyUSB{number}"
        (port / f"tty/ttyUSB{number}").mkdir(parents=True)
        (self.root / f"sys/bus/{driver}").mkdir(parents=True, exist_ok=True)
        (port / "driver").symlink_to(self.root / f"sys/bus/{driver}")
        (port / "latency_timer").write_text("16\n")
        for name, text in (
            ("idVendor", "0403"), ("idProduct", "6001"), ("manufacturer", maker), ("product", "FT232R"),
            ("serial", serial),
        ):  # fmt: skip
            (usb / name).write_text(f"{text}\n")
        tty = self.root / f"sys/class/tty/ttyUSB{number}"
        tty.mkdir()
        (tty / "device").symlink_to(port)
        (self.root / f"dev/ttyUSB{number}").touch()
        by_id = self.root / f"dev/serial/by-id/usb-FTDI_{serial.replace('/', '_')}-if00-port0"
        by_id.unlink(missing_ok=True)
        by_id.symlink_to(self.root / f"dev/ttyUSB{number}")

    def hold(self, pid: int, program: str, device: Path) -> None:
        folder = self.root / f"proc/{pid}"
        (folder / "fd").mkdir(parents=True)
        (folder / "comm").write_text(program + "\n")
        (folder / "fd/3").symlink_to(device)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_adapter_is_listed_by_the_name_that_stays_with_its_ids_and_driver(machine: Machine) -> None:
    machine.plug(3)
    (console := machine.root / "sys/class/tty/tty0").mkdir()
    assert console.exists()
    (port,) = serial_ports.listed(machine.root)
    assert port == SerialPort(
        device="/dev/ttyUSB3", by_id="/dev/serial/by-id/usb-FTDI_A1B2-if00-port0", driver="ftdi_sio", vendor_id="0403",
        product_id="6001", maker="FTDI", product="FT232R", serial="A1B2", latency_ms=16,
    )  # fmt: skip


def test_a_name_without_hardware_behind_it_is_no_port(machine: Machine) -> None:
    machine.plug(0)
    (machine.root / "sys/class/tty/ttyUSB0/type").write_text("0\n")
    assert serial_ports.listed(machine.root) == ()


@pytest.mark.requirement("LINK-02")
def test_holders_are_programs_with_their_process(machine: Machine) -> None:
    machine.plug(0)
    device = machine.root / "dev/ttyUSB0"
    machine.hold(77, "pumpd", device)
    machine.hold(8, "minicom", machine.root / "dev/serial/by-id/usb-FTDI_A1B2-if00-port0")
    machine.hold(9, "bash", machine.root / "dev/null")
    expected = (Holder(program="minicom", pid=8), Holder(program="pumpd", pid=77))
    assert serial_ports.holders(str(device), machine.root) == expected
    assert serial_ports.holders(os.path.realpath(device), machine.root) == expected


def test_a_port_reads_well_in_a_terminal(machine: Machine) -> None:
    machine.plug(0, maker="Evil\x1b[2J")
    (port,) = serial_ports.listed(machine.root)
    lines = list(words_ports.port_lines(port, [Holder(program="pumpd", pid=7)], ["p1 (new_era, address 0): NE-1000"]))
    assert lines == [
        "/dev/serial/by-id/usb-FTDI_A1B2-if00-port0",
        "  /dev/ttyUSB0, USB 0403:6001, Evil?[2J FT232R, driver ftdi_sio",
        "  holds bytes back for up to 16 ms; the rule of `pumpd ports --udev` makes it 1",
        "  held by pumpd (process 7)",
        "  p1 (new_era, address 0): NE-1000",
    ]


def test_the_rule_names_each_adapter_by_its_serial_number_and_no_plug_can_write_a_rule(machine: Machine) -> None:
    machine.plug(0, serial='A1"*, RUN+="/bin/sh', maker="FTDI\nRUN")
    rule = words_ports.udev_rule(serial_ports.listed(machine.root))
    (line,) = [line for line in rule.splitlines() if line.startswith("SUBSYSTEM")]
    assert "RUN+=" not in rule
    assert 'ATTRS{serial}=="A1????RUN???' in line
    assert 'ENV{ID_MM_DEVICE_IGNORE}="1"' in line
    assert 'ATTR{latency_timer}="1"' in rule


def test_adapters_that_cannot_be_told_apart_get_no_rule_by_serial_number(machine: Machine) -> None:
    ports = (
        SerialPort(device="/dev/ttyUSB0", vendor_id="1a86", product_id="7523"),
        SerialPort(device="/dev/ttyUSB1", vendor_id="0403", product_id="6001", serial="X"),
        SerialPort(device="/dev/ttyUSB2", vendor_id="0403", product_id="6001", serial="X"),
    )
    assert not [line for line in words_ports.udev_rule(ports).splitlines() if line.startswith("SUBSYSTEM")]
    assert "by-path" in words_ports.udev_rule(ports)
    empty = words_ports.udev_rule(serial_ports.listed(machine.root))
    assert all(line.startswith("#") or not line for line in empty.splitlines())


@pytest.mark.requirement("LINK-02")
@pytest.mark.parametrize("more", [[], ["--probe"]])
def test_a_held_port_is_never_asked_and_a_port_that_nobody_named_only_where_it_is_wanted(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    machine.plug(0, "HELD")
    machine.plug(1, "UNNAMED")
    machine.hold(77, "pumpd", Path("/dev/ttyUSB0"))
    config = machine.root / "pumpd.toml"
    bus = '[[bus]]\nname = "b"\nport = "/dev/ttyUSB0"\n[[bus.pump]]\nslot = "p1"\ndriver = "new_era"\n'
    config.write_text(
        f'site = "s"\nward = "w"\nbed = "b"\nlibrary = "l"\nregimens = "r"\naccounts = "a"\n{bus}', encoding="utf-8"
    )
    asked: list[str] = []

    async def who_answers(line: object, port: str) -> list[str]:
        assert line is not None
        asked.append(port)
        return ["p1: here"]

    monkeypatch.setattr(cli_ports, "who_answers", who_answers)
    shown = "\n".join(cli_ports.show(config, udev=False, probe=bool(more), root=machine.root))
    assert asked == (["/dev/ttyUSB1"] if more else [])
    assert "held by pumpd (process 77)" in shown
