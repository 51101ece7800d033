"""Positions of one's own as a caller names them: a CSV or TOML file, or mappings with the same names."""

import csv
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec

from runout.api.shock_inputs import Amount, amount
from runout.errors import UsageError
from runout.margin.cross_account import Holding

if TYPE_CHECKING:
    from runout.margin.arrays import Side

Row = Mapping[str, Amount | None]
_NEEDED: Final = ("coin", "side", "quantity", "entry")
_FURTHER: Final = ("leverage", "mark")


class Portfolio(msgspec.Struct, frozen=True):
    """Positions of one account.

    Parameters
    ----------
    holdings
        The positions.
    balance
        Wallet balance in dollars; None: not said with them.
    """

    holdings: tuple[Holding, ...]
    balance: float | None = None


def read_portfolio(files: Iterable[str | Path]) -> Portfolio:
    """Return the positions of all files together.

    A CSV file has a head ``coin,side,quantity,entry`` and, as wished, ``leverage`` and ``mark``; a TOML file a
    ``[[position]]`` with these names for each, and, as wished, ``balance``.

    Parameters
    ----------
    files
        Paths that end in ``.csv`` or ``.toml``.

    Raises
    ------
    UsageError
        If a file is not of that form, or two say a balance.
    """
    holdings: list[Holding] = []
    balances: list[float] = []
    for path in map(Path, files):
        rows, balance = _read(path)
        holdings += [_holding(row, f"{path}, position {number}") for number, row in enumerate(rows, start=1)]
        balances += [] if balance is None else [amount(f"balance in {path}", balance)]
    if len(balances) > 1:
        raise UsageError(f"expected one balance for all files, found {len(balances)}")
    return Portfolio(tuple(holdings), balances[0] if balances else None)


def portfolio_of(positions: "Iterable[Row] | str | Path") -> Portfolio:
    """Return positions of a file, or of mappings with the names of its columns.

    Parameters
    ----------
    positions
        A path, or such as ``[{"coin": "BTC", "side": "long", "quantity": 2, "entry": 60_000}]``.

    Raises
    ------
    UsageError
        As :func:`read_portfolio`.

    Examples
    --------
    >>> portfolio_of([{"coin": "BTC", "side": "long", "quantity": 2, "entry": "60,000"}]).holdings[0].entry
    60000.0
    """
    if isinstance(positions, str | Path):
        return read_portfolio([positions])
    return Portfolio(tuple(_holding(row, f"position {number}") for number, row in enumerate(positions, start=1)))


def _read(path: Path) -> tuple[list[Row], Amount | None]:
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".toml"}:
        raise UsageError(f"expected positions in a file that ends in .csv or .toml, found {str(path)!r}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        if suffix == ".csv":
            return [{k: v or None for k, v in row.items()} for row in csv.DictReader(text.splitlines())], None
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"expected positions in {path}, found: {error}") from error
    unknown = sorted(set(document) - {"position", "balance"})
    rows = document.get("position", [])
    if unknown or not isinstance(rows, list):
        raise UsageError(f"expected [[position]] and balance in {path}, found {', '.join(unknown) or 'position'}")
    return cast("list[Row]", rows), document.get("balance")


def _holding(row: Row, where: str) -> Holding:
    missing = [name for name in _NEEDED if row.get(name) in {None, ""}]
    unknown = [str(name) for name in row if name not in {*_NEEDED, *_FURTHER}]
    if missing or unknown:
        raise UsageError(
            f"expected {', '.join(_NEEDED)} and, as wished, {', '.join(_FURTHER)} in {where}; found "
            + (f"no {', '.join(missing)}" if missing else f"{', '.join(unknown)} as well")
        )
    side = str(row["side"]).strip().lower()
    if side not in {"long", "short"}:
        raise UsageError(f"expected side as long or short in {where}, found {row['side']!r}")
    figures = {name: amount(f"{name} in {where}", value) for name in ("quantity", "entry", "mark")
               if (value := row.get(name)) is not None}  # fmt: skip
    leverage = row.get("leverage")
    return Holding(
        coin=str(row["coin"]).strip(), side=cast("Side", side), quantity=figures["quantity"], entry=figures["entry"],
        leverage=None if leverage is None else amount(f"leverage in {where}", leverage, unit="x"),
        mark=figures.get("mark"),
    )  # fmt: skip
