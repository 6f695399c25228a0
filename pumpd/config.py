"""The daemon's own file: which bed, which pumps on which ports, where to publish, where to keep things.

Nothing here can raise a rate or lift a limit: limits stand in the drug library, and the compiled-in ceilings
in core. What stands here is wiring and the site's own, bounded choices. An unknown key is an error
with file, line and a suggestion; a value out of bounds is told with the reason for the bound (toml_file.py).

Paths count from the folder of the file, so that a checkout and /etc/pumpd work the same way. Secrets never
stand in the file: it names the files that hold them.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from pumpd.core.units import NL_PER_ML
from pumpd.errors import ConfigError
from pumpd.toml_file import FilePath, Table, beside, read_text, read_toml

__all__ = [
    "Bedside",
    "Bus",
    "Config",
    "Console",
    "FilePath",
    "Journal",
    "Mqtt",
    "Pump",
    "Samples",
    "Table",
    "check",
    "read_toml",
]

H = TypeVar("H", bound=Hashable)

SOCKET_SCHEME: Final = "socket://"
_SOCKET_PATH_BYTES_MAX: Final = 107  # sun_path of unix(7) less its closing zero
_SLOTS: Final = 4
_PASSWORD_MODE_MASK: Final = 0o077

Word = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$",
        description="a level of every MQTT topic: 1 to 32 of a-z, 0-9 and -, no - at either end",
    ),
]


def is_this_machine(host: str) -> bool:
    """A name or address that never leaves this computer."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _port(text: str, info: ValidationInfo) -> str:
    """A serial device (relative paths count from the file) or `socket://host:port`."""
    if text.startswith(SOCKET_SCHEME):
        host, _, number = text.removeprefix(SOCKET_SCHEME).rpartition(":")
        if not host or not number.isdecimal() or not 0 < int(number) < 65_536:
            raise ValueError("write socket://HOST:PORT, for example socket://127.0.0.1:4001")
        return text
    if "://" in text:
        raise ValueError("only serial devices (/dev/...) and socket://HOST:PORT can be opened")
    if "/" not in text:
        raise ValueError(f"write the whole path, for example /dev/serial/by-id/... or /dev/{text}")
    folder = (info.context or {}).get("folder")
    return text if folder is None else str(beside(folder, text))


class Pump(Table):
    slot: Literal["p1", "p2", "p3", "p4"] = Field(
        description="the pump's place at this bed, p1 to p4: a level of its MQTT topics, so it must not move"
    )
    driver: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="an installed driver, such as new_era")
    address: int = Field(default=0, ge=0, le=247, description="0-99 on New Era, 1-247 on Modbus")
    asset: str = Field(
        default="",
        max_length=64,
        pattern=r"^[ -~]*$",
        description="the label on the housing, for people to compare: many pumps report no serial number",
    )
    map: FilePath | None = Field(default=None, description="the file that describes the pump to generic_modbus")
    options: dict[str, str | int | bool] = Field(default_factory=dict)

    def driver_options(self) -> dict[str, str | int | bool]:
        """The options, and with them the map as it stands in its file: a driver reads no file itself."""
        if self.map is None:
            return self.options
        return self.options | {"map": read_text(self.map), "map_file": str(self.map)}


class Bus(Table):
    """One serial bus or TCP connection, with the pumps that share it."""

    name: Word
    port: Annotated[str, AfterValidator(_port)]
    baud: Literal[300, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = Field(
        default=19200, description="must be what the pump's own menu says; of no meaning on TCP"
    )
    format: Literal["8N1", "8N2", "8E1", "8O1", "7E1", "7O1"] = Field(
        default="8N1",
        description="data bits, parity (None, Even, Odd) and stop bits, as the pump's own menu or manual says",
    )
    pumps: tuple[Pump, ...] = Field(
        alias="pump",
        min_length=1,
        max_length=_SLOTS,
        description="each pump on the bus lengthens the cycle that has to fit in the shortest lease",
    )

    @model_validator(mode="after")
    def _one_pump_an_address(self) -> Self:
        for address in _twice(pump.address for pump in self.pumps):
            raise ValueError(f"two pumps of bus {self.name!r} have the address {address}: both would answer")
        return self


class Mqtt(Table):
    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=1883, ge=1, le=65_535, description="1883, or 8883 with TLS")
    username: str | None = Field(default=None, min_length=1, max_length=128)
    password_file: FilePath | None = Field(default=None, description="the first line of this file")
    tls: bool = False
    ca_file: FilePath | None = Field(default=None, description="the broker's authority; default: the system's")
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    keepalive_s: int = Field(
        default=10, ge=2, le=60, description="the broker publishes the last will 1.5 times this after a crash"
    )
    publish_drug_name: bool = Field(default=False, description="a drug's name on a ward's network is a choice")

    @model_validator(mode="after")
    def _no_secret_in_the_clear(self) -> Self:
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs a username")
        if self.password_file is not None and not self.tls and not self.is_local:
            raise ValueError(f"tls = false would send the password to {self.host} in the clear: set tls = true")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if not self.tls and (self.ca_file or self.cert_file):
            raise ValueError("ca_file and cert_file are of no use with tls = false: set tls = true")
        return self

    @property
    def is_local(self) -> bool:
        return is_this_machine(self.host)


class PauseBoxes(Table):
    """How long a pause may last before the bed reminds: 1 to 30 min for each reason."""

    toilet: int = Field(default=600, ge=60, le=1_800, description="seconds")
    blood_pressure: int = Field(default=300, ge=60, le=1_800, description="seconds; it is taken again by then")
    resiting: int = Field(default=600, ge=60, le=1_800, description="seconds")
    transport: int = Field(default=900, ge=60, le=1_800, description="seconds")
    other: int = Field(default=120, ge=60, le=1_800, description="seconds; a STOP without a reason has 120 too")


SizeMl = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2}$")]
Brand = Annotated[str, Field(min_length=1, max_length=64)]


class Bedside(Table):
    """The site's own choices, inside bounds that the site cannot move."""

    resume_limit_s: int = Field(
        default=900,
        ge=30,
        le=14_400,
        description="after STOP one person may resume for 30 s to 4 h; later a new order has to be reviewed",
    )
    pause_s: PauseBoxes = PauseBoxes()
    deviation: Literal["standard", "tight"] = Field(
        default="standard",
        description="How long a pump may give 10 % too much or too little: 15 min, or 5 min; "
        "an entry of the drug library may ask for tight, too",
    )
    unheard_because: str = Field(
        default="",
        max_length=200,
        pattern=r"^[^\x00-\x1f]*$",
        description="a reason here lets drugs start although no page with its sound on is open",
    )
    syringe_brands: dict[SizeMl, Brand] = Field(
        default_factory=dict,
        description='the one brand that is used here for a size in mL, for example { "60" = "BD" }: each brand has a '
        "bore of its own, and a wrong one is a wrong dose",
    )
    session_idle_s: int = Field(
        default=300,
        ge=30,
        le=3_600,
        description="30 s to 1 h without a click: then the next person at the page is somebody else",
    )

    @property
    def brands(self) -> tuple[tuple[int, str], ...]:
        """Capacity in nanolitres -> the one brand of that size."""
        return tuple((int(size_ml) * NL_PER_ML, brand) for size_ml, brand in self.syringe_brands.items())


class Journal(Table):
    slow_ms: int = Field(
        default=2_000,
        ge=100,
        le=10_000,
        description="a row not durable by then raises an alarm and refuses increases; "
        "above 10 s nobody who tapped start would still be looking",
    )


class Samples(Table):
    rows_max: int = Field(
        default=500_000,
        ge=1_000,
        le=10_000_000,
        description="the oldest measurements are dropped first; a row takes about 80 bytes of disk",
    )


class Console(Table):
    """Where the page listens. Read by the console's own process; the daemon opens no network port."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65_535)
    cert_file: FilePath | None = Field(default=None, description="a host other than this machine itself needs TLS")
    key_file: FilePath | None = None

    @model_validator(mode="after")
    def _nothing_in_the_clear(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if self.cert_file is None and not is_this_machine(self.host):
            raise ValueError(
                f"host = {self.host!r} would send PINs over the network in the clear: name cert_file and key_file, "
                'or host = "127.0.0.1"'
            )
        return self


class Config(Table):
    site: Word
    ward: Word
    bed: Word
    training: bool = Field(
        default=False, description="true: only training regimens and simulated pumps, and every screen says so"
    )
    state_dir: FilePath = Path("/var/lib/pumpd")
    socket: FilePath = Path("/run/pumpd/pumpd.sock")
    library: FilePath
    regimens: FilePath
    accounts: FilePath
    site_key: FilePath | None = Field(default=None, description="one for all beds of a site: their courses travel")
    buses: tuple[Bus, ...] = Field(alias="bus", min_length=1, max_length=_SLOTS)
    mqtt: Mqtt | None = None
    bedside: Bedside = Bedside()
    journal: Journal = Journal()
    samples: Samples = Samples()
    console: Console = Console()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises ConfigError with every mistake of the file."""
        return read_toml(path, cls)

    @field_validator("socket")
    @classmethod
    def _fits_the_kernel(cls, path: Path) -> Path:
        if len(bytes(path)) > _SOCKET_PATH_BYTES_MAX:
            raise ValueError(f"longer than the {_SOCKET_PATH_BYTES_MAX} bytes that a Unix socket's path may have")
        return path

    @model_validator(mode="after")
    def _everything_once(self) -> Self:
        for slot in _twice(pump.slot for pump in self.pumps):
            raise ValueError(f"two pumps have the slot {slot!r}: every order and topic would be ambiguous")
        for name in _twice(bus.name for bus in self.buses):
            raise ValueError(f"two buses have the name {name!r}")
        for port in _twice(bus.port for bus in self.buses):
            raise ValueError(f"two buses share the port {port!r}: put their pumps under one [[bus]]")
        return self

    @property
    def pumps(self) -> tuple[Pump, ...]:
        return tuple(pump for bus in self.buses for pump in bus.pumps)

    @property
    def journal_path(self) -> Path:
        return self.state_dir / "journal.sqlite3"

    @property
    def identities_path(self) -> Path:
        """Who patients are: apart from the journal, so that it can be erased."""
        return self.state_dir / "identities.sqlite3"

    @property
    def drafts_path(self) -> Path:
        return self.state_dir / "drafts.sqlite3"

    @property
    def samples_path(self) -> Path:
        return self.state_dir / "samples.sqlite3"


def check(path: Path) -> list[str]:
    """What the file means, in lines for a person, with `note:` before what deserves a second look.

    Raises ConfigError on what would keep the daemon from starting. Drivers, accounts, library and catalogue
    are judged by the modules that read them.
    """
    config = Config.load(path)
    for key, file in (
        ("library", config.library),
        ("regimens", config.regimens),
        ("accounts", config.accounts),
    ):
        if not file.is_file():
            raise ConfigError(f"{path}: {key}: there is no file {file}")
    if config.site_key is not None and not config.site_key.is_file():
        raise ConfigError(f"{path}: site_key: there is no file {config.site_key}")
    for pump in config.pumps:
        if pump.map is not None and not pump.map.is_file():
            raise ConfigError(f"{path}: map of {pump.slot}: there is no file {pump.map}")
    lines = [f"{path}: good", f"bed {config.site}/{config.ward}/{config.bed}"]
    if config.training:
        lines.append("training: only training regimens can be started, on simulated pumps")
    for bus in config.buses:
        lines.append(f"bus {bus.name}: {bus.port}" + ("" if _is_tcp(bus) else f" at {bus.baud} baud, {bus.format}"))
        for pump in bus.pumps:
            lines.append(f"  {pump.slot}: {pump.driver}, address {pump.address}, {_label(pump)}")
            lines += [] if pump.map is None else [f"      map: {pump.map}"]
    if config.mqtt is None:
        lines.append("mqtt: none, nothing is published")
    else:
        lines.append(f"mqtt: {config.mqtt.host}:{config.mqtt.port}{' with TLS' if config.mqtt.tls else ''}")
    return lines + [f"note: {note}" for note in _notes(config)]


def _notes(config: Config) -> Iterator[str]:
    for bus in config.buses:
        if bus.port.startswith(("/dev/ttyUSB", "/dev/ttyACM")):
            yield (
                f"bus {bus.name}: {bus.port} may become another cable's name at the next plug; "
                "use the name in /dev/serial/by-id"
            )
    if config.bedside.unheard_because:
        yield (
            "bedside.unheard_because: drugs start although no page with its sound on is open, "
            f"because: {config.bedside.unheard_because}"
        )
    if config.site_key is not None:
        yield from _secret_notes("site_key", config.site_key)
    mqtt = config.mqtt
    if mqtt is not None:
        if not mqtt.tls and not mqtt.is_local:
            yield f"mqtt: telemetry goes to {mqtt.host} in the clear; set tls = true"
        if mqtt.publish_drug_name:
            yield "mqtt: the drug's name is published"
        if mqtt.password_file is not None:
            yield from _secret_notes("mqtt.password_file", mqtt.password_file)


def _secret_notes(key: str, file: Path) -> Iterator[str]:
    try:
        mode = file.stat().st_mode
    except OSError as error:
        yield f"{key}: {file}: {error.strerror}"
        return
    if mode & _PASSWORD_MODE_MASK & ~0o040:
        yield f"{key}: {file} can be read by others; chmod 640 {file}"


def _is_tcp(bus: Bus) -> bool:
    return bus.port.startswith(SOCKET_SCHEME)


def _label(pump: Pump) -> str:
    return f"labelled {pump.asset!r}" if pump.asset else "no asset label"


def _twice(values: Iterable[H]) -> list[H]:
    return [value for value, count in Counter(values).items() if count > 1]
