"""The lake: one Delta table a record kind, on local disk or S3, written and read by any number at once.

A row is identified by its key (series, event time, known time and what the kind adds). Writing the same rows twice
changes nothing. A different value for a key that the lake holds is a *revision* if its vintage is newer: it becomes a
new row, known from the time of its vintage; otherwise it is a conflict and goes to quarantine. Nothing is overwritten.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import polars as pl

from runout.clock import followed
from runout.errors import LakeError, NotEnoughDataError, UsageError
from runout.lake.merging import Merged, latest_versions, merge
from runout.lake.recent import Recent
from runout.lake.tables import Change, Table, counterpart, layout, sorted_anew, without
from runout.lake.words import other_lakes
from runout.records import KINDS, Series, combine, conform, fingerprint, from_table, to_table
from runout.records.kinds import COMPUTATIONS, DERIVED, GAPS, LEDGER, OBSERVED

_COMPACT_ABOVE_FILES = 8
_COMPACT_ATTEMPTS = 3
_ATTEMPTS = 100
_KEPT_BYTES = 4_000_000
LATEST = 2**63 - 1
_PUT_TOGETHER = pl.col("series").str.starts_with("runout/")
# What Delta's own writer cannot take in the path of a table; anything else is an ordinary name.
_UNFIT = re.compile(r"[\[\]\\^|\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")

T = TypeVar("T")


class Lake:
    """An open lake.

    Parameters
    ----------
    root
        Folder, or an ``s3://`` address (credentials from the environment, as the S3 clients read them).
    keeps_recent
        Whether the rows of the last days stay in memory, for what asks for them again and again.

    Raises
    ------
    UsageError
        If the path of the folder holds a character that a table cannot be written below.

    Notes
    -----
    Reads see one committed version of a table; a reader never sees a half-written file. A write goes in only on the
    version of the table it was made from: if another writer was first, it is made again from what is there then.
    """

    def __init__(self, root: str | Path, *, keeps_recent: bool = False) -> None:
        self._keeps_recent = keeps_recent
        self.root = str(root).rstrip("/")
        if "://" not in self.root and (results := _UNFIT.search(path := str(Path(self.root).absolute()))):
            raise UsageError(
                "expected a lake whose full path has no square bracket, backslash, ^, |, control character, nor % "
                f"before two hexadecimal digits, found {results[0]!r} in {path!r}; name another folder"
            )
        self._tables: dict[str, Table] = {}
        self._lock = threading.RLock()
        self._pin: Callable[[str], Table] | None = None
        self._answered: dict[tuple[object, ...], Any] = {}

    def snapshot(self) -> "Lake":
        """Return the lake to read from as it stands: each table stays at the version in which it is first read.

        What was read as of a moment is kept until the snapshot goes: one question reads the same rows many times. All
        snapshots of a lake, in whatever thread, share what it has open: of a table only what is new is read.
        """
        if self._pin is not None:
            return self
        lake = type(self)(self.root)
        lake._pin = self._pinned  # noqa: SLF001 - of its own kind
        return lake

    @classmethod
    def open(cls, root: str | Path) -> "Lake":
        """Return the lake at ``root``.

        Raises
        ------
        NotEnoughDataError
            If no lake stands there.
        """
        lake = cls(root)
        lake.require()
        return lake

    def release(self) -> None:
        """Give up the rows that a snapshot has kept: they are read again where they are asked for again."""
        self._answered.clear()

    def require(self) -> None:
        """Refuse an address where no lake is, with :class:`NotEnoughDataError`."""
        if not self._table("series").files():
            raise NotEnoughDataError(
                f"expected a lake at {self.root}, found none; {other_lakes(self.root)}. `make demo` makes a synthetic "
                "one, `runout import` fills one from files, `runout fetch` over an API"
            )

    # -- reading ------------------------------------------------------------------------------------------------

    def scan(self, kind: str) -> pl.LazyFrame:
        """Return every row of ``kind``, all versions, lazily.

        Raises
        ------
        LakeError
            If the table cannot be read, or lacks columns of the present schema.
        """
        return self._table(kind).rows()

    def between(self, kind: str, first: int, last: int = LATEST) -> pl.LazyFrame:
        """Return the rows of ``kind``, all versions, that speak of moments within (UTC ns); other files stay shut."""
        return self._table(kind).rows(event_time=(first, last))

    def as_of(
        self,
        kind: str,
        *,
        at: int | None = None,
        series: Sequence[str] | None = None,
        since: int | None = None,
    ) -> pl.DataFrame:
        """Return what was known of ``kind`` at a moment: for each key, the latest version known by then.

        Parameters
        ----------
        kind
            Record kind with a ``known_time``.
        at
            UTC ns; rows known later do not exist. None: everything known so far.
        series
            Identifiers to read (column ``series``); None: all.
        since
            UTC ns; rows that speak of earlier moments are left out.

        Returns
        -------
        polars.DataFrame
            Columns of the schema, sorted by its key.
        """
        chosen = None if series is None else tuple(series)
        question = ("as_of", kind, at, chosen, since)
        rows = self._once(question, lambda: self._known(kind, at, chosen, since))
        if rows.estimated_size() > _KEPT_BYTES:  # minutes of a month: asked for once, and much to keep
            self._answered.pop(question, None)
        return rows

    def series(self, kind: str | None = None, coin: str | None = None, *, at: int | None = None) -> list[Series]:
        """Return the series of the lake, of one kind and coin if named, sorted by identifier.

        With ``at`` (UTC ns) only those of which a row was known by then.
        """
        series = self._register()
        if at is not None:
            known = {name for item in OBSERVED for name in self.known_extent(item.kind, at)["series"]}
            series = [item for item in series if item.series in known]
        return [s for s in series if kind in {None, s.kind} and coin in {None, s.coin}]

    def extent(self, kinds: Iterable[str] | None = None) -> pl.DataFrame:
        """Return of each series how many rows the lake holds (all versions) and the first and last time they speak of.

        Asked again of the same object, it reads only files that were not there the time before.

        Parameters
        ----------
        kinds
            Record kinds; None: all that are observed, without gaps.

        Returns
        -------
        polars.DataFrame
            Columns ``series``, ``rows``, ``first_time``, ``last_time`` (UTC ns), sorted by series.
        """
        asked = [schema.kind for schema in OBSERVED if schema is not GAPS] if kinds is None else list(kinds)
        return pl.concat([self._table(kind).extents() for kind in asked]).sort("series")

    def known_extent(self, kind: str, at: int) -> pl.DataFrame:
        """Return of each series how many rows of it were known at a moment (UTC ns), and of what times they speak.

        Columns ``series, rows, first_time, last_time``, sorted by series; read as :meth:`extent` does.
        """
        return self._once(("extent", kind, at), lambda: self._table(kind).extents(at))

    def versions(self) -> dict[str, int]:
        """Return the version of every table as it stands: equal versions hold equal rows."""
        return {kind: self._table(kind).version for kind in KINDS}

    def known_rows(self, at: int) -> dict[str, int]:
        """Return how many rows of each kind that answers rest on were known at a moment (UTC ns).

        Of a kind without a known time, all are counted. Rows are only ever added, so as long as these numbers stay,
        every answer of that moment does.
        """
        counts = {schema.kind: int(self.known_extent(schema.kind, at)["rows"].sum()) for schema in OBSERVED}
        for schema in (*DERIVED, KINDS["series"], LEDGER):
            rows = self.scan(schema.kind)
            known = rows.filter(pl.col("known_time") <= at) if "known_time" in schema.names else rows
            counts[schema.kind] = int(known.select(pl.len()).collect().item())
        return counts

    def fingerprint(self) -> dict[str, str]:
        """Return a fingerprint for each table that has rows, and ``lake`` for all of them.

        The ledger is left out: it tells when each entry was written, and its chain proves it.
        """
        tables = {
            kind: fingerprint(rows, schema)
            for kind, schema in KINDS.items()
            if kind != LEDGER.kind and (rows := self.scan(kind).collect()).height
        }
        return tables | {"lake": combine(tables)}

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, kind: str, rows: pl.DataFrame) -> Merged:
        """Write rows of ``kind`` that the lake does not hold yet, and return the outcome of each.

        An integer column ``origin`` is not written but handed through to the outcome.
        One Delta commit: a crash leaves all of the new rows or none.
        """
        schema = KINDS[kind]
        incoming = conform(rows, schema)
        if "origin" in rows.columns:
            incoming = incoming.with_columns(rows["origin"])
        merged = Merged.nothing(schema)
        if incoming.is_empty():
            return merged

        def add(table: Table) -> pl.DataFrame:
            nonlocal merged
            merged = merge(incoming, counterpart(table, incoming), schema)
            return merged.added.select(schema.names).sort(layout(schema))

        self._commit(kind, add)
        return merged

    def extend(self, kind: str, make: Callable[[Table], pl.DataFrame]) -> pl.DataFrame:
        """Append, unmerged, the rows that ``make`` returns for the table as it stands, all or none.

        If another writer is first, ``make`` is called again for what the table holds then: a chain goes on from its
        true end.
        """
        added = KINDS[kind].empty()

        def add(table: Table) -> pl.DataFrame:
            nonlocal added
            added = conform(make(table), KINDS[kind])
            return added

        self._commit(kind, add)
        return added

    def register(self, series: Iterable[Series]) -> None:
        """Enter series and their scope; a series that is known already takes the new description.

        While an emulated clock is followed every series is entered as synthetic, and one that is stays so.
        """
        emulated = followed() is not None
        entered = {item.series: msgspec.structs.replace(item, synthetic=item.synthetic or emulated) for item in series}

        def update(table: Table) -> pl.DataFrame | None:
            known = {item.series: item for item in from_table(table.rows().collect())}
            made_up = {name for name in entered.keys() & known.keys() if known[name].synthetic}
            updated = known | entered
            updated |= {name: msgspec.structs.replace(entered[name], synthetic=True) for name in made_up}
            return None if updated == known else to_table(updated.values())

        self._commit("series", update, overwrite=True)

    def discard(self, kind: str, rows: pl.Expr) -> None:
        """Take derived rows out of the lake; of an observed kind those of series that were put together here.

        Other observations are never removed, except a whole series by :meth:`forget`.
        """
        self._remove(kind, rows if kind in {schema.kind for schema in DERIVED} else rows & _PUT_TOGETHER)

    def set_computations(self, rows: pl.DataFrame) -> None:
        """Put rows in the place of all that tell how far computations are."""
        self._commit(COMPUTATIONS.kind, lambda _: conform(rows, COMPUTATIONS), overwrite=True)

    def forget_derived(self) -> None:
        """Take all derived state out of the lake; `runout compute` makes it again from the observations."""
        for kind in (*(schema.kind for schema in DERIVED), "computations"):
            self._commit(kind, lambda table, kind=kind: KINDS[kind].empty() if table.files() else None, overwrite=True)

    def forget(self, series: Sequence[str]) -> None:
        """Take whole series out of the lake, as if they had not been imported; what was derived goes too.

        Files of their providers count as not imported, so that they can be read again. Ledger and quarantine stay. The
        register goes last: a run that is cut off is finished by the same call.
        """
        providers = {item.provider for item in self.series() if item.series in set(series)}
        gone = pl.col("series").is_in(list(series))
        self.forget_derived()
        self._remove("imports", pl.col("provider").is_in(list(providers)))
        for schema in OBSERVED:
            if self.scan(schema.kind).filter(gone).select(pl.len()).collect().item():
                self._remove(schema.kind, gone)
        self._remove("series", gone)

    def compact(self, kept_hours: int = 24) -> None:
        """Rewrite tables that consist of many files as few sorted ones, and remove files that no version needs.

        Rows and fingerprint stay the same. Files and commits younger than ``kept_hours`` stay, for those who opened the
        lake before. Beside a writer that is always first all stay: writers put small ones together themselves.
        """
        for kind in KINDS:
            if len(self._table(kind).files()) > _COMPACT_ABOVE_FILES:
                self._try(kind, sorted_anew, overwrite=True, attempts=_COMPACT_ATTEMPTS)
            self._table(kind).clean(kept_hours)

    def copy_as_of(self, at: int, destination: str | Path) -> "Lake":
        """Write what was known at ``at`` to a new lake: the same lake, as it would have stood then."""
        copy = Lake(destination)
        for kind, schema in KINDS.items():
            rows = self.scan(kind)
            if "known_time" in schema.names:
                rows = rows.filter(pl.col("known_time") <= at)
            elif kind == "series":
                rows = rows.filter(pl.col("series").is_in([item.series for item in self.series(at=at)]))
            if (kept := rows.collect()).height:
                copy._commit(kind, lambda _, kept=kept: kept, overwrite=True)
        return copy

    # -- plumbing -----------------------------------------------------------------------------------------------

    def _once(self, question: tuple[object, ...], read: Callable[[], T]) -> T:
        """Return what ``read`` gives; of a snapshot, what it gave the first time."""
        if self._pin is None:
            return read()
        if question not in self._answered:
            self._answered[question] = read()
        return self._answered[question]

    def _known(self, kind: str, at: int | None, series: tuple[str, ...] | None, since: int | None) -> pl.DataFrame:
        rows = self.scan(kind) if since is None else self.between(kind, since)
        if series is not None:
            rows = rows.filter(pl.col("series").is_in(series))
        if at is not None:
            rows = rows.filter(pl.col("known_time") <= at)
        return latest_versions(rows, KINDS[kind]).collect()

    def _register(self) -> list[Series]:
        return self._once(("register",), lambda: from_table(self.scan("series").collect().sort("series")))

    def _table(self, kind: str, *, newest: bool = False) -> Table:
        """Return a table as it stands now; of a snapshot, as it stood when it was first read, unless to write to it."""
        if self._pin is not None and not newest:
            if kind not in self._tables:
                self._tables[kind] = self._pin(kind)
            return self._tables[kind]
        with self._lock:
            if kind not in self._tables:
                recent = Recent() if self._keeps_recent else None
                self._tables[kind] = Table(f"{self.root}/{kind}", KINDS[kind], recent)
            self._tables[kind].refresh()
            return self._tables[kind]

    def _pinned(self, kind: str) -> Table:
        with self._lock:
            return self._table(kind).pinned()

    def _remove(self, kind: str, rows: pl.Expr) -> None:
        self._commit(kind, without(rows), overwrite=True)

    def _commit(self, kind: str, change: Change, *, overwrite: bool = False) -> None:
        """Write what ``change`` makes of a table; if another writer is first, make it anew and try again."""
        if not self._try(kind, change, overwrite=overwrite, attempts=_ATTEMPTS):
            raise LakeError(
                f"expected to write {self.root}/{kind}, found another writer first {_ATTEMPTS} times; run the same "
                "command again"
            )

    def _try(self, kind: str, change: Change, *, overwrite: bool, attempts: int) -> bool:
        """Do as :meth:`_commit`, and return False if another writer was first at each attempt."""
        for attempt in range(attempts):
            table = self._table(kind, newest=True)
            if table.gather():
                rows = change(table)
                nothing = rows is None or (not overwrite and isinstance(rows, pl.DataFrame) and rows.is_empty())
                if rows is None or nothing or table.commit(rows, overwrite=overwrite):
                    return True
            time.sleep(random.SystemRandom().uniform(0, min(1.0, 0.01 * 2**attempt)))
        return False
