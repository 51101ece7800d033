"""File names: which endpoint, coin, venue and step a file holds, and when it was fetched.

``endpoint[_COIN[_VENUE]]__STEP.parquet`` and ``snap_endpoint_COIN.parquet`` are exports, ``name.csv`` the daily ones;
what the API answered is kept under the same names, with the moment it was asked: ``….20250818T120000Z.1.json.gz``.
"""

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, from_datetime, to_datetime
from runout.sources.coinglass import daily, history, snapshots
from runout.sources.coinglass.feed import Endpoint

_UNITS = {"m": NANOSECONDS_PER_MINUTE, "h": NANOSECONDS_PER_HOUR, "d": NANOSECONDS_PER_DAY}
_FETCHED_FORMAT = "%Y%m%dT%H%M%SZ"


class File(msgspec.Struct, frozen=True, kw_only=True):
    """What a file name says.

    Parameters
    ----------
    endpoint
        The endpoint's entry.
    form
        ``parquet``, ``csv`` or ``json``.
    coin
        Coin; empty where rows hold it.
    venue
        Venue as written in the name; empty where there is none.
    step
        Nanoseconds between rows; 0 for lists taken at one moment.
    fetched
        UTC ns at which the API answered; None for exports.
    """

    endpoint: Endpoint
    form: str
    coin: str = ""
    venue: str = ""
    step: int = 0
    fetched: int | None = None

    @property
    def edition(self) -> str | None:
        """The vintage of every row of a fetched file."""
        return None if self.fetched is None else fetched_text(self.fetched)


def _alternatives(endpoints: tuple[Endpoint, ...]) -> str:
    return "|".join(re.escape(endpoint.name) for endpoint in endpoints)


_COIN = r"(?P<coin>[A-Z0-9]{2,15})"
_FORM = r"(?:\.(?P<fetched>\d{8}T\d{6}Z)(?:\.\d+)?\.(?P<json>json)(?:\.gz)?|\.(?P<parquet>parquet))"
_HISTORY = (
    rf"(?P<endpoint>{_alternatives(history.ENDPOINTS)})"
    rf"(?:_{_COIN}(?:_(?P<venue>[A-Z0-9.]+))?)?__(?P<step>[1-9]\d{{0,2}}[mhd]){_FORM}"
)
_PATTERNS: Final = (
    (history.ENDPOINTS, _HISTORY),
    (snapshots.ENDPOINTS, rf"snap_(?P<endpoint>{_alternatives(snapshots.ENDPOINTS)})_{_COIN}{_FORM}"),
    (daily.ENDPOINTS, rf"(?P<endpoint>{_alternatives(daily.ENDPOINTS)})\.(?P<csv>csv)(?:\.gz)?"),
)


def read_name(name: str) -> File | None:
    """Return what a file name says, None where it is no name of this provider."""
    for endpoints, pattern in _PATTERNS:
        if (results := re.fullmatch(pattern, name)) is not None:
            groups = results.groupdict()
            endpoint = next(item for item in endpoints if item.name == groups["endpoint"])
            form = next(form for form in ("parquet", "csv", "json") if groups.get(form))
            try:
                fetched = _moment(groups["fetched"]) if groups.get("fetched") else None
            except ValueError:
                return None
            return File(
                endpoint=endpoint,
                form=form,
                coin=groups.get("coin") or ("" if endpoint.coin else "BTC"),
                venue=groups.get("venue") or "",
                step=_step(groups.get("step") or ("1d" if form == "csv" else "")),
                fetched=fetched,
            )
    return None


def fetched_text(fetched: int) -> str:
    """Return the moment of a request as it stands in file names, to the second."""
    return to_datetime(fetched).strftime(_FETCHED_FORMAT)


def parse_step(text: str) -> int:
    """Return nanoseconds of a step such as ``4h``; 0 where it is none."""
    return _step(text) if re.fullmatch(r"[1-9]\d{0,2}[mhd]", text) else 0


def _step(text: str) -> int:
    return int(text[:-1]) * _UNITS[text[-1]] if text else 0


def _moment(text: str) -> int:
    return from_datetime(datetime.strptime(text, _FETCHED_FORMAT).replace(tzinfo=UTC))
