"""Runout: avalanche forecasting for crypto leverage.

The package root imports nothing heavy: ``import runout`` costs milliseconds, and :func:`open` loads the rest.
"""

from typing import TYPE_CHECKING

from runout import version

if TYPE_CHECKING:
    from pathlib import Path

    from runout.api.remote import Remote
    from runout.api.session import Session

__version__ = version.CODE_VERSION

__all__ = ["__version__", "connect", "open"]


def open(lake: "str | Path") -> "Session":  # noqa: A001 - read as runout.open
    """Open a lake for questions: bulletin, map, forecast, and the rows behind them.

    Parameters
    ----------
    lake
        Folder of the lake, or its ``s3://`` address.

    Raises
    ------
    NotEnoughDataError
        If no lake stands there.
    """
    from runout.api.session import Session  # noqa: PLC0415 - ``import runout`` must stay cheap

    return Session(lake)


def connect(address: str, *, token: str | None = None) -> "Remote":
    """Open a served lake for questions: the answers of :func:`open`, over HTTP.

    Parameters
    ----------
    address
        As ``runout serve`` prints it, such as ``http://127.0.0.1:8420``.
    token
        Of ``runout serve --new-token``, where the server needs it.

    Raises
    ------
    SourceError
        If nothing answers there.
    """
    from runout.api.remote import Remote  # noqa: PLC0415

    return Remote(address, token=token)
