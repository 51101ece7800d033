"""How the server is run, checked before anything listens."""

import ipaddress
from pathlib import Path
from typing import Final

import msgspec

from runout.errors import ConfigurationError, NotEnoughDataError
from runout.server.tokens import Token

PORT: Final = 8420
LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the server is run.

    Parameters
    ----------
    lake
        Folder or ``s3://`` address.
    host, port
        Where it listens.
    tokens
        Who may ask; nobody needs a token where there are none.
    hosts
        Names besides loopback and ``host`` that requests may be addressed to.
    origins
        Pages of other sites that may read answers; none by default.
    workers
        Processes for models, each of which takes up to 400 MB while it computes.
    answer_seconds
        After which a computation is given up.
    waiting
        Computations that may wait for a worker; further ones are refused with 503.
    requests_per_second
        Of one address.
    poll_seconds
        Between two looks at the lake.
    positions
        File of positions that a venue publishes; None: the map has no measured levels.
    page
        Folder of the built page.
    """

    lake: str
    host: str = "127.0.0.1"
    port: int = PORT
    tokens: tuple[Token, ...] = ()
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    workers: int = 2
    answer_seconds: float = 120.0
    waiting: int = 16
    requests_per_second: int = 100
    poll_seconds: float = 0.25
    positions: Path | None = None
    page: Path = Path(__file__).parent / "page"

    def allowed_hosts(self) -> frozenset[str]:
        """Return the names that a request may be addressed to, lower case, without port."""
        return frozenset(name.lower() for name in (*LOOPBACK_NAMES, self.host, *self.hosts))


def changed_at(file: Path) -> int:
    """Return when a file was last changed, UTC ns.

    Raises
    ------
    NotEnoughDataError
        If it is gone.
    """
    try:
        return file.stat().st_mtime_ns
    except OSError as error:
        raise NotEnoughDataError(f"published positions cannot be read: {error}") from error


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(settings: Settings) -> None:
    """Refuse settings that would show a lake to strangers.

    Raises
    ------
    ConfigurationError
        If others could reach the server and no token is needed.
    """
    if not is_loopback(settings.host) and not settings.tokens:
        raise ConfigurationError(
            f"{settings.host} can be reached from other machines and no token is set: make one with "
            "`runout serve --new-token NAME`, or listen on 127.0.0.1 (the default)"
        )
