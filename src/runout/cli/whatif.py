"""``runout whatif``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from runout.api.shock_inputs import named_shock, refuse_no_move
from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.cli.writing import chosen_form
from runout.clock import now_ns
from runout.errors import UsageError

if TYPE_CHECKING:
    from runout.cascade.shock import Shock
    from runout.pipeline.whatif_answers import Setting

Format = Literal["text", "json", "csv", "png", "html"]
Signed = Annotated[str | None, Parameter(allow_leading_hyphen=True)]


def whatif(
    coin: str = "BTC",
    /,
    *,
    at: str | None = None,
    drop: Signed = None,
    rise: Signed = None,
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
    from runout.pipeline.whatif_answers import setting_of  # noqa: PLC0415 - kernels and solver, only where asked for

    provided = {"drop": drop, "rise": rise, "to": to, "sell": sell, "buy": buy}
    asked = any(text is not None for text in provided.values())
    if asked == ladder:
        raise UsageError("expected one of --drop, --rise, --to, --sell, --buy or --ladder; see `runout whatif --help`")
    shock = named_shock(mark="--", **provided) if asked else None
    form: Format = chosen_form(Format, format, out)
    if form == "csv" and shock is not None:
        raise UsageError("expected --ladder with --format csv, found one shock; json has all of it")
    store = open_lake(lake)
    moment = time_option(at) if at else now_ns()
    setting = setting_of(store, coin.upper(), moment, venue=venue.lower() if venue else None)
    if shock is not None:
        refuse_no_move(shock, setting.price)
    built = _rendered(setting, shock, form)
    if out is None:
        sys.stdout.write(built.decode())
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(built)
    screen.console().print(f"wrote {out}", soft_wrap=True, markup=False)


def _rendered(setting: "Setting", shock: "Shock | None", form: Format) -> bytes:
    from runout.pipeline import whatif_tables  # noqa: PLC0415

    colour, width = screen.in_colour(), screen.screen_width()
    if shock is None:
        return whatif_tables.ladder_as(setting, form, colour=colour, width=width)
    return whatif_tables.answer_as(setting, shock, form, colour=colour, width=width)
