"""Fingerprints: the same rows give the same text, whatever order or file they came in."""

import hashlib
from typing import Protocol

import numpy as np
import polars as pl

from runout.records.schema import Schema


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...


def fingerprint(rows: pl.DataFrame, schema: Schema) -> str:
    """Return the SHA-256 of a table's rows, sorted by key, as hex.

    Every column enters with its name, its null mask and its little-endian values, so the text does not
    depend on row order, chunking, file layout or library version.
    """
    digest = hashlib.sha256(schema.kind.encode())
    ordered = rows.select(schema.names).sort(schema.key, nulls_last=True)
    for name in schema.names:
        column = ordered[name]
        digest.update(name.encode() + b"\0" + len(column).to_bytes(8, "little"))
        digest.update(np.packbits(column.is_null().to_numpy()).tobytes())
        _update_with_values(digest, column)
    return digest.hexdigest()


def _update_with_values(digest: _Digest, column: pl.Series) -> None:
    if column.dtype == pl.String:
        # Codes in order of first appearance: far fewer bytes than the text of every row.
        levels = column.unique(maintain_order=True).drop_nulls()
        digest.update("\0".join(levels.to_list()).encode())
        codes = column.replace_strict(levels, np.arange(len(levels)), default=-1, return_dtype=pl.Int64)
        digest.update(codes.to_numpy().astype("<i8").tobytes())
    elif column.dtype == pl.Binary:
        for value in column:
            digest.update(len(value or b"").to_bytes(8, "little") + (value or b""))
    elif column.dtype.is_float():
        digest.update(column.fill_null(0.0).to_numpy().astype("<f8").tobytes())
    else:
        digest.update(column.cast(pl.Int64).fill_null(0).to_numpy().astype("<i8").tobytes())


def combine(fingerprints: dict[str, str]) -> str:
    """Return one fingerprint for several named ones."""
    text = "\n".join(f"{name} {fingerprints[name]}" for name in sorted(fingerprints))
    return hashlib.sha256(text.encode()).hexdigest()
