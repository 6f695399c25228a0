"""The page on a network: under a certificate, or not at all."""

from __future__ import annotations

import http.client
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from pumpd.config import Config
from pumpd.console.app import main, sealed
from pumpd.errors import ApiError, ConfigError
from pumpd.testing.real_bed import RealBed

EVERYWHERE = "0.0.0.0"  # noqa: S104  # judged, never bound


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return cert, key


@pytest.fixture(scope="module")
def bed(certificate: tuple[Path, Path]) -> Iterator[RealBed]:
    cert, key = certificate
    with RealBed() as real:
        real.begin_pump()
        real.begin_daemon()
        console = real.begin(
            "console", "-m", "pumpd.cli", "console", "--socket", str(real.socket), "--port", "0", "--cert", str(cert),
            "--key", str(key),
        )  # fmt: skip
        console.ready(lambda: console.said().endswith("\n"), "its address")
        real.url = console.said().split()[-1].rstrip("/")
        yield real


def ask(
    bed: RealBed, cert: Path, method: str, path: str, fields: dict[str, str] | None = None
) -> http.client.HTTPResponse:
    context = ssl.create_default_context(cafile=cert)
    connection = http.client.HTTPSConnection(bed.url.removeprefix("https://"), timeout=10, context=context)
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": bed.url}
    connection.request(method, path, urlencode(fields or {}), sent)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


@pytest.mark.requirement("SEC-01")
def test_page_under_a_certificate_keeps_its_cookie_to_itself_and_asks_for_tls_next_time(
    bed: RealBed, certificate: tuple[Path, Path]
) -> None:
    cert, _ = certificate
    assert bed.url.startswith("https://127.0.0.1:")
    looked = ask(bed, cert, "GET", "/")
    assert looked.status == http.client.OK
    assert looked.headers["Strict-Transport-Security"] == "max-age=15552000"
    signed_in = ask(bed, cert, "POST", "/sign-in", {"person": "anna", "pin": "2718", "next": "/"})
    cookie = signed_in.headers["Set-Cookie"].lower()
    assert {"secure", "httponly", "samesite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert ask(bed, cert, "POST", "/stop").status == http.client.SEE_OTHER


def test_plain_words_get_no_answer_where_tls_is_spoken(bed: RealBed) -> None:
    connection = http.client.HTTPConnection(bed.url.removeprefix("https://"), timeout=5)
    connection.request("GET", "/")
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.getresponse()
    connection.close()


@pytest.mark.requirement("SEC-01")
@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.168.1.20", "bed-1.ward.example"])
def test_plain_http_beyond_this_machine_is_refused_with_what_to_do(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--host", host, "--port", "0"]) == 2
    told = capsys.readouterr().err
    assert "in the clear" in told
    assert "--cert FILE --key FILE" in told


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.3.2.1"])
def test_this_machine_itself_needs_none(host: str) -> None:
    assert sealed(host, None, None) is None


def test_half_a_certificate_or_a_wrong_one_is_told(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    with pytest.raises(ApiError, match="belong together"):
        sealed(EVERYWHERE, cert, None)
    with pytest.raises(ApiError, match="no certificate and its key"):
        sealed(EVERYWHERE, key, cert)
    found = sealed(EVERYWHERE, cert, key)
    assert found is not None


def test_configuration_that_serves_pins_in_the_clear_is_refused(bed: RealBed) -> None:
    text = bed.config.read_text(encoding="utf-8")
    altered = bed.folder / "open.toml"
    altered.write_text(f'{text}\n[console]\nhost = "0.0.0.0"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="in the clear"):
        Config.load(altered)
