"""Bringing the rows of kept answers into the lake: few files, few commits, and nothing noted as stored before it is."""

import hashlib
from collections.abc import Callable

import msgspec
import polars as pl

from runout.errors import SchemaError
from runout.lake import Lake
from runout.pipeline.backfill_journal import Journal, KeptPage
from runout.records import KINDS
from runout.sources.protocol import REFUSED_SCHEMA
from runout.sources.venue import Page, Rows

_BUFFER_ROWS = 150_000


class Store:
    """Gathers rows of pages and brings them into the lake together.

    Parameters
    ----------
    lake, journal
        Where rows go, and where it is noted that they are stored.
    read
        Reads a kept answer.
    """

    def __init__(self, lake: Lake, journal: Journal, read: Callable[[KeptPage], Page]) -> None:
        self._lake, self._journal, self._read = lake, journal, read
        self._pages: list[tuple[KeptPage, Rows]] = []
        self._waiting = 0
        self.added = self.refused = self.conflicting = 0
        self.unknown: dict[str, dict[str, int]] = {}
        self.cases: dict[str, dict[str, int]] = {}

    def add(self, kept: KeptPage, page: Page | None = None) -> None:
        """Take the rows of a page; one that cannot be read is refused as a whole."""
        if page is None:
            try:
                page = self._read(kept)
            except SchemaError as error:
                page = Page(
                    rows=Rows(refused=pl.DataFrame([(0, str(error), kept.answer.body)], REFUSED_SCHEMA, orient="row"))
                )
        self._pages.append((kept, page.rows))
        self._waiting += sum(table.height for table in page.rows.tables.values())
        for kept_counts, text in ((self.unknown, page.rows.unknown), (self.cases, page.rows.cases)):
            counts = kept_counts.setdefault(kept.call.venue, {})
            for name, number in text.items():
                counts[name] = counts.get(name, 0) + number
        if self._waiting >= _BUFFER_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what waits, and only then note that it is stored."""
        if not self._pages:
            return
        self._lake.register(scope for _, rows in self._pages for scope in rows.series)
        refused: list[pl.DataFrame] = []
        for kind in KINDS:
            tables = [
                rows.tables[kind].with_columns(origin=pl.lit(place, pl.Int64))
                for place, (_, rows) in enumerate(self._pages)
                if kind in rows.tables
            ]
            if tables:
                merged = self._lake.append(kind, pl.concat(tables))
                self.added += merged.added.height
                self.conflicting += merged.conflicting.height
                refused += self._conflicts(merged.conflicting)
        refused += [_quarantined(kept, rows.refused) for kept, rows in self._pages if rows.refused.height]
        if refused:
            self.refused += self._lake.append("quarantine", pl.concat(refused)).added.height
        # What could not be read at all is read again by the next run: its reader may know more by then.
        whole = [kept.number for kept, rows in self._pages if 0 not in rows.refused["row"]]
        self._journal.mark_stored(whole)
        self._pages, self._waiting = [], 0

    def _conflicts(self, conflicting: pl.DataFrame) -> list[pl.DataFrame]:
        """Return rows that say something else than the lake, as refusals of the pages they came from."""
        parts: list[pl.DataFrame] = []
        for (place,), rows in conflicting.partition_by("origin", as_dict=True).items():
            records = rows.drop("origin", "conflict").iter_rows(named=True)
            numbered = [
                (number, fault, msgspec.json.encode(record))
                for number, (fault, record) in enumerate(zip(rows["conflict"], records, strict=True), start=1)
            ]
            refused = pl.DataFrame(numbered, REFUSED_SCHEMA, orient="row")
            parts.append(_quarantined(self._pages[int(place)][0], refused))
        return parts


def _quarantined(kept: KeptPage, refused: pl.DataFrame) -> pl.DataFrame:
    asked = "&".join(f"{name}={value}" for name, value in kept.call.parameters)
    rows = refused.with_columns(
        sha256=pl.lit(hashlib.sha256(kept.answer.body).hexdigest()),
        name=pl.lit(f"{kept.call.venue} {kept.call.path}?{asked}"),
    )
    return rows.select(KINDS["quarantine"].names)
