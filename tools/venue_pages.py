"""Write docs/venues/: a page a venue, from its ``venue.toml`` and from what its folder says it can be asked for."""

from collections.abc import Iterable
from pathlib import Path

from runout.clock import format_duration
from runout.sources.registry import NAMED, VENUES, venue_of
from runout.sources.venue import History, Instrument, Venue

PAGES = Path(__file__).resolve().parents[1] / "docs" / "venues"
_ABOUT = (
    "Written by `make docs` from `venue.toml` of the venue's folder: what we take, what it means and since when, "
    "limits, "
    "and what cannot be had."
)
_KINDS = ("liquidations", "bars", "open_interest", "funding", "premium")
_CONTRACTS = (
    ("stablecoin-margined perpetuals", {"market": "perpetual", "margin": "stablecoin", "contract_base": 1.0}),
    ("coin-margined perpetuals", {"market": "perpetual", "margin": "coin", "contract_usd": 1.0}),
    ("dated futures", {"market": "futures", "margin": "stablecoin", "contract_base": 1.0}),
    ("spot pairs", {"market": "spot", "margin": "none", "contract_base": 1.0}),
)


def page(venue: Venue) -> str:
    """Return the page of a venue."""
    facts = venue.facts
    parts = [
        f"# {facts.title}",
        _ABOUT,
        f"**Terms of use.** {facts.terms}" if facts.terms else "",
        "## What can be asked for",
        _table(("contracts", "what", "step", "how far back"), _history_rows(venue)),
        "## What is listened to",
        _table(("what", "streams"), _stream_rows(venue)),
        "## What its liquidations show",
        _table(
            ("from", "until", "capture", "law", "source"),
            [(law.since, law.until, law.capture, law.law, law.source) for law in facts.captures],
        ),
        "## What its figures mean",
        _table(
            ("figure", "from", "until", "meaning", "source"),
            [(c.subject, c.since, c.until, c.says, c.source) for c in facts.conventions],
        ),
        "## Limits",
        "A share of each limit is used, counted for all processes of this machine together.",
        _table(
            ("limit", "weight", "within", "used share", "source"),
            [
                (name, f"{p.weight:,}", f"{p.seconds:g} s", f"{p.share:.0%}", p.source)
                for name, p in facts.pools.items()
            ],
        ),
        "## What cannot be had",
        "\n".join(f"- {sentence}" for sentence in facts.cannot),
        "## What is not settled" if facts.unsettled else "",
        "\n".join(f"- {sentence}" for sentence in facts.unsettled),
        "## Addresses",
        "The setting `venue_hosts` replaces them.",
        _table(("host", "address"), [(f"`{host}`", f"`{address}`") for host, address in facts.hosts.items()]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _history_rows(venue: Venue) -> list[tuple[str, ...]]:
    rows: dict[tuple[str, ...], list[str]] = {}
    for name, fields in _CONTRACTS:
        if name == "spot pairs" and "spot" not in venue.facts.hosts:
            continue
        for history in venue.histories(_sample(venue, fields)):
            rows.setdefault(_history_row(history), []).append(name)
    return [(", ".join(names), *row) for row, names in rows.items()]


def _history_row(history: History) -> tuple[str, ...]:
    step = format_duration(history.step) if history.step else "events"
    return history.purpose, step, format_duration(history.keeps) if history.keeps else "since listing"


def _stream_rows(venue: Venue) -> list[tuple[str, str]]:
    instruments = [_sample(venue, fields) for _, fields in _CONTRACTS]
    rows: list[tuple[str, str]] = []
    for kind in _KINDS:
        names = {s.name for c in venue.connections(instruments, (kind,)) for s in c.streams if s.kind == kind}
        rows.append((kind.replace("_", " "), ", ".join(f"`{name}`" for name in sorted(names)) or "no stream"))
    return rows


def _sample(venue: Venue, fields: dict[str, object]) -> Instrument:
    return Instrument(venue=venue.name, symbol="SYMBOL", coin="COIN", **fields)  # pyright: ignore[reportArgumentType]


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    body = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    if not body:
        return "None."
    names = tuple(columns)
    lines = [names, ("---",) * len(names), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    for name in (*VENUES, *NAMED):
        (PAGES / f"{name}.md").write_text(page(venue_of(name)), encoding="utf-8")
