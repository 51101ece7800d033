"""``runout whatif``."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from runout.cascade.shock import Move, Order, Shock, ToPrice
from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.cli.writing import chosen_form
from runout.clock import now_ns
from runout.errors import UsageError

if TYPE_CHECKING:
    from runout.jobs.cascading import Setting

Format = Literal["text", "json", "csv", "png", "html"]
_AMOUNT: Final = re.compile(r"\$?(?P<number>\d+(?:[.,_]\d+)*)(?P<unit>[KMB%]?)", re.IGNORECASE)
_UNITS: Final = {"": 1.0, "%": 0.01, "K": 1e3, "M": 1e6, "B": 1e9}


def whatif(
    coin: str = "BTC",
    /,
    *,
    at: str | None = None,
    drop: str | None = None,
    rise: str | None = None,
    to: str | None = None,
    sell: str | None = None,
    buy: str | None = None,
    ladder: bool = False,
    venue: str | None = None,
    lake: str | None = None,
    format: Format | None = None,  # noqa: A002 - the public name of the flag
    out: Path | None = None,
) -> None:
    """Say what a move or an order would set off: liquidations, where it stops, and how likely it is; inferred.

    Name one of --drop, --rise, --to, --sell and --buy, or --ladder for moves of every size.

    Parameters
    ----------
    coin
        Base asset.
    at
        UTC time, such as 2025-08-18T12:00Z: as it would have been said then; now if absent.
    drop
        A fall of the price, such as 5%.
    rise
        A rise of the price, such as 5%.
    to
        A price that is reached, such as 110000.
    sell
        Dollars sold at market, such as 500M.
    buy
        Dollars bought at market, such as 500M.
    ladder
        A table of moves of every size instead of one.
    venue
        Whose map and books; the one whose map bulletins show if absent.
    lake
        Folder of the lake.
    format
        text, json, csv (with --ladder), png (needs --out) or html; by the name of --out if absent.
    out
        File to write to; stdout if absent.
    """
    from runout.jobs.cascading import setting_of  # noqa: PLC0415 - kernels and solver, only where asked for

    shock = asked_shock(drop=drop, rise=rise, to=to, sell=sell, buy=buy)
    if (shock is None) != ladder:
        raise UsageError("expected one of --drop, --rise, --to, --sell, --buy or --ladder; see `runout whatif --help`")
    form: Format = chosen_form(Format, format, out)
    if form == "csv" and shock is not None:
        raise UsageError("expected --ladder with --format csv, found one shock; json has all of it")
    store = open_lake(lake)
    moment = time_option(at) if at else now_ns()
    setting = setting_of(store, coin.upper(), moment, venue=venue.lower() if venue else None)
    made = _made(setting, shock, form)
    if out is None:
        sys.stdout.write(made.decode())
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(made)
    screen.console().print(f"wrote {out}", soft_wrap=True, markup=False)


def asked_shock(
    *, drop: str | None = None, rise: str | None = None, to: str | None = None, sell: str | None = None,
    buy: str | None = None,
) -> Shock | None:  # fmt: skip
    """Return the shock that one option names; None if none does.

    Parameters
    ----------
    drop, rise
        A share of the price: ``5%`` or ``0.05``.
    to
        Dollars a coin.
    sell, buy
        Dollars: ``500M``.

    Raises
    ------
    UsageError
        If two are named, or an amount is not of the expected form.

    Examples
    --------
    >>> asked_shock(drop="5%"), asked_shock(sell="500M")
    (Move(change=-0.05), Order(side='sell', usd=500000000.0))
    """
    given = {"drop": drop, "rise": rise, "to": to, "sell": sell, "buy": buy}
    named = {name: text for name, text in given.items() if text is not None}
    if len(named) > 1:
        raise UsageError(f"expected one shock, found {', '.join(f'--{name}' for name in named)}; ask one at a time")
    for name, text in named.items():
        if name in {"drop", "rise"}:
            share = _share(name, text)
            return Move(-share if name == "drop" else share)
        if name == "to":
            return ToPrice(_dollars(name, text))
        return Order("sell" if name == "sell" else "buy", _dollars(name, text))
    return None


def _share(name: str, text: str) -> float:
    number, unit = _parts(name, text, "a share of the price such as 5%")
    value = number * _UNITS[unit]
    if unit not in {"", "%"} or not 0.0 <= value < 1.0 or (unit == "" and value > 0.5):
        raise UsageError(f"expected --{name} as a share of the price such as 5%, found {text!r}")
    return value


def _dollars(name: str, text: str) -> float:
    number, unit = _parts(name, text, "dollars such as 110000, 500M or 1.5B")
    if unit == "%":
        raise UsageError(f"expected --{name} in dollars such as 500M, found {text!r}")
    return number * _UNITS[unit]


def _parts(name: str, text: str, form: str) -> tuple[float, str]:
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"expected --{name} as {form}, found {text!r}")
    whole = found["number"].replace("_", "")
    # A comma parts thousands (110,000); as a decimal sign it would be another number, so only whole groups pass.
    if "," in whole and not re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", whole):
        raise UsageError(f"expected --{name} as {form}, found {text!r}: a comma parts thousands here")
    return float(whole.replace(",", "")), found["unit"].upper()


def _made(setting: "Setting", shock: Shock | None, form: Format) -> bytes:
    from runout.jobs import whatif_forms  # noqa: PLC0415

    colour, width = screen.in_colour(), screen.screen_width()
    if shock is None:
        return whatif_forms.ladder_as(setting, form, colour=colour, width=width)
    return whatif_forms.answer_as(setting, shock, form, colour=colour, width=width)
