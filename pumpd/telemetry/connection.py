"""One connection to the broker, made so that it can be left: nothing here may hold the daemon's exit.

aiomqtt 2.5 connects in a thread of the loop's pool, and Python waits for such threads before it exits. A name
server that does not answer, a firewall that swallows packets, a broker that freezes in the middle of a TLS
handshake would each keep a daemon alive for seconds after SIGTERM. So a thread of our own, which nobody waits for,
tries the way first (name, TCP, TLS); only when that went through does the client take it.

The client has no way to give up a connection at once either: its disconnect waits for the socket of a broker that
may be frozen. `cut` shuts the socket down, and everything behind it unwinds by the client's own paths.

MQTT 3.1.1: every broker and every dashboard speaks it, and nothing in our payloads leans on what only
MQTT 5 has.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import Final

import aiomqtt

from pumpd.config import Mqtt

REACH_LIMIT_S: Final = 4.0  # name, TCP and TLS; a ward's broker answers within milliseconds
ACK_LIMIT_S: Final = 4.0  # our own timer of loss: MQTT's keep-alive notices a frozen broker after 1.5 periods
CUT_LIMIT_S: Final = 0.2
INCOMING_MAX: Final = 512  # retained topics of one bed when we look for stale ones; more than it can hold
INFLIGHT_MAX: Final = 20  # the broker's usual receive window; we send one at a time


def tls_context(mqtt: Mqtt) -> ssl.SSLContext | None:
    """Raises OSError when a certificate cannot be read."""
    if not mqtt.tls:
        return None
    context = ssl.create_default_context(cafile=None if mqtt.ca_file is None else str(mqtt.ca_file))
    if mqtt.cert_file is not None and mqtt.key_file is not None:
        context.load_cert_chain(str(mqtt.cert_file), str(mqtt.key_file))
    return context


def password(mqtt: Mqtt) -> str | None:
    """Read anew at each connection, so that a changed password needs no restart. Raises OSError."""
    if mqtt.password_file is None:
        return None
    with mqtt.password_file.open(encoding="utf-8") as file:
        return file.readline().rstrip("\r\n")


def _try_the_way(host: str, port: int, context: ssl.SSLContext | None) -> None:
    with socket.create_connection((host, port), timeout=REACH_LIMIT_S) as plain:
        if context is not None:
            with context.wrap_socket(plain, server_hostname=host):
                pass


async def reach(host: str, port: int, context: ssl.SSLContext | None) -> None:
    """Returns when name, TCP and TLS work. Raises OSError (TimeoutError too). May be cancelled at any time."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[None] = loop.create_future()

    def tell(error: OSError | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(None)
        else:
            outcome.set_exception(error)

    def attempt() -> None:
        error: OSError | None = None
        try:
            _try_the_way(host, port, context)
        except OSError as caught:
            error = caught
        except UnicodeError:  # a host name that no name server could be asked for
            error = OSError(f"{host!r} is no host name")
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(tell, error)

    # one at a time: the caller waits for it, and a name server's own limit ends a thread that was left behind
    threading.Thread(target=attempt, name="mqtt-reach", daemon=True).start()
    async with asyncio.timeout(2 * REACH_LIMIT_S):
        await outcome


def client(mqtt: Mqtt, *, identifier: str, will: aiomqtt.Will | None, context: ssl.SSLContext | None) -> aiomqtt.Client:
    """Raises OSError when the password cannot be read."""
    return aiomqtt.Client(
        mqtt.host,
        mqtt.port,
        identifier=identifier,
        username=mqtt.username,
        password=password(mqtt),
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=True,
        will=will,
        keepalive=mqtt.keepalive_s,
        timeout=ACK_LIMIT_S,
        tls_context=context,
        max_queued_incoming_messages=INCOMING_MAX,
        max_inflight_messages=INFLIGHT_MAX,
    )


async def cut(connection: aiomqtt.Client) -> None:
    """Give the connection up at once, without a word to the broker, which will publish the last will."""
    paho = connection._client  # noqa: SLF001, aiomqtt has no abort: see the top of this file
    sock = paho.socket()
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CUT_LIMIT_S):
            while paho.socket() is not None:
                await asyncio.sleep(0.005)  # the loop's reader sees the end of the stream and closes
    lost = connection._disconnected  # noqa: SLF001, as above: its error has been dealt with
    if lost.done() and not lost.cancelled():
        lost.exception()


async def leave(connection: aiomqtt.Client) -> None:
    """Say goodbye properly, so that the broker does not publish the last will."""
    paho = connection._client  # noqa: SLF001, the client's own way out waits longer than an exit may take
    paho.disconnect()
    while paho.socket() is not None:
        await asyncio.sleep(0.005)
