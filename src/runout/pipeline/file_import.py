"""Import files into the lake: resumable, idempotent, nothing lost.

Documents are read one by one in name order. Rows collect in a buffer that is committed together; only then are the
documents entered in the ``imports`` table. A run that is killed repeats at most one buffer, whose rows the lake
already holds: the second run writes nothing twice and ends with the same fingerprint.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

import msgspec
import polars as pl

from runout.clock import now_ns
from runout.errors import SchemaError, UsageError
from runout.lake import Lake, Merged
from runout.pipeline.progress import Progress, no_progress
from runout.records import KINDS, Series
from runout.sources import Document, FileSource, Normalised, refuse_file
from runout.sources.registry import providers

# What a description says that decides what a row is of and when it was known.
_MEANING = ("stamp", "publication_lag", "venues", "market", "margin")
_BUFFER_ROWS = 400_000
_BUFFER_DOCUMENTS = 48
_NAMED = 5
"""Files of a folder that a message names."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one document.

    Parameters
    ----------
    name
        File name.
    status
        ``imported``, ``known`` (imported before under this name, unchanged), ``quarantined`` (nothing of it could
        be used) or ``ignored`` (not a file of this provider).
    rows_in, rows_kept, rows_skipped, rows_quarantined
        Rows found; records accepted; rows left out on purpose; rows refused.
    rows_added
        Records that the lake did not hold before.
    faults
        Distinct reasons for refusals, most frequent first.
    notes
        What the source remarked.
    """

    name: str
    status: str
    rows_in: int = 0
    rows_kept: int = 0
    rows_added: int = 0
    rows_skipped: int = 0
    rows_quarantined: int = 0
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class _Pending(msgspec.Struct, frozen=True):
    document: Document
    normalised: Normalised


def import_files(
    lake: Lake,
    source: FileSource,
    paths: Iterable[Path],
    *,
    progress: Progress = no_progress,
) -> list[Imported]:
    """Import every file of ``source`` below ``paths`` into ``lake``.

    Parameters
    ----------
    lake
        Where rows go; created on first write.
    source
        Provider that reads the files.
    paths
        Files and folders; folders are searched through.
    progress
        Called with the file name, its number and how many there are.

    Returns
    -------
    list of Imported
        One entry for each file, in the order read.

    Raises
    ------
    UsageError
        If a path does not exist, or nothing below the paths is a file of this provider.
    """
    results = list(_files(paths, source))
    if not any(source.recognises(path.name) for path, _ in results):
        raise UsageError(
            f"expected files of provider {source.provider!r} below {', '.join(map(str, paths))}, found none it reads: "
            f"it looks for {', '.join(source.file_names)}; {_contents([path.name for path, _ in results])}"
        )
    known = _known_documents(lake, source)
    described = {series.series: series for series in lake.series()}
    outcomes: dict[int, Imported] = {}
    pending: dict[int, _Pending] = {}
    for number, (path, folder) in enumerate(results, start=1):
        progress(path.name, number, len(results))
        document = _document(path, folder, source, known)
        if isinstance(document, Imported):
            outcomes[number] = document
            continue
        pending[number] = _Pending(document, _agreeing(document, _normalise(source, document), described))
        if _is_full(pending.values()):
            outcomes |= zip(pending, _commit(lake, source, [*pending.values()]), strict=True)
            pending = {}
    outcomes |= zip(pending, _commit(lake, source, [*pending.values()]), strict=True)
    lake.compact()
    return [outcomes[number] for number in sorted(outcomes)]


def _document(path: Path, folder: str, source: FileSource, known: set[tuple[str, str]]) -> Document | Imported:
    """Return the document to be normalised, or what became of a file that is not."""
    if not source.recognises(path.name):
        return Imported(name=path.name, status="ignored")
    document = _read(path, folder)
    if isinstance(document, str):
        return Imported(name=path.name, status="quarantined", rows_quarantined=1, faults=(document,))
    is_known = (document.sha256(), document.name) in known
    return Imported(name=path.name, status="known") if is_known else document


def _files(paths: Iterable[Path], source: FileSource) -> Iterator[tuple[Path, str]]:
    for path in paths:
        if path.is_dir():
            for file in sorted(p for p in path.rglob("*") if p.is_file() and not p.name.endswith(".CHECKSUM")):
                yield file, file.parent.resolve().as_posix()
        elif path.is_file():
            if not source.recognises(path.name):
                raise UsageError(
                    f"expected a file that provider {source.provider!r} reads ({', '.join(source.file_names)}), found "
                    f"{path}; {_readers([path.name])}"
                )
            yield path, path.parent.resolve().as_posix()
        else:
            raise UsageError(f"expected a file or folder, found nothing at {path}")


def _contents(names: Sequence[str]) -> str:
    """Return what a folder holds instead, and who reads it."""
    if not names:
        return "there is no file at all"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"there: {', '.join(names[:_NAMED])}{more}; {_readers(names)}"


def _readers(names: Sequence[str]) -> str:
    readers = [name for name, make in providers().items() if any(map(make().recognises, names))]
    if readers:
        return f"provider {' or '.join(readers)} reads such files"
    return "name another provider, or describe the file with a mapping (see docs/importing.md)"


def _read(path: Path, folder: str) -> Document | str:
    """Return the document, or why it cannot be read: the other files are imported all the same."""
    beside = path.with_name(path.name + ".CHECKSUM")
    try:
        checksum = beside.read_text(encoding="utf-8", errors="replace") if beside.is_file() else None
        return Document(name=path.name, data=path.read_bytes(), folder=folder, checksum=checksum)
    except OSError as error:
        return f"expected a readable file at {path}, found {error.strerror or error}; check its rights and the disk"


def _known_documents(lake: Lake, source: FileSource) -> set[tuple[str, str]]:
    """Return bytes and names of what was taken in: a name can say the coin, so both make the identity of a file."""
    imports = lake.scan("imports").filter(pl.col("normaliser") == source.normaliser)
    return set(imports.select("sha256", "name").collect().iter_rows())


def _normalise(source: FileSource, document: Document) -> Normalised:
    try:
        return source.normalise(document, now=now_ns())
    except SchemaError as error:
        return refuse_file(document, str(error))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).splitlines()[0][:200]
        return refuse_file(
            document,
            f"expected cells that the reader of {source.provider} understands, found some that it does not ({reason}); "
            "check the types of the columns, and the mapping if there is one",
        )


def _agreeing(document: Document, normalised: Normalised, described: dict[str, Series]) -> Normalised:
    """Return what a source made of a file; refused where its rows would mean something else than those of its series.

    Rows of two meanings under one name cannot be told apart afterwards.
    """
    for member in normalised.series:
        if fault := differing_meaning(described.get(member.series, member), member):
            return refuse_file(
                document,
                f"{fault}; give these another provider, measure or scope in their mapping, or take the old rows out "
                f"with `runout forget {member.series}` and import again",
            )
    return normalised


def differing_meaning(series: Series, item: Series) -> str:
    """Return why rows of ``item`` cannot be added to those of ``series`` in the lake; empty where they can."""
    for name in _MEANING:
        if getattr(series, name) != getattr(item, name):
            return (
                f"expected {name} {getattr(series, name)!r} as the rows of {item.series} in the lake have, found "
                f"{getattr(item, name)!r}: the two cannot be one series"
            )
    return ""


def _is_full(pending: Collection[_Pending]) -> bool:
    rows = sum(table.height for item in pending for table in item.normalised.tables.values())
    return rows >= _BUFFER_ROWS or len(pending) >= _BUFFER_DOCUMENTS


def _commit(lake: Lake, source: FileSource, pending: list[_Pending]) -> list[Imported]:
    """Write the buffer: scope first, rows by kind, refusals, and last the record that the documents are done."""
    if not pending:
        return []
    series: list[Series] = [member for p in pending for member in p.normalised.series]
    lake.register(series)
    outcomes: list[Merged] = []
    for kind in KINDS:
        tables = [
            item.normalised.tables[kind].with_columns(origin=pl.lit(number, pl.Int64))
            for number, item in enumerate(pending)
            if kind in item.normalised.tables
        ]
        if tables:
            outcomes.append(lake.append(kind, pl.concat(tables)))
    imported = [_outcome(item, number, outcomes) for number, item in enumerate(pending)]
    lake.append("quarantine", _quarantine_rows(pending, outcomes))
    taken = [pair for pair in zip(pending, imported, strict=True) if not _is_refused_whole(pair[0])]
    lake.append("imports", _import_rows(source, taken))
    return imported


def _outcome(pending: _Pending, number: int, outcomes: list[Merged]) -> Imported:
    built = pending.normalised
    own = pl.col("origin") == number
    conflicting = [merged.conflicting.filter(own) for merged in outcomes]
    conflicts = sum(rows.height for rows in conflicting)
    kept = sum(table.height for table in built.tables.values()) - conflicts
    faults = built.refused["fault"].value_counts(sort=True, name="n").sort("n", "fault", descending=[True, False])
    return Imported(
        name=pending.document.name,
        status="quarantined" if built.refused.height + conflicts and not kept else "imported",
        rows_in=built.rows_in,
        rows_kept=kept,
        rows_added=sum(merged.added.filter(own).height for merged in outcomes),
        rows_skipped=built.rows_skipped,
        rows_quarantined=built.refused.height + conflicts,
        faults=(*faults["fault"].to_list(), *sorted({f for rows in conflicting for f in rows["conflict"]})),
        notes=built.notes,
    )


def _quarantine_rows(pending: list[_Pending], outcomes: list[Merged]) -> pl.DataFrame:
    """Return what was refused, and what conflicted: conflicts of a document are numbered in the order of their keys."""
    rows = [
        (item.document.sha256(), item.document.name, *refused)
        for item in pending
        for refused in item.normalised.refused.iter_rows()
    ]
    numbers = defaultdict[int, Iterator[int]](lambda: count(1))
    rows += [
        (pending[origin].document.sha256(), pending[origin].document.name, next(numbers[origin]), *_text(conflict))
        for merged in outcomes
        for conflict in merged.conflicting.sort(merged.conflicting.columns).iter_rows(named=True)
        for origin in (conflict["origin"],)
    ]
    return pl.DataFrame(rows, schema=KINDS["quarantine"].dtypes, orient="row")


def _text(conflict: dict[str, object]) -> tuple[str, bytes]:
    record = {name: value for name, value in conflict.items() if name not in {"origin", "conflict"}}
    return str(conflict["conflict"]), msgspec.json.encode(record)


def _is_refused_whole(pending: _Pending) -> bool:
    """Such a file is read again: its checksum file, folder or reader may be mended without a change of its bytes."""
    return 0 in pending.normalised.refused["row"]


def _import_rows(source: FileSource, taken: list[tuple[_Pending, Imported]]) -> pl.DataFrame:
    rows = [
        (
            item.document.sha256(),
            source.normaliser,
            source.provider,
            item.document.name,
            outcome.rows_in,
            outcome.rows_kept,
            outcome.rows_skipped,
            outcome.rows_quarantined,
        )
        for item, outcome in taken
    ]
    schema = KINDS["imports"]
    return pl.DataFrame(rows, schema=schema.dtypes, orient="row").unique(schema.key, keep="first")
