"""``runout bulletin``."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from msgspec import structs

from runout.bulletin.findings import Bulletin
from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.cli.writing import chosen_forms
from runout.clock import now_ns
from runout.errors import NotEnoughDataError
from runout.pipeline.issue_bulletin import Publication

if TYPE_CHECKING:
    from runout.render.page import Picture

Form = Literal["text", "md", "html", "json"]
Figure = Literal["svg", "png"]
Format = Literal[Form, Figure]
_ALL: Final[tuple[Form, ...]] = ("text", "md", "html", "json")
_FIGURE: Final = "price-liquidations"
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
    all of it. With --out a file name ending in .txt, .md, .html or .json writes that one form, one ending in .svg or
    .png the chart of price and liquidations; a folder gets every form, or the one that --format names.

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
        text, md, html or json; svg or png (with --out): the chart of price and liquidations.
    full
        The whole bulletin instead of one screen.

    Raises
    ------
    NotEnoughDataError
        If the chart is asked for and the bulletin has none.
    """
    destination: tuple[bool, tuple[Format, ...]] = chosen_forms(Format, format, out)
    folder = destination[0]
    forms: Sequence[Format] = _ALL if folder and format is None else destination[1]
    store = open_lake(lake)
    moment = time_option(at) if at else now_ns()
    published = Publication(store, coin.upper(), moment, pictured="html" in forms)
    built = published.bulletin
    drawn = published.pictures() if "html" in forms else {}
    if out is None and forms[0] == "svg":
        sys.stdout.write(_chart(built, "svg").decode())
        return
    if out is None:
        width = screen.readable_width(_WIDEST_FULL if full else screen.READABLE)
        form = cast("Form", forms[0])  # png needs a file
        sys.stdout.write(render(built, form, pictures=drawn, full=full, width=width, colour=screen.in_colour()))
        return
    for path in write(built, out, forms, pictures=drawn, folder=folder):
        screen.console().print(f"wrote {path}", soft_wrap=True)


def render(
    built: Bulletin,
    form: Form,
    *,
    pictures: "Mapping[str, Sequence[Picture]] | None" = None,
    full: bool = True,
    width: int = _WIDEST_FULL,
    colour: bool = False,
) -> str:
    """Return a bulletin in one of its forms.

    Parameters
    ----------
    built, form
        The bulletin, and what to write it as.
    pictures
        Of a page, by key of their section.
    full, width, colour
        Of the text: all of it or one screen, columns, whether styled.
    """
    # Imported here: the text form must not pay for the page's figures.
    if form == "text":
        from runout.render import text  # noqa: PLC0415

        return (text.render if full else text.render_brief)(built, width, colour=colour)
    if form == "md":
        from runout.render import markdown  # noqa: PLC0415

        return markdown.render(built)
    if form == "html":
        from runout.render import page  # noqa: PLC0415

        return page.render(built, pictures or {})
    from runout.render import encoding  # noqa: PLC0415

    return encoding.encode(built).decode()


def write(
    built: Bulletin,
    out: Path,
    forms: Sequence[Format],
    *,
    pictures: "Mapping[str, Sequence[Picture]] | None" = None,
    folder: bool = True,
) -> list[Path]:
    """Write a bulletin, or the chart of it, and return the paths.

    Parameters
    ----------
    built, forms, pictures
        The bulletin, the forms to write, and the pictures of its page by key of their section.
    out, folder
        A ``folder``, which gets one file a form; or the file itself.

    Raises
    ------
    NotEnoughDataError
        If the chart is asked for and the bulletin has none.
    """
    (out if folder else out.parent).mkdir(parents=True, exist_ok=True)
    stem = f"{built.coin}-{built.at.replace(':', '')}"
    paths: list[Path] = []
    for form in forms:
        path = out if not folder else out / f"{stem}.{'txt' if form == 'text' else form}"
        if form == "svg" or form == "png":  # noqa: PLR1714 - so that the type is known
            path.write_bytes(_chart(built, form))
        else:
            path.write_text(render(built, form, pictures=pictures), encoding="utf-8")
        paths.append(path)
    return paths


def _chart(built: Bulletin, form: Figure) -> bytes:
    from runout.bulletin import wording  # noqa: PLC0415 - draws
    from runout.render import figures  # noqa: PLC0415 - draws

    results = next((chart for section in built.sections for chart in section.charts if chart.name == _FIGURE), None)
    if results is None:
        raise NotEnoughDataError(
            f"expected a chart of price and liquidations in the bulletin of {built.coin} at {built.at}, found none: "
            "the lake has no liquidations of the past week; see `runout series`"
        )
    credit = f"Runout leverage bulletin, {wording.moment(built.at)}."
    credited = structs.replace(results, caption=f"{results.caption} {credit}")
    return figures.alone(credited, form, coin=built.coin, synthetic=built.synthetic)
