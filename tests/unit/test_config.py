"""A mistake in a configuration file is told with file, line, key and the fix; none is ever ignored."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from pumpd.config import Config, FilePath, Table, check, read_toml
from pumpd.errors import ConfigError
from pumpd.toml_lines import line_of_each_key, nearest_line

REPOSITORY = Path(__file__).parents[2]
SHIPPED = REPOSITORY / "config"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The shipped configuration with one change."""
    text = (SHIPPED / "pumpd.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "pumpd.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def mistakes(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Config.load(path)
    return str(caught.value).splitlines()


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("name", ["pumpd.toml", "demo.toml"])
def test_the_shipped_files_are_good(name: str) -> None:
    config = Config.load(SHIPPED / name)
    assert [pump.slot for pump in config.pumps] == ["p1"]


def test_defaults_are_what_the_shipped_file_says_they_are() -> None:
    shipped = Config.load(SHIPPED / "pumpd.toml")
    plain = Config.model_validate(
        {
            "site": "s",
            "ward": "w",
            "bed": "b",
            "library": "l",
            "regimens": "r",
            "accounts": "a",
            "bus": [{"name": "cart", "port": "/dev/x", "pump": [{"slot": "p1", "driver": "new_era"}]}],
        }
    )
    for key in ("training", "state_dir", "socket", "bedside", "journal", "samples", "console"):
        assert getattr(shipped, key) == getattr(plain, key), key


def test_misspelt_key_names_file_line_key_and_the_nearest_valid_one(tmp_path: Path) -> None:
    path = changed(tmp_path, "resume_limit_s", "resume_limt_s")
    assert mistakes(path) == [
        f"{path}:{line_of(path, 'resume_limt_s')}: unknown key 'bedside.resume_limt_s'; did you mean 'resume_limit_s'?"
    ]


def test_misspelt_key_in_an_array_of_tables_is_found(tmp_path: Path) -> None:
    path = changed(tmp_path, 'driver = "new_era"', 'drivr = "new_era"')
    missing, unknown = mistakes(path)
    assert "'bus[0].pump[0].driver' is missing" in missing
    assert unknown == (f"{path}:{line_of(path, 'drivr')}: unknown key 'bus[0].pump[0].drivr'; did you mean 'driver'?")


def test_key_like_no_other_lists_what_is_valid(tmp_path: Path) -> None:
    (text,) = mistakes(changed(tmp_path, "slow_ms = 2000", "zzz = 2000"))
    assert text.endswith("unknown key 'journal.zzz'; valid here: slow_ms")


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = changed(tmp_path, "baud = 19200", "baud = 19201")
    path.write_text(path.read_text().replace("session_idle_s = 300", "session_idle_s = 3"), encoding="utf-8")
    path.write_text(path.read_text().replace('bed = "', 'bd = "'), encoding="utf-8")
    _, unknown, first, second = mistakes(path)
    assert unknown.startswith(f"{path}:{line_of(path, 'bd =')}: unknown key 'bd'")
    assert first.startswith(f"{path}:{line_of(path, 'baud =')}: bus[0].baud = 19201: ")
    assert second.startswith(f"{path}:{line_of(path, 'session_idle_s')}: bedside.session_idle_s = 3: ")


def test_a_broken_bound_is_told_with_its_reason(tmp_path: Path) -> None:
    (text,) = mistakes(changed(tmp_path, "resume_limit_s = 900", "resume_limit_s = 99999"))
    assert "less than or equal to 14400" in text
    assert "a new order has to be reviewed" in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("training = false", 'training = "false"', "valid boolean"),
        ("training = false", "training = 0", "valid boolean"),
        ("address = 0", 'address = "0"', "valid integer"),
        ("address = 0", "address = 0.5", "valid integer"),
        ("address = 0", "address = 1e3", "valid integer"),
        ("address = 0", "address = 248", "less than or equal to 247"),
        ('ward = "pain-clinic"', 'ward = "Pain/Clinic"', "a level of every MQTT topic"),
        ('ward = "pain-clinic"', 'ward = "+"', "a level of every MQTT topic"),
        ('slot = "p1"', 'slot = "p5"', "'p1', 'p2', 'p3' or 'p4'"),
        ('host = "127.0.0.1"\nport = 1883', 'host = "h"\nport = 0', "greater than or equal to 1"),
        ('socket = "/run/pumpd/pumpd.sock"', f'socket = "/{"x" * 107}"', "107 bytes"),
        ("publish_drug_name", 'username = "u"\npassword_file = "f"\nkeepalive_s = 61\npublish_drug_name', "60"),
    ],
)
def test_a_wrong_value_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    (text,) = mistakes(changed(tmp_path, old, new))
    assert said in text


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("ttyUSB0", "/dev/ttyUSB0"),
        ("socket://pump", "socket://HOST:PORT"),
        ("socket://pump:0", "socket://HOST:PORT"),
        ("socket://pump:65536", "socket://HOST:PORT"),
        ("rfc2217://pump:23", "only serial devices"),
    ],
)
def test_a_port_that_cannot_be_opened_is_refused(tmp_path: Path, port: str, said: str) -> None:
    old = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A1B2C3D4-if00-port0"
    (text,) = mistakes(changed(tmp_path, old, port))
    assert said in text


def second_bus(name: str = "shelf", port: str = "socket://10.0.0.7:4001", slot: str = "p2") -> str:
    pump = f'[[bus.pump]]\nslot = "{slot}"\ndriver = "new_era"\n'
    return f'[[bus]]\nname = "{name}"\nport = "{port}"\n{pump}\n[mqtt] '


@pytest.mark.parametrize(
    ("bus", "said"),
    [
        (second_bus(slot="p1"), "two pumps have the slot 'p1'"),
        (second_bus(name="cart"), "two buses have the name 'cart'"),
        (
            second_bus(port="/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A1B2C3D4-if00-port0"),
            "put their pumps under one [[bus]]",
        ),
    ],
)
def test_what_must_be_unique_is(tmp_path: Path, bus: str, said: str) -> None:
    (text,) = mistakes(changed(tmp_path, "[mqtt] ", bus))
    assert said in text


def test_two_buses_of_one_pump_each_are_good(tmp_path: Path) -> None:
    config = Config.load(changed(tmp_path, "[mqtt] ", second_bus()))
    assert [(bus.name, bus.pumps[0].slot) for bus in config.buses] == [("cart", "p1"), ("shelf", "p2")]


def test_two_pumps_of_one_address_on_a_bus_are_refused(tmp_path: Path) -> None:
    twin = '[[bus.pump]]\nslot = "p2"\ndriver = "new_era"\naddress = 0\n\n[mqtt] '
    (text,) = mistakes(changed(tmp_path, "[mqtt] ", twin))
    assert "two pumps of bus 'cart' have the address 0" in text


@pytest.mark.requirement("SEC-01")
def test_a_password_never_goes_to_another_machine_in_the_clear(tmp_path: Path) -> None:
    secret = 'host = "broker.ward"\nusername = "u"\npassword_file = "f"\n#'
    (text,) = mistakes(changed(tmp_path, 'host = "127.0.0.1"\nport = 1883', secret))
    assert "in the clear: set tls = true" in text
    local = Config.load(
        changed(tmp_path, "publish_drug_name", 'username = "u"\npassword_file = "f"\npublish_drug_name')
    )
    assert local.mqtt is not None
    assert local.mqtt.password_file == tmp_path / "f"


def test_relative_paths_count_from_the_file_and_keep_their_links(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    (tmp_path / "pump").symlink_to("/dev/null")
    path = changed(folder, 'state_dir = "/var/lib/pumpd"', 'state_dir = "../var/state"')
    old = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A1B2C3D4-if00-port0"
    path.write_text(path.read_text(encoding="utf-8").replace(old, "../pump"), encoding="utf-8")
    config = Config.load(path)
    assert config.library == folder / "drug-library.toml"
    assert config.state_dir == tmp_path / "var/state"
    assert config.buses[0].port == str(tmp_path / "pump")


def test_text_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    (text,) = mistakes(changed(tmp_path, "training = false", "training = "))
    assert "this is not TOML" in text
    assert "line 8" in text


def test_a_file_that_is_missing_or_not_text_is_one_clear_line(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "none.toml") == [
        f"{tmp_path / 'none.toml'}: there is no such file; say which one with --config FILE"
    ]
    (tmp_path / "latin.toml").write_bytes(b"# one\n# \xe9\n")
    assert mistakes(tmp_path / "latin.toml") == [f"{tmp_path / 'latin.toml'}:2: not UTF-8 text; save the file as UTF-8"]
    assert "cannot be read" in mistakes(tmp_path)[0]


def test_check_says_what_the_file_means_and_what_deserves_a_second_look(tmp_path: Path) -> None:
    for name in ("drug-library.toml", "regimens.toml", "accounts.toml"):
        (tmp_path / name).touch()
    old = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A1B2C3D4-if00-port0"
    lines = check(changed(tmp_path, old, "/dev/ttyUSB0"))
    assert "bed north-hospital/pain-clinic/bed-1" in lines
    assert "  p1: new_era, address 0, labelled 'NE-1000 No. 17'" in lines
    assert [line for line in lines if line.startswith("note:")] == [
        (
            "note: bus cart: /dev/ttyUSB0 may become another cable's name at the next plug; "
            "use the name in /dev/serial/by-id"
        )
    ]


def test_check_refuses_a_file_that_points_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="library: there is no file"):
        check(changed(tmp_path, "training", "training"))


# --- read_toml, for whatever model


class Colour(Enum):
    RED = "red"


class Leaf(Table):
    kind: Literal["leaf"]
    colour: Colour = Colour.RED
    mass_mg: Decimal = Decimal(0)


class Branch(Table):
    kind: Literal["branch"]
    file: FilePath | None = None


class Tree(Table):
    parts: tuple[Leaf | Branch, ...] = Field(default=())
    named: dict[str, Leaf] = {}  # noqa: RUF012  # pydantic copies it


def tree(tmp_path: Path, text: str) -> Tree:
    path = tmp_path / "tree.toml"
    path.write_text(text, encoding="utf-8")
    return read_toml(path, Tree)


def test_decimals_are_exact_and_enums_and_tuples_are_read(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        'parts = [{kind = "leaf", colour = "red", mass_mg = 0.100000000000000000001}, {kind = "branch", file = "x"}]',
    )
    assert found.parts == (
        Leaf(kind="leaf", colour=Colour.RED, mass_mg=Decimal("0.100000000000000000001")),
        Branch(kind="branch", file=tmp_path / "x"),
    )


def test_a_mistake_inside_a_union_or_an_inline_table_is_found(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        tree(tmp_path, 'parts = [\n  {kind = "branch"},\n  {kind = "leaf", colur = "red"},\n]\n')
    unknown = f"{tmp_path / 'tree.toml'}:3: unknown key 'parts[1].colur'; did you mean 'colour'?"
    assert unknown in str(caught.value).splitlines()


def test_a_mistake_below_a_named_table_is_found(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        tree(tmp_path, '[named."a.b"]\nkind = "leaf"\n\n[named.c]\nkind = "leaf"\ncolor = "red"\n')
    assert str(caught.value) == (f"{tmp_path / 'tree.toml'}:6: unknown key 'named.c.color'; did you mean 'colour'?")


# --- where keys stand

WORDS = st.text("abc-_1", min_size=1, max_size=4)
PLAIN = st.one_of(
    st.integers(-5, 5).map(str),
    st.booleans().map(lambda value: str(value).lower()),
    st.sampled_from(['"a # b"', "'c ] d'", '"""x\n"" } y"""', "'''e\n[f]\n'''", "1979-05-27T07:32:00Z", '"\\" = ,"']),
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ", # ]\n".join([*items, ""]) + "]"),
        st.dictionaries(WORDS, PLAIN.filter(lambda text: "\n" not in text), max_size=3).map(
            lambda items: "{" + ", ".join(f"{key} = {value}" for key, value in items.items()) + "}"
        ),
    ),
    max_leaves=6,
)


def every_path(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    below: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    return [found for key, inner in below for found in [(*path, key), *every_path(inner, (*path, key))]]


@given(st.lists(st.tuples(WORDS, st.dictionaries(WORDS, VALUES, max_size=3)), max_size=4))
def test_the_walk_finds_exactly_the_keys_that_tomllib_finds(tables: list[tuple[str, dict[str, str]]]) -> None:
    text = "".join(
        f"[[t.{name}]] # [no]\n" + "".join(f"{key}\t= {value} # note\n" for key, value in pairs.items())
        for name, pairs in tables
    )
    assert set(line_of_each_key(text)) == set(every_path(tomllib.loads(text)))


def test_lines_are_where_an_editor_shows_them() -> None:
    text = 'a = 1\n\n[b.c]\n"d e" = """\nx\n"""\nf = [\n  1,\n  {g = 2},\n]\n[[h]]\ni.j = 1\n[[h]]\ni.j = 2\n'
    lines = line_of_each_key(text)
    assert lines["a",] == 1
    assert lines["b", "c"] == 3
    assert lines["b", "c", "d e"] == 4
    assert lines["b", "c", "f", 1, "g"] == 9
    assert lines["h", 1, "i", "j"] == 14
    assert nearest_line(lines, ("h", 1, "missing")) == 13
    assert nearest_line(lines, ("missing",)) == 1
