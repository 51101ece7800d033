"""``runout bulletin``."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from runout.bulletin.findings import Bulletin
from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.cli.writing import chosen_forms
from runout.clock import now_ns
from runout.jobs.publishing import Publication

if TYPE_CHECKING:
    from runout.bulletin.page import Picture

Format = Literal["text", "md", "html", "json"]
_WIDEST_FULL: Final = 120


def bulletin(
    coin: str = "BTC",
    /,
    *,
    at: str | None = None,
    lake: str | None = None,
    out: Path | None = None,
    format: Format | None = None,  # noqa: A002 - the name of the option
    full: bool = False,
) -> None:
    """Write the bulletin of a coin as of a moment: what was known then, and nothing later.

    It prints one screen; --full prints all of it with its evidence. The formats md, html and json, and --out, write
    all of it. With --out a file name ending in .txt, .md, .html or .json writes that one form; a folder gets every
    form, or the one that --format names.

    Parameters
    ----------
    coin
        Base asset, such as BTC.
    at
        UTC time, such as 2025-08-18T12:00Z; now if absent.
    lake
        Folder of the lake.
    out
        File or folder to write to.
    format
        text, md, html or json.
    full
        The whole bulletin instead of one screen.
    """
    destination: tuple[bool, tuple[Format, ...]] = chosen_forms(Format, format, out)
    folder, forms = destination
    store = open_lake(lake)
    moment = time_option(at) if at else now_ns()
    published = Publication(store, coin.upper(), moment, pictured="html" in forms)
    made = published.bulletin
    drawn = published.pictures() if "html" in forms else {}
    if out is None:
        width = screen.readable_width(_WIDEST_FULL if full else screen.READABLE)
        sys.stdout.write(render(made, forms[0], pictures=drawn, full=full, width=width, colour=screen.in_colour()))
        return
    for path in write(made, out, forms, pictures=drawn, folder=folder):
        screen.console().print(f"wrote {path}", soft_wrap=True)


def render(
    made: Bulletin,
    form: Format,
    *,
    pictures: "Mapping[str, Sequence[Picture]] | None" = None,
    full: bool = True,
    width: int = _WIDEST_FULL,
    colour: bool = False,
) -> str:
    """Return a bulletin in one of its forms.

    Parameters
    ----------
    made, form
        The bulletin, and what to write it as.
    pictures
        Of a page, by key of their section.
    full, width, colour
        Of the text: all of it or one screen, columns, whether styled.
    """
    # Imported here: the text form must not pay for the page's figures.
    if form == "text":
        from runout.bulletin import text  # noqa: PLC0415

        return (text.render if full else text.render_brief)(made, width, colour=colour)
    if form == "md":
        from runout.bulletin import markdown  # noqa: PLC0415

        return markdown.render(made)
    if form == "html":
        from runout.bulletin import page  # noqa: PLC0415

        return page.render(made, pictures or {})
    from runout.bulletin import encoding  # noqa: PLC0415

    return encoding.encode(made).decode()


def write(
    made: Bulletin,
    out: Path,
    forms: Sequence[Format],
    *,
    pictures: "Mapping[str, Sequence[Picture]] | None" = None,
    folder: bool = True,
) -> list[Path]:
    """Write a bulletin, and return the paths.

    Parameters
    ----------
    made, forms, pictures
        The bulletin, the forms to write, and the pictures of its page by key of their section.
    out, folder
        A ``folder``, which gets one file a form; or the file itself.
    """
    (out if folder else out.parent).mkdir(parents=True, exist_ok=True)
    stem = f"{made.coin}-{made.at.replace(':', '')}"
    paths: list[Path] = []
    for form in forms:
        path = out if not folder else out / f"{stem}.{'txt' if form == 'text' else form}"
        path.write_text(render(made, form, pictures=pictures), encoding="utf-8")
        paths.append(path)
    return paths
