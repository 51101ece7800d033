"""Text in the columns of a terminal, where an East Asian sign takes two and a combining mark none."""

import unicodedata
from collections.abc import Iterator


def cells(text: str) -> int:
    """Return how many columns a text takes.

    Examples
    --------
    >>> cells("price"), cells("価格")
    (5, 4)
    """
    return len(text) if text.isascii() else sum(_cells(sign) for sign in text)


def cut(text: str, width: int) -> str:
    """Return the beginning of a text that fits into ``width`` columns; at least one sign."""
    used = 0
    for index, sign in enumerate(text):
        used += _cells(sign)
        if used > width and index:
            return text[:index]
    return text


def short(text: str, width: int) -> str:
    """Return text cut to ``width`` columns, with an ellipsis where something was cut.

    Examples
    --------
    >>> short("open interest", 8), short("価格指数", 5)
    ('open in…', '価格…')
    """
    return text if cells(text) <= width else cut(text, width - 1).rstrip() + "…"


def left(text: str, width: int) -> str:
    """Return text filled with blanks to ``width`` columns."""
    return text + " " * (width - cells(text))


def right(text: str, width: int) -> str:
    """Return text pushed right to ``width`` columns."""
    return " " * (width - cells(text)) + text


def rows(text: str, width: int, first: str = "", rest: str = "") -> Iterator[str]:
    """Yield text in rows of at most ``width`` columns, broken between words; a word longer than a row is cut.

    ``first`` and ``rest`` are the margins of the first row and of the others.

    Examples
    --------
    >>> list(rows("at least $58.8M liquidated", 12, "- ", "  "))
    ['- at least', '  $58.8M', '  liquidated']
    """
    row, empty = first, True
    for word in text.split():
        remaining = word
        while remaining:
            room = width - cells(row) - (not empty)
            if cells(remaining) <= room:
                row += remaining if empty else " " + remaining
                remaining, empty = "", False
                continue
            if empty:
                head = cut(remaining, room)
                row, remaining = row + head, remaining[len(head) :]
            yield row
            row, empty = rest, True
    if not empty:
        yield row


def command_rows(command: str, width: int) -> Iterator[str]:
    r"""Yield a command in rows that a shell reads as the one line it is: each but the last ends with a backslash.

    Examples
    --------
    >>> print(*command_rows("runout bulletin BTC --at 2025-08-18T12:00Z", 24), sep="\n")
    runout bulletin BTC \
    --at 2025-08-18T12:00Z
    """
    row = ""
    for word in command.split(" "):
        joined, remaining = (f"{row} {word}" if row else word), word
        if cells(joined) <= width - 2:
            row = joined
            continue
        if row:
            yield row + " \\"
        while cells(remaining) > width - 2:
            head = cut(remaining, width - 2)
            yield head + "\\"
            remaining = remaining[len(head) :]
        row = remaining
    yield row


def _cells(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in {"W", "F"} else 1
