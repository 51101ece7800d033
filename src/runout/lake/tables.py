"""One Delta table, kept open: its rows as it stands, and commits that go through only on the version last seen."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from runout.errors import LakeError
from runout.lake.recent import Recent
from runout.records import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from arro3.core import RecordBatch, RecordBatchReader
    from deltalake import DeltaTable

_SMALL_FILES = 64
_SMALL_BYTES = 500_000
_ROWS_OF_A_GROUP = 50_000
"""Rows are sorted by series and time, so groups this small let a read of one series' last hours skip the others."""
_ROWS_OF_A_PART = 200_000
_NO_ROOM = re.compile("no space left|quota exceeded|os error 28|StorageFull", re.IGNORECASE)
_ESCAPES = re.compile(r"\x1b\[\d+m")

Between = tuple[Any, Any]
"""The least and the greatest value of a column, both included."""


class Table:
    """One table of a lake, at the version that was last looked at.

    Parameters
    ----------
    address
        Path or ``s3://`` address.
    schema
        The record kind that it holds.
    recent
        What keeps its last days in memory; null: nothing does.
    """

    def __init__(self, address: str, schema: Schema, recent: Recent | None = None) -> None:
        self.address = address
        self.schema = schema
        self._recent = recent
        self._delta: DeltaTable | None = None
        self._began: tuple[int, int] | None = None
        self._files = pl.DataFrame()
        self._columns: frozenset[str] = frozenset()
        self._extents: dict[str, pl.DataFrame] = {}  # of each file, and under the table's address of all of them
        self.version = -1
        """The version last looked at; −1 where there is no table."""

    def refresh(self) -> None:
        """Go on to the newest version; of a table that is open, only the commits since are read.

        Raises
        ------
        LakeError
            If the store cannot be reached, or what lies there cannot be read.
        """
        from deltalake.exceptions import DeltaError  # noqa: PLC0415 - 50 ms, only where a lake is touched

        began = _beginning(self.address)
        if self._delta is not None and began == self._began:
            # As long as the log holds our version and none after it, nothing is new.
            if "://" not in self.address and _commit(self, 0).exists() and not _commit(self, 1).exists():
                return
            try:
                self._delta.update_incremental()
            except (OSError, DeltaError):
                self._delta = None  # Opened anew, which says what is wrong.
        else:
            self._delta = None
        if self._delta is None:
            self._delta, self._began, self.version = _opened(self.address), began, -1
        if self._delta is None:
            self._files, self._columns, self._extents = pl.DataFrame(), frozenset(), {}
        elif (version := self._delta.version()) != self.version:
            self.version = version
            self._columns = frozenset(field.name for field in self._delta.schema().fields)
            self._files = pl.DataFrame(self._delta.get_add_actions(flatten=True))
            self._extents = {file: self._extents[file] for file in self.files() if file in self._extents}

    def pinned(self) -> "Table":
        """Return the table to read from at the version last looked at, whatever comes after."""
        table = Table(self.address, self.schema, self._recent)
        table.version, table._files, table._columns = self.version, self._files, self._columns
        table._extents = self._extents
        return table

    def files(self, **between: Between) -> list[str]:
        """Return where the files lie; with bounds of columns, those that may hold rows within."""
        if self._files.is_empty():
            return []
        known = self._files
        for name, (low, high) in between.items():
            for side, bound, beyond in (("max", low, pl.Expr.lt), ("min", high, pl.Expr.gt)):
                if bound is not None and (column := f"{side}.{name}") in known.columns:
                    known = known.filter(beyond(pl.col(column), pl.lit(bound)).not_().fill_null(value=True))
        return [f"{self.address}/{path}" for path in known["path"]]  # tables have no partitions: a path is a name

    def rows(self, **between: Between) -> pl.LazyFrame:
        """Return the rows, lazily; with bounds of columns those within, for which no other file is opened.

        Raises
        ------
        LakeError
            If the table lacks columns of the present schema.
        """
        if self._columns and (missing := [name for name in self.schema.names if name not in self._columns]):
            raise LakeError(
                f"expected columns {' '.join(missing)} in {self.address}, found a table without: another version "
                "of runout wrote it; move that folder away and run `runout compute`, or import again into an empty one"
            )
        files = self.files(**between)
        if not files:
            return self.schema.empty().lazy()
        rows = self._scan(files) if (recent := self._from_memory(files, between)) is None else recent
        within = [pl.col(name).is_between(pl.lit(low), pl.lit(high)) for name, (low, high) in between.items()]
        return rows.select(self.schema.names).filter(*within)

    def _from_memory(self, files: list[str], between: dict[str, Between]) -> pl.LazyFrame | None:
        """Return the rows of files from memory, where the last days are kept and are all that is asked for."""
        first = between.get("event_time", (None, None))[0]
        if self._recent is None or first is None or (ends := self._files["max.event_time"]).has_nulls():
            return None
        ends_of, names = dict(zip(self.files(), ends, strict=True)), self.schema.names
        rows = self._recent.rows(first, ends_of, lambda file: self._scan([file]).select(names))
        return None if rows is None else pl.concat([self.schema.empty(), *(rows[f] for f in files if f in rows)]).lazy()

    def extents(self, known_by: int | None = None) -> pl.DataFrame:
        """Return ``series, rows, first_time, last_time`` of all versions of rows, sorted by series.

        A file never changes, so only those are read that were not there the time before.

        Parameters
        ----------
        known_by
            UTC ns, of a kind with a ``known_time``: rows known later are left out, and only files that hold both are
            read again.
        """
        known = self._files["max.known_time"] if known_by is not None and self._files.height else pl.Series([0])
        if known_by is None or (not known.has_nulls() and (known <= known_by).all()):
            if self.address not in self._extents:
                self._extents[self.address] = together([self._extent_of(file) for file in self.files()])
            return self._extents[self.address]
        whole = set(self._files.filter(pl.col("max.known_time") <= known_by)["path"])
        files = [(file, file.rsplit("/", 1)[-1] in whole) for file in self.files()]
        rows = self._scan([file for file, is_whole in files if not is_whole]).filter(pl.col("known_time") <= known_by)
        return together([*(self._extent_of(file) for file, is_whole in files if is_whole), extent(rows)])

    def _extent_of(self, file: str) -> pl.DataFrame:
        if (known := self._extents.get(file)) is None:
            known = self._extents[file] = extent(self._scan([file]))
        return known

    def _scan(self, files: list[str]) -> pl.LazyFrame:
        return pl.scan_parquet(files, storage_options=storage_options(self.address), glob=False)

    def last(self, column: str) -> pl.DataFrame:
        """Return the row with the greatest value of a column; no row if there is none."""
        by_file = self._files[f"max.{column}"] if self._files.height else pl.Series([None])
        greatest = None if by_file.has_nulls() else by_file.max()
        rows = self.rows() if greatest is None else self.rows(**{column: (greatest, greatest)})
        return rows.sort(column).tail(1).collect()

    def commit(
        self, rows: "pl.DataFrame | RecordBatchReader", *, overwrite: bool = False, within: Between | None = None
    ) -> bool:
        """Write rows as the version after the one last seen, and return whether they went in.

        The store guards it: a version is a file that can be created once (a rename that replaces nothing in a folder, a
        conditional put on S3), and Delta is told not to try again at a later version.

        Parameters
        ----------
        rows
            What to write.
        overwrite
            Whether they take the place of all rows, instead of joining them.
        within
            Whether they take the place of those rows only whose ``event_time`` is within.

        Returns
        -------
        bool
            False: another writer was first, and nothing was written.

        Raises
        ------
        LakeError
            If the store refuses, or has no room left.
        """
        from deltalake import CommitProperties, WriterProperties, write_deltalake  # noqa: PLC0415 - as above
        from deltalake.exceptions import CommitFailedError, DeltaError  # noqa: PLC0415

        replace = overwrite or within is not None
        mode: Any = "error" if self._delta is None else "overwrite" if replace else "append"
        try:
            write_deltalake(
                self.address if self._delta is None else self._delta,
                rows,
                mode=mode,
                predicate=f"event_time >= {within[0]} AND event_time <= {within[1]}" if within else None,
                writer_properties=WriterProperties(
                    compression="ZSTD", compression_level=3, max_row_group_size=_ROWS_OF_A_GROUP
                ),
                commit_properties=CommitProperties(max_commit_retries=0),
                storage_options=storage_options(self.address),
            )
        except (OSError, DeltaError) as error:
            # Between our look and our write another one may have created the table, which is then no CommitFailedError.
            if isinstance(error, CommitFailedError) or "table already exists" in str(error):
                return False
            raise refusal(self.address, error) from error
        self.refresh()
        return True

    def gather(self, above: int = _SMALL_FILES) -> bool:
        """Write small files as one, sorted, if there are more than so many; return whether to go on from this version.

        Every writer does it before it adds a file. So none adds to a table that is too full, and of those that put the
        same files together one gets through: nobody waits for ever, and nobody needs a lock.

        Parameters
        ----------
        above
            How many small files may stay.

        Returns
        -------
        bool
            False: another writer was first, and nothing was written.
        """
        small = self._files.filter(pl.col("size_bytes") < _SMALL_BYTES) if self._files.height else self._files
        if small.height <= above:
            return True
        if "event_time" not in self.schema.names or small["min.event_time"].has_nulls():
            return self.commit(self.rows().collect().sort(layout(self.schema)), overwrite=True)
        within = small["min.event_time"].min(), small["max.event_time"].max()
        return self.commit(self.rows(event_time=within).collect().sort(layout(self.schema)), within=within)

    def clean(self, hours: int) -> None:
        """Remove what is older than so many hours: files that no version names or newer ones replaced, and commits.

        A writer that came second leaves such a file. Younger ones may be of a writer that has yet to commit, or of a
        reader at an earlier version. Commits go when the next checkpoint is written.

        Raises
        ------
        LakeError
            If the store refuses.
        """
        from deltalake.exceptions import CommitFailedError, DeltaError  # noqa: PLC0415 - as above

        if self._delta is None:
            return
        kept = {"delta.logRetentionDuration": f"interval {hours} hours"}
        try:
            if not kept.items() <= self._delta.metadata().configuration.items():
                self._delta.alter.set_table_properties(kept)
            self._delta.vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)
        except CommitFailedError:
            return  # Other writers were first; what is left is removed the next time.
        except (OSError, DeltaError) as error:
            raise refusal(self.address, error) from error


def _commit(table: Table, ahead: int) -> Path:
    return Path(table.address, f"_delta_log/{table.version + ahead:020}.json")


_NO_EXTENT = pl.DataFrame(
    schema={"series": pl.String, "rows": pl.UInt32, "first_time": pl.Int64, "last_time": pl.Int64}
)


def extent(rows: pl.LazyFrame) -> pl.DataFrame:
    """Return ``series, rows, first_time, last_time`` of rows."""
    time = pl.col("event_time")
    spans = time.min().alias("first_time"), time.max().alias("last_time")
    return rows.group_by("series").agg(pl.len().alias("rows"), *spans).collect()


def together(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the extents of parts as that of all of them, sorted by series."""
    sums = pl.col("rows").sum(), pl.col("first_time").min(), pl.col("last_time").max()
    return pl.concat([_NO_EXTENT, *parts]).group_by("series").agg(*sums).sort("series")


def layout(schema: Schema) -> list[str]:
    """Order of rows on disk: coin first, then the key, so that a read for one coin touches few row groups."""
    lead = [name for name in ("coin", "series", "indicator") if name in schema.names]
    return [*lead, *(name for name in schema.key if name not in lead)]


def _opened(address: str) -> "DeltaTable | None":
    """Return the table at a path or ``s3://`` address as it stands now, or None where there is none."""
    from deltalake import DeltaTable  # noqa: PLC0415 - 50 ms, only where a lake is touched
    from deltalake.exceptions import DeltaError, TableNotFoundError  # noqa: PLC0415

    try:
        return DeltaTable(address, storage_options=storage_options(address))
    except TableNotFoundError:
        return None
    except DeltaError as error:
        raise LakeError(
            f"expected a Delta table at {address}, found one that cannot be read ({_plain(error)}); "
            "restore its _delta_log from a backup, or import again into an empty folder"
        ) from error
    except OSError as error:
        raise LakeError(
            f"expected to read {address}, found {_plain(error)}; check the address, its rights and, for s3://, the "
            "AWS_* variables"
        ) from error


def _beginning(address: str) -> tuple[int, int] | None:
    """Return what tells a table in a folder from another one that somebody made in its place."""
    try:
        first = os.stat(f"{address}/_delta_log/{0:020}.json")  # noqa: PTH116 - an address, which for a store is no path
    except OSError:
        return None
    return first.st_ino, first.st_mtime_ns


def refusal(address: str, error: Exception) -> LakeError:
    """Return what to tell of a write that the store refused."""
    if _NO_ROOM.search(str(error)):
        return LakeError(
            f"expected room to write {address}, found no room left; what was finished is kept: free space and run the "
            "same command again"
        )
    return LakeError(f"expected to write {address}, found {_plain(error)}; check rights and, for s3://, the settings")


def storage_options(address: str) -> dict[str, str] | None:
    """Return the settings of an object store, as its usual environment variables name them; None for a folder."""
    if "://" not in address:
        return None
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def _plain(error: Exception) -> str:
    return " ".join(_ESCAPES.sub("", str(error)).split())[:400]


def counterpart(table: Table, incoming: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that could share a key with incoming ones."""
    first = table.schema.key[0]
    spans = [name for name in (first, "event_time") if name in table.schema.names]
    between: dict[str, Between] = {name: (incoming[name].min(), incoming[name].max()) for name in spans}
    rows = table.rows(**between).filter(pl.col(first).is_in(incoming[first].unique().to_list()))
    if "event_time" in spans[1:]:  # each series may be somewhere else: of each only its own stretch
        time = pl.col("event_time")
        stretches = incoming.lazy().group_by(first).agg(_least=time.min(), _greatest=time.max())
        rows = rows.join(stretches, on=first).filter(time.is_between("_least", "_greatest"))
    return rows.select(table.schema.names).collect(engine="streaming")


def sorted_anew(table: Table) -> "RecordBatchReader | None":
    """Return all rows of a table, sorted, some series at a time: together they may be more than memory should hold."""
    from arro3.core import RecordBatchReader  # noqa: PLC0415 - only where a lake is written
    from arro3.core import Table as Batches  # noqa: PLC0415

    if not table.files():
        return None
    lead = [name for name in ("coin", "series") if name in table.schema.names]
    counts = table.rows().group_by(lead).len().sort(lead).collect() if lead else pl.DataFrame({"len": [0]})
    parts = counts.with_columns(_part=pl.col("len").cum_sum() // _ROWS_OF_A_PART).partition_by("_part")

    def batches() -> "Iterator[RecordBatch]":
        for part in parts:
            rows = table.rows().join(part.lazy(), on=lead, how="semi", nulls_equal=True) if lead else table.rows()
            yield from Batches.from_arrow(rows.collect().sort(layout(table.schema))).to_batches()

    return RecordBatchReader.from_batches(Batches.from_arrow(table.schema.empty()).schema, batches())


Change = Callable[[Table], "pl.DataFrame | RecordBatchReader | None"]
"""What to write, made of a table as it stands; None for nothing."""


def without(rows: pl.Expr) -> Change:
    """Return the change that leaves rows out and sorts the others."""

    def change(table: Table) -> pl.DataFrame | None:
        return table.rows().filter(~rows).collect().sort(layout(table.schema)) if table.files() else None

    return change
