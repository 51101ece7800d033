"""What every file source answers, and what it gives back.

A source is pure: bytes in, rows and refusals out. Reading files, checking what the lake already holds and writing are
the import job's. A format change is a second dated feed, never a branch in the first.
"""

import hashlib
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import msgspec
import polars as pl

from runout.records import KINDS, Series, conform, fault_of_each_row, has_fault

REFUSED_SCHEMA = {"row": pl.Int64(), "fault": pl.String(), "raw": pl.Binary()}
_RAW_LIMIT = 1 << 20


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it came.

    Parameters
    ----------
    name
        File name without its folder.
    folder
        Path of the folder it is in, ``/``-separated: archives say in it what their files are of; empty if unknown.
    data
        The bytes.
    checksum
        Text of the ``.CHECKSUM`` file found beside it, if any.
    """

    name: str
    data: bytes
    folder: str = ""
    checksum: str | None = None

    def sha256(self) -> str:
        """Return the SHA-256 of the bytes, as hex."""
        return hashlib.sha256(self.data).hexdigest()


class Normalised(msgspec.Struct, frozen=True, kw_only=True):
    """What a source made of one document.

    Parameters
    ----------
    series
        Scope of every series that occurs in ``tables``.
    tables
        Rows by record kind, columns as declared.
    refused
        Columns ``row`` (from 1; 0 is the whole file), ``fault``, ``raw``.
    rows_in
        Rows found in the document (its own rows, before they become several records).
    rows_skipped
        Rows left out on purpose; ``notes`` says why.
    notes
        What a reader of the import summary should know.
    """

    series: tuple[Series, ...] = ()
    tables: dict[str, pl.DataFrame] = msgspec.field(default_factory=dict[str, pl.DataFrame])
    refused: pl.DataFrame = msgspec.field(default_factory=lambda: pl.DataFrame(schema=REFUSED_SCHEMA))
    rows_in: int = 0
    rows_skipped: int = 0
    notes: tuple[str, ...] = ()


@runtime_checkable
class FileSource(Protocol):
    """A provider whose files can be imported.

    ``normalise`` may raise :class:`runout.errors.SchemaError` when the document as a whole is not of the declared
    form (truncated, wrong checksum, missing column): the import job quarantines the whole file and goes on.
    """

    @property
    def provider(self) -> str:
        """Name as typed on the command line."""
        ...

    @property
    def normaliser(self) -> str:
        """Name and version of the code; a new version reads files again."""
        ...

    @property
    def file_names(self) -> tuple[str, ...]:
        """Names of the files it reads, as a person would write them, for messages."""
        ...

    def recognises(self, name: str) -> bool:
        """Whether a file of this name is one the source can read."""
        ...

    def normalise(self, document: Document, *, now: int) -> Normalised:
        """Return rows and refusals; ``now`` (UTC ns) bounds the times a row may speak of."""
        ...


def refuse_file(document: Document, fault: str) -> Normalised:
    """Return the outcome of a document that is refused as a whole."""
    raw = document.data[:_RAW_LIMIT]
    return Normalised(refused=pl.DataFrame([(0, fault, raw)], schema=REFUSED_SCHEMA, orient="row"), rows_in=0)


def check_rows(
    rows: pl.DataFrame, kind: str, *, now: int, raw_of: Callable[[pl.DataFrame], list[bytes]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split candidate rows into sound records and refusals.

    Parameters
    ----------
    rows
        Candidate records with a column ``row`` (place in the document, from 1) and optionally a column ``fault``
        (text where reading already failed, null else).
    kind
        Record kind.
    now
        UTC ns; later events are refused.
    raw_of
        Gives the raw bytes of refused candidates, in order.

    Returns
    -------
    tuple
        Records with the declared columns; refusals with :data:`REFUSED_SCHEMA`, one for each document row.
    """
    schema = KINDS[kind]
    typed = conform(rows, schema)
    is_faulty = has_fault(schema, latest_time=now)
    if "fault" not in rows.columns and not typed.select(is_faulty.any()).item():
        return typed, pl.DataFrame(schema=REFUSED_SCHEMA)
    fault = fault_of_each_row(schema, latest_time=now)
    judged = typed.with_columns(_fault=fault, row=rows["row"])
    if "fault" in rows.columns:
        judged = judged.with_columns(_fault=pl.coalesce(rows["fault"], "_fault"))
    if judged["_fault"].null_count() == judged.height:
        return typed, pl.DataFrame(schema=REFUSED_SCHEMA)
    bad = judged.filter(pl.col("_fault").is_not_null()).unique("row", keep="first", maintain_order=True)
    refused = pl.DataFrame({"row": bad["row"], "fault": bad["_fault"], "raw": raw_of(bad)}, schema=REFUSED_SCHEMA)
    return judged.filter(pl.col("_fault").is_null()).select(schema.names), refused
