"""The pages of the documentation, taken apart: headings, links, blocks, tables. For the tests of this folder."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = tuple(
    sorted([*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")], key=lambda page: page.relative_to(REPOSITORY).as_posix())
)
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    language: str
    body: str


def name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """Return a page without its fenced blocks, each paragraph on one line."""
    return re.sub(r"(?<=\S)\n(?=[^\s|#>-])", " ", _FENCE.sub("", text(page)))


def blocks(language: str) -> Iterator[Block]:
    for page in PAGES:
        for match in _FENCE.finditer(text(page)):
            if match["language"] == language:
                yield Block(name(page), language, match["body"])


def inline_code(page: Path) -> list[str]:
    return _INLINE.findall(prose(page))


def links(page: Path) -> list[str]:
    return _LINK.findall(_INLINE.sub("", prose(page)))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the renderers make them."""
    titles = re.findall(r"^#{1,6} (.+)$", _FENCE.sub("", text(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def section(page: Path, title: str) -> str:
    """Return what stands under a heading, up to the next heading of its level or above."""
    head = re.search(rf"^(#+) {re.escape(title)}\n", text(page), re.MULTILINE)
    assert head is not None, f"{name(page)} has no section {title!r}"
    rest = text(page)[head.end() :]
    following = re.search(rf"^#{{1,{len(head[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def table(body: str) -> list[list[str]]:
    """Return the cells of the first table of a text, without its head."""
    lines = [line for line in body.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
