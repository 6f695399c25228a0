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
import math
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Final

import aiomqtt

from pumpd.config import Mqtt
from pumpd.telemetry.outbox import Message

REACH_LIMIT_S: Final = 4.0  # name, TCP and TLS; a ward's broker answers within milliseconds
ACK_LIMIT_S: Final = 4.0  # our own timer of loss: MQTT's keep-alive notices a frozen broker after 1.5 periods
CUT_LIMIT_S: Final = 0.2
_LOOK_S: Final = 0.005
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


def client(
    mqtt: Mqtt,
    *,
    identifier: str,
    will: aiomqtt.Will | None,
    context: ssl.SSLContext | None,
    incoming_max: int = INCOMING_MAX,
) -> aiomqtt.Client:
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
        max_queued_incoming_messages=incoming_max,
        max_inflight_messages=INFLIGHT_MAX,
    )


@contextlib.asynccontextmanager
async def connected(client: aiomqtt.Client) -> AsyncIterator[None]:
    """Connect, and leave nothing behind whatever happens. Raises MqttError."""
    # a task of its own: cancelled in the middle, the client's thread would open a socket that nobody closes
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(entering)
        yield
    finally:
        await asyncio.wait({entering}, timeout=CUT_LIMIT_S)
        entering.cancel()
        await cut(client)
        await asyncio.wait({entering})
        if not entering.cancelled():
            entering.exception()


@contextlib.asynccontextmanager
async def _acknowledged() -> AsyncIterator[float]:
    """Hands out the client's own limit: none. In Python 3.11 its `wait_for` can swallow a cancellation that comes
    together with the answer, and the task that was told to end goes on for ever; `timeout` cannot.
    """
    try:
        async with asyncio.timeout(ACK_LIMIT_S):
            yield math.inf
    except TimeoutError:
        raise TimeoutError(f"the broker did not acknowledge within {ACK_LIMIT_S:g} s") from None


async def publish(client: aiomqtt.Client, message: Message) -> None:
    """Returns when the broker has it (QoS 1) or the socket took it (QoS 0). Raises MqttError or TimeoutError."""
    async with _acknowledged() as limit:
        await client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain, timeout=limit)


async def subscribe(client: aiomqtt.Client, filters: Sequence[str]) -> None:
    """A refused filter is not told; nothing comes then. Raises MqttError or TimeoutError."""
    async with _acknowledged() as limit:
        await client.subscribe([(each, 1) for each in filters], timeout=limit)


async def unsubscribe(client: aiomqtt.Client, filters: Sequence[str]) -> None:
    """Raises MqttError or TimeoutError."""
    async with _acknowledged() as limit:
        await client.unsubscribe(list(filters), timeout=limit)


async def cut(client: aiomqtt.Client) -> None:
    """Give the connection up at once, without a word to the broker, which will publish the last will."""
    paho = client._client  # noqa: SLF001  # aiomqtt has no abort: see the top of this file
    sock = paho.socket()
    if isinstance(sock, socket.socket):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
    await _closed(client, CUT_LIMIT_S)
    lost = client._disconnected  # noqa: SLF001  # as above: its error has been dealt with
    if lost.done() and not lost.cancelled():
        lost.exception()


async def leave(client: aiomqtt.Client, limit_s: float) -> None:
    """Say goodbye, so that the broker does not publish the last will."""
    client._client.disconnect()  # noqa: SLF001  # the client's own way out waits longer than an exit may take
    await _closed(client, limit_s)


async def _closed(client: aiomqtt.Client, limit_s: float) -> None:
    """The loop's reader or writer closes the socket, and the client tells nobody of it."""
    paho = client._client  # noqa: SLF001  # as above
    for _ in range(round(limit_s / _LOOK_S)):
        if paho.socket() is None:
            return
        await asyncio.sleep(_LOOK_S)
