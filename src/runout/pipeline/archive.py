"""Archives: liquidations, bars and their gaps as Parquet files that people can give to each other, and take in.

A folder with a file for each kind, coin and month, and ``manifest.json``: the SHA-256 of each file, the scope of each
series, and what the venues ask of those who use their data. The same lake gives the same bytes.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
import polars as pl

from runout.errors import ChecksumError, LakeError, NotEnoughDataError, SchemaError, UsageError
from runout.lake import Lake, Merged
from runout.pipeline.file_import import differing_meaning
from runout.pipeline.progress import Progress, no_progress
from runout.records import KINDS, Series, conform
from runout.records.schema import fault_of_each_row
from runout.sources.registry import VENUES, venue_of
from runout.version import CODE_VERSION, SCHEMA_VERSION

MANIFEST: Final = "manifest.json"
ARCHIVED: Final = ("liquidations", "bars", "gaps")


class ArchivedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an archive.

    Parameters
    ----------
    path
        Where it lies below the folder.
    kind, coin
        Of its rows.
    rows, bytes, sha256
        How many rows and bytes it has, and the SHA-256 of these.
    """

    path: str
    kind: str
    coin: str
    rows: int
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an archive holds.

    Parameters
    ----------
    format, schema_version, code
        Version of this form, of the columns, and of the program that wrote it.
    series
        Scope of each series.
    files
        Files in the order of their paths.
    terms
        What venues ask of those who use their data.
    """

    format: int = 1
    schema_version: str
    code: str
    series: tuple[Series, ...]
    files: tuple[ArchivedFile, ...]
    terms: dict[str, str] = {}


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of an archive that the lake did not have, that it had, and that contradict what it has (in quarantine)."""

    added: int
    unchanged: int
    conflicting: int


def export_archive(
    lake: Lake, folder: Path, *, coins: Sequence[str] = (), providers: Sequence[str] = tuple(VENUES),
    since: int = 0, until: int | None = None, progress: Progress = no_progress,
) -> Manifest:  # fmt: skip
    """Write liquidations, bars and their gaps to a folder.

    Parameters
    ----------
    lake
        What they are taken from, as it stands.
    folder
        A new or empty folder.
    coins, providers
        Base assets, all if none is named; who published the series: the venues, if nobody is named.
    since, until
        Event times in UTC ns, the second excluded; None: to the end.
    progress
        Called with kind and coin, their number and how many there are.

    Raises
    ------
    UsageError
        If there are files in the folder.
    NotEnoughDataError
        If the lake has no such rows.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"expected a new or empty folder for the archive, found files in {folder}; name another")
    source = lake.snapshot()
    chosen = [
        series
        for series in source.series()
        if series.kind in ARCHIVED and series.provider in providers and (not coins or series.coin in coins)
    ]
    parts = sorted({(kind, item.coin) for item in chosen for kind in (item.kind, "gaps")})
    time, files = pl.col("event_time"), list[ArchivedFile]()
    requested = pl.col("series").is_in([item.series for item in chosen]) & (time >= since)
    requested = requested if until is None else requested & (time < until)
    for number, (kind, coin) in enumerate(parts, start=1):
        progress(f"{kind} {coin}", number, len(parts))
        files += _write(folder, kind, coin, source.scan(kind).filter(requested & (pl.col("coin") == coin)).collect())
    if not any(file.kind != "gaps" for file in files):
        raise NotEnoughDataError(
            f"expected liquidations or bars of {', '.join(providers)} in {lake.root}, found none; `runout series` "
            "lists what is there, and --provider names who published it"
        )
    facts = [venue_of(name).facts for name in sorted({item.provider for item in chosen} & set(VENUES))]
    manifest = Manifest(
        schema_version=SCHEMA_VERSION, code=CODE_VERSION, series=tuple(chosen), files=tuple(files),
        terms={fact.title: fact.terms for fact in facts if fact.terms},
    )  # fmt: skip
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / MANIFEST).write_bytes(text + b"\n")
    return manifest


def _write(folder: Path, kind: str, coin: str, rows: pl.DataFrame) -> list[ArchivedFile]:
    """Write the rows of a kind and coin, a file for each month."""
    files: list[ArchivedFile] = []
    month = pl.from_epoch("event_time", time_unit="ns").dt.strftime("%Y-%m").alias("month")
    dated = rows.sort(KINDS[kind].key).with_columns(month)
    for (name, *_), part in sorted(dated.partition_by("month", as_dict=True).items()):
        path = PurePosixPath(kind, coin, f"{name}.parquet")
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        part.drop("month").write_parquet(file, compression="zstd", statistics=True)
        data = file.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        files.append(
            ArchivedFile(path=str(path), kind=kind, coin=coin, rows=part.height, bytes=len(data), sha256=digest)
        )
    return files


def check_archive(folder: Path) -> Manifest:
    """Return the manifest of an archive of which every file is as it was written.

    Raises
    ------
    NotEnoughDataError
        If there is no archive.
    SchemaError
        If the manifest is of another form, or names what is not in the archive.
    ChecksumError
        If a file differs from its checksum, or is absent.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise NotEnoughDataError(
            f"expected an archive in {folder}, found no {MANIFEST}; `runout archive export FOLDER` makes one"
        )
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise SchemaError(f"expected the manifest of an archive in {file}, found {error}; fetch it again") from error
    if manifest.format != 1:
        raise SchemaError(f"expected an archive of format 1 in {file}, found {manifest.format}; use a newer version")
    faults = [fault for item in manifest.files if (fault := _fault(folder, item))]
    if faults:
        more = f", and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise ChecksumError(
            f"expected {folder} as its {MANIFEST} describes it, found {'; '.join(faults[:3])}{more}; nothing of it was "
            "imported: fetch these files again"
        )
    return manifest


def _fault(folder: Path, file: ArchivedFile) -> str:
    """Return what is wrong with the bytes of a file; empty if nothing."""
    path = PurePosixPath(file.path)
    if path.is_absolute() or ".." in path.parts or file.kind not in ARCHIVED:
        return f"{file.path!r}, which is no file of an archive"
    try:
        data = (folder / path).read_bytes()
    except OSError as error:
        return f"no {file.path} ({error.strerror})"
    if (digest := hashlib.sha256(data).hexdigest()) != file.sha256:
        return f"{file.path} of {len(data):,} bytes with SHA-256 {digest[:12]}… instead of {file.sha256[:12]}…"
    return ""


def import_archive(lake: Lake, folder: Path, *, progress: Progress = no_progress) -> Taken:
    """Bring the rows of an archive to a lake, all or none of each file, after every file was checked.

    Runs again without harm. A series that the lake has keeps its description; rows that say something else than the
    lake's go to quarantine.

    Parameters
    ----------
    lake
        Where they go.
    folder
        Of the archive.
    progress
        Called with the path of a file, its number and how many there are.

    Raises
    ------
    NotEnoughDataError, ChecksumError
        As of :func:`check_archive`.
    SchemaError
        If rows are not of their kind, or mean something else than those of the same series in the lake.
    """
    manifest = check_archive(folder)
    described = {series.series: series for series in lake.series()}
    for member in manifest.series:
        if fault := differing_meaning(described.get(member.series, member), member):
            raise SchemaError(f"{fault}; import the archive into another lake")
    tables = [_read(folder, file, manifest) for file in manifest.files]
    lake.register([item for item in manifest.series if item.series not in described])
    outcomes = list[Merged]()
    for number, (file, read) in enumerate(zip(manifest.files, tables, strict=True), start=1):
        progress(file.path, number, len(manifest.files))
        merged = lake.append(file.kind, read.collect())
        if merged.conflicting.height:
            lake.append("quarantine", merged.refused(file.path))
        outcomes.append(merged)
    lake.compact()
    return Taken(
        added=sum(outcome.added.height for outcome in outcomes),
        unchanged=sum(outcome.unchanged for outcome in outcomes),
        conflicting=sum(outcome.conflicting.height for outcome in outcomes),
    )


def _read(folder: Path, file: ArchivedFile, manifest: Manifest) -> pl.LazyFrame:
    """Return the rows of a file, checked: they are of its kind and coin, and of series of the manifest."""
    schema = KINDS[file.kind]
    names = [member.series for member in manifest.series]
    try:
        rows = pl.read_parquet(folder / file.path)
        conform(rows, schema)
    except (pl.exceptions.PolarsError, LakeError, SchemaError, ValueError) as error:
        raise SchemaError(f"expected rows of {file.kind} in {folder / file.path}, found {error}") from error
    fault = pl.when(~pl.col("series").is_in(names)).then(pl.lit("a series that the manifest does not describe"))
    fault = fault.when(pl.col("coin") != file.coin).then(pl.lit("a row of another coin"))
    faults = rows.select(pl.coalesce(fault, fault_of_each_row(schema)).alias("fault")).drop_nulls()
    if faults.height or rows.height != file.rows:
        words = faults["fault"][0] if faults.height else f"{rows.height:,} rows"
        raise SchemaError(f"expected {file.rows:,} rows of {file.kind} in {folder / file.path}, found {words}")
    return pl.scan_parquet(folder / file.path).select(schema.names)
