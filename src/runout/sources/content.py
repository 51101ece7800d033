"""Reading tables of bytes: delimited text line by line, so that one bad line costs one row, and Parquet.

Every source that reads plain tables goes through here, so a cut file, a wrong delimiter or bytes that are not UTF-8
fail the same way everywhere.
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import polars as pl

from runout.errors import SchemaError

_OTHER_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MOST_COLUMNS = 10_000
_NO_ROWS = "expected rows, found a header only; download or export the file again"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a file as found.

    Parameters
    ----------
    cells
        One row for each row of the file, columns as named there; text from delimited files, own types from Parquet.
    faults
        For each row, why it cannot be read; null where it can.
    lines
        The rows' bytes, where the file has lines; else empty.
    """

    cells: pl.DataFrame
    faults: pl.Series
    lines: tuple[bytes, ...] = ()

    def raw(self, rows: Iterable[int]) -> list[bytes]:
        """Return the bytes of rows (numbered from 1): the line as it came, or the values of a Parquet row as JSON."""
        if self.lines:
            return [self.lines[row - 1] for row in rows]
        return [_as_json(self.cells.row(row - 1, named=True)) for row in rows]


def read_delimited(data: bytes, *, delimiter: str = ",", columns: Sequence[str] = ()) -> Content:
    """Return the content of delimited text.

    Parameters
    ----------
    data
        The bytes, with or without a byte-order mark; lines end with LF, CRLF or CR.
    delimiter
        One character.
    columns
        Names of the columns where the text has no header.

    Raises
    ------
    SchemaError
        If there is no header or no row, or the header repeats a column or seems to have another delimiter.

    Notes
    -----
    Blank lines are no rows. A quoted field ends on its line.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    line_end = b"\n" if b"\n" in data else b"\r"
    lines = [line.removesuffix(b"\r") for line in data.split(line_end)]
    lines = [line for line in lines if line.strip()]
    if not lines:
        raise SchemaError("expected a header and rows, found an empty file; download or export it again")
    names = list(columns) or header_of(lines.pop(0), delimiter)
    if not lines:
        raise SchemaError(_NO_ROWS)
    texts = [_decoded(line) for line in lines]
    text = pl.Series("text", texts, dtype=pl.String)
    cells, faults = _split_quoted(texts, names, delimiter) if b'"' in data else _split(text, names, delimiter)
    faults = pl.select(
        pl.when(text.is_null()).then(pl.lit("expected UTF-8 text, found other bytes")).otherwise(faults)
    ).to_series()
    return Content(cells=cells, faults=faults, lines=tuple(lines))


def header_of(line: bytes, delimiter: str) -> list[str]:
    """Return the column names of a header line.

    Raises
    ------
    SchemaError
        If the line is not UTF-8, repeats a name, has more columns than any table, or seems to have another delimiter.
    """
    try:
        names = [name.strip() for name in next(csv.reader([line.decode()], delimiter=delimiter))]
    except UnicodeDecodeError as error:
        raise SchemaError(
            f"expected a header in UTF-8, found {line[:60]!r} ({error}); save the file as UTF-8"
        ) from error
    except csv.Error as error:
        raise SchemaError(
            f"expected a header on one line, found {line[:60]!r} ({error}); end all lines of the file alike"
        ) from error
    if len(names) > _MOST_COLUMNS:
        raise SchemaError(f"expected at most {_MOST_COLUMNS:,} columns, found {len(names):,}; give each moment a row")
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise SchemaError(f"expected each column once, found {', '.join(repeated)} more than once; mend the header")
    if len(names) == 1:
        others = [word for sign, word in _OTHER_DELIMITERS.items() if sign != delimiter and sign in names[0]]
        if others:
            raise SchemaError(
                f"expected columns separated by {delimiter!r}, found one column {names[0][:60]!r}, which looks "
                f"separated by {others[0]}; save the file with {delimiter!r}, or name its delimiter in the mapping"
            )
    return names


def read_parquet(data: bytes) -> Content:
    """Return the content of a Parquet file.

    Raises
    ------
    SchemaError
        If the bytes are not a whole Parquet file, or it has no rows.
    """
    try:
        cells = pl.read_parquet(io.BytesIO(data))
    # Polars panics, instead of raising an error, on some damaged pages; nothing of it outlives the call.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise SchemaError(
            f"expected a whole Parquet file, found one that cannot be read ({str(error).splitlines()[0][:120]}); "
            "download or export it again"
        ) from error
    if not cells.height:
        raise SchemaError(_NO_ROWS)
    absurd = _absurd_moments(cells)
    results = [
        pl.when(is_absurd).then(
            pl.format(f"{as_literal(name)}: expected a moment, found {{}}", pl.col(name).to_physical())
        )
        for name, is_absurd in absurd.items()
    ]
    nulled = [pl.when(~is_absurd).then(pl.col(name)).alias(name) for name, is_absurd in absurd.items()]
    nothing = pl.Series("fault", [None] * cells.height, dtype=pl.String)
    return Content(
        cells=cells.with_columns(nulled),
        faults=cells.select(fault=pl.coalesce(nothing, *results))["fault"],
    )


def _absurd_moments(cells: pl.DataFrame) -> dict[str, pl.Expr]:
    """Return, for each column of moments, what lies outside the years 1 to 9999: polars cannot even write those."""
    # 64 bits of nanoseconds do not reach that far.
    per_day = {"ms": 86_400_000, "us": 86_400_000_000}
    absurd: dict[str, pl.Expr] = {}
    for name, dtype in cells.schema.items():
        units = per_day.get(dtype.time_unit or "") if isinstance(dtype, pl.Datetime) else None
        if units or dtype == pl.Date:
            earliest, latest = (days * (units or 1) for days in (-719_162, 2_932_896))
            absurd[name] = ~pl.col(name).to_physical().is_between(earliest, latest)
    return absurd


def require_columns(content: Content, expected: Iterable[str]) -> None:
    """Raise :class:`SchemaError` naming the columns of ``expected`` that the content does not have."""
    missing = [name for name in expected if name not in content.cells.columns]
    if missing:
        results = ", ".join(content.cells.columns)
        raise SchemaError(
            f"expected columns {', '.join(missing)}, found only {results[:400]}; "
            "is it a file of this provider, with its header?"
        )


def number(column: str, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """Return an expression for the numbers of a column of type ``dtype``; null where there is none to be read."""
    cell = pl.col(column)
    if dtype == pl.String:
        return cell.str.strip_chars().cast(pl.Float64, strict=False)
    return cell.cast(pl.Float64, strict=False) if _numeric(dtype) else pl.lit(None, pl.Float64)


def whole_number(column: str, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """Return an expression for the integers of a column of type ``dtype``; null where there is none to be read."""
    cell = pl.col(column)
    if dtype == pl.String:
        return cell.str.strip_chars().cast(pl.Int64, strict=False)
    if dtype.is_float():
        return pl.when(cell == cell.floor()).then(cell).cast(pl.Int64, strict=False)
    return cell.cast(pl.Int64, strict=False) if _numeric(dtype) else pl.lit(None, pl.Int64)


def unread(column: str, dtype: pl.DataType | type[pl.DataType], read: pl.Expr, expected: str) -> pl.Expr:
    """Return an expression with the fault of cells that hold something of which ``read`` made nothing."""
    cell = pl.col(column)
    filled = cell.is_not_null() & (cell.str.strip_chars() != "") if dtype == pl.String else cell.is_not_null()
    results = cell.str.slice(0, 60) if dtype == pl.String else cell.cast(pl.String, strict=False)
    text = pl.format(f"{as_literal(column)}: expected {expected}, found '{{}}'", results.fill_null("another type"))
    return pl.when(filled & read.is_null()).then(text).otherwise(None)


def as_literal(text: str) -> str:
    """Return text that ``pl.format`` takes as it is, braces (places for values) replaced."""
    return text.replace("{", "(").replace("}", ")")


def _numeric(dtype: pl.DataType | type[pl.DataType]) -> bool:
    return dtype.is_numeric()


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def _split(text: pl.Series, names: list[str], delimiter: str) -> tuple[pl.DataFrame, pl.Series]:
    if len(names) == 1:
        cells, results = text.to_frame(), pl.lit(1)
    else:
        parts = text.str.split_exact(delimiter, len(names) - 1)
        cells, results = parts.struct.unnest(), pl.col("text").str.count_matches(delimiter, literal=True) + 1
    cells.columns = names
    wrong = pl.format(f"expected {len(names)} fields, found {{}}", results)
    return cells, text.to_frame().select(fault=pl.when(results != len(names)).then(wrong)).to_series()


def _split_quoted(texts: list[str | None], names: list[str], delimiter: str) -> tuple[pl.DataFrame, pl.Series]:
    rows: list[list[str | None]] = []
    faults: list[str | None] = []
    for text in texts:
        fields: list[str] = []
        fault = None
        try:
            fields = next(csv.reader([text or ""], delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            fault = f"expected quoted fields to end on their line, found none such ({error})"
        if fault is None and len(fields) != len(names):
            fault = f"expected {len(names)} fields, found {len(fields)}"
        rows.append([*fields, *[None] * len(names)][: len(names)])
        faults.append(fault)
    schema = dict.fromkeys(names, pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row"), pl.Series("fault", faults, dtype=pl.String)


def _as_json(row: dict[str, object]) -> bytes:
    # JSON has no NaN: written as text, so that what came can be read from the quarantine.
    plain = {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
    return msgspec.json.encode(plain, enc_hook=str)
