"""Granian in this process and this event loop, until it is told to stop."""

import asyncio
import signal
import socket
from collections.abc import Callable

from granian.constants import Interfaces
from granian.server.embed import Server

from runout.errors import UsageError
from runout.server.app import framework
from runout.server.gate import Gate
from runout.server.settings import Settings, check
from runout.server.tail import Tail


async def serve(
    settings: Settings,
    *,
    ready: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
    tail: Tail | None = None,
) -> None:
    """Serve until ``stop`` is set, or SIGINT or SIGTERM comes.

    Parameters
    ----------
    settings
        Checked before anything listens.
    ready
        Called with the address as soon as it listens.
    stop
        Ends the server; signals do if absent.
    tail
        Where news come from; the lake if absent.

    Raises
    ------
    ConfigurationError
        If others could reach the server and no token is needed.
    UsageError
        If the port is taken.
    """
    check(settings)
    _require_free(settings)
    ending = stop or asyncio.Event()
    if stop is None:
        loop = asyncio.get_running_loop()
        for item in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(item, ending.set)
    app = framework(settings, tail)
    server = Server(
        Gate(app, settings),
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=True,
    )
    running = asyncio.ensure_future(server.serve())
    await _listening(settings, running)
    if ready is not None:
        ready(address(settings))
    waiting = asyncio.ensure_future(ending.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    app.state.channel.close()
    server.stop()
    await running


def address(settings: Settings) -> str:
    """Return the address of the page."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}/"


def _require_free(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise UsageError(
                f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}); "
                "is another `runout serve` running there? Choose another with --port"
            ) from error


async def _listening(settings: Settings, running: "asyncio.Future[None]") -> None:
    while not running.done():
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
