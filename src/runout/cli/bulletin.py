"""``runout bulletin``."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from runout.bulletin.findings import Bulletin
from runout.cli.configuration import configuration, time_option
from runout.clock import now_ns
from runout.jobs.publishing import pictures_of, publish
from runout.lake import Lake

if TYPE_CHECKING:
    from runout.bulletin.page import Picture

Format = Literal["text", "md", "html", "json"]


def bulletin(
    coin: str = "BTC",
    /,
    *,
    at: str | None = None,
    lake: str | None = None,
    out: Path | None = None,
    format: Format | None = None,  # noqa: A002 - the name of the option
) -> None:
    """Write the bulletin of a coin as of a moment: what was known then, and nothing later.

    Without --out it goes to stdout, as text unless --format says otherwise. With --out it is written to that folder,
    in every format unless --format names one.

    Parameters
    ----------
    coin
        Base asset, such as BTC.
    at
        UTC time, such as 2025-08-18T12:00Z; now if absent.
    lake
        Folder of the lake.
    out
        Folder to write to.
    format
        text, md, html or json.
    """
    store = Lake.open(lake or configuration().lake)
    moment = time_option(at) if at else now_ns()
    made = publish(store, coin.upper(), moment)
    forms: list[Format] = [format] if format else ["text"] if out is None else ["text", "md", "html", "json"]
    drawn = pictures_of(store, made, moment) if "html" in forms else {}
    if out is None:
        sys.stdout.write(render(made, forms[0], pictures=drawn, colour=sys.stdout.isatty()))
        return
    for path in write(made, out, forms, pictures=drawn):
        Console(highlight=False).print(f"wrote {path}", soft_wrap=True)


def render(
    made: Bulletin, form: Format, *, pictures: "Mapping[str, Sequence[Picture]] | None" = None, colour: bool = False
) -> str:
    """Return a bulletin in one of its forms; a page with the pictures given, by key of their section."""
    # Imported here: the text form must not pay for the page's figures.
    if form == "text":
        from runout.bulletin import text  # noqa: PLC0415

        return text.render(made, colour=colour)
    if form == "md":
        from runout.bulletin import markdown  # noqa: PLC0415

        return markdown.render(made)
    if form == "html":
        from runout.bulletin import page  # noqa: PLC0415

        return page.render(made, pictures or {})
    from runout.bulletin import encoding  # noqa: PLC0415

    return encoding.encode(made).decode()


def write(
    made: Bulletin, out: Path, forms: Sequence[Format], *, pictures: "Mapping[str, Sequence[Picture]] | None" = None
) -> list[Path]:
    """Write a bulletin to a folder, one file a form, and return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    stem = f"{made.coin}-{made.at.replace(':', '')}"
    paths: list[Path] = []
    for form in forms:
        path = out / f"{stem}.{'txt' if form == 'text' else form}"
        path.write_text(render(made, form, pictures=pictures), encoding="utf-8")
        paths.append(path)
    return paths
