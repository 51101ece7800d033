"""Unpacking: one published file inside a zip or gzip, checked against the checksum beside it."""

import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from typing import IO

from runout.errors import ChecksumError, SchemaError
from runout.sources.protocol import Document

# The largest file Binance publishes (a month of one-second bars) unpacks to about 0.4 GB.
LARGEST_BYTES = 1 << 30
_ENCRYPTED = 0x1
# First bytes of packed files, by which they are known whatever their name.
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"BZh91AY&SY": "bzip2",
    b"\x04\x22\x4d\x18": "lz4",
    b"7z\xbc\xaf\x27\x1c": "7z",
}
# What zipfile, gzip and zlib raise on bytes that are not theirs; RuntimeError is zipfile's for a password.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,
)


def unpack(document: Document, *, largest_bytes: int = LARGEST_BYTES) -> bytes:
    """Return the bytes of the one file inside a document; a plain file is itself.

    Parameters
    ----------
    document
        A ``.zip``, a ``.gz`` or a plain file, told apart by name.
    largest_bytes
        Unpacked size above which the document is refused: nothing published is that large.

    Raises
    ------
    ChecksumError
        If the bytes differ from the checksum published beside them.
    SchemaError
        If the archive is truncated, encrypted, too large, of another form, or does not hold exactly one file.
    """
    verify_checksum(document)
    data = _unpacked(document, largest_bytes)
    packed = next((form for start, form in _PACKED.items() if data.startswith(start)), None)
    if packed:
        raise SchemaError(
            f"expected a plain file, or one file inside a .zip or .gz that is named so, found {document.name} packed "
            f"as {packed}; unpack it and import the file"
        )
    return data


def _unpacked(document: Document, largest_bytes: int) -> bytes:
    name = document.name.lower()
    try:
        if name.endswith(".zip"):
            return _unzip(document, largest_bytes)
        if name.endswith(".gz"):
            with gzip.GzipFile(fileobj=io.BytesIO(document.data)) as stream:
                return _read(stream, largest_bytes)
    except SchemaError:
        raise
    except _DAMAGE as error:
        raise SchemaError(
            f"expected a whole {document.name.rpartition('.')[2]} archive, found {document.name} damaged or cut short "
            f"({error}); download it again"
        ) from error
    return document.data


def verify_checksum(document: Document) -> None:
    """Compare the bytes with the ``sha256sum`` line published beside them, if any.

    Raises
    ------
    ChecksumError
        If the line is not of the form ``<64 hex digits>  <file name>`` or names another sum.
    """
    if document.checksum is None:
        return
    sums = re.findall(r"^([0-9a-fA-F]{64})(?:[ \t]+\*?(.*?))?[ \t\r]*$", document.checksum, re.MULTILINE)
    named = [digest for digest, name in sums if name == document.name] or [digest for digest, _ in sums]
    if len(set(named)) != 1:
        raise ChecksumError(
            f"expected one line '<sha256>  {document.name}' in {document.name}.CHECKSUM, found "
            f"{document.checksum[:80]!r}; download the checksum file again"
        )
    if named[0].lower() != document.sha256():
        raise ChecksumError(
            f"expected {document.name} to have SHA-256 {named[0].lower()} as published beside it, found "
            f"{document.sha256()}; download the file again"
        )


def _unzip(document: Document, largest_bytes: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(document.data)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise SchemaError(
                f"expected exactly one file in {document.name}, found {len(members)}; unpack it and import the files"
            )
        if members[0].flag_bits & _ENCRYPTED:
            raise SchemaError(f"expected {document.name} without a password, found it encrypted; decrypt it first")
        if members[0].file_size > largest_bytes:
            raise SchemaError(_too_large(largest_bytes, members[0].file_size))
        with archive.open(members[0]) as stream:
            return _read(stream, largest_bytes)


def _read(stream: IO[bytes] | gzip.GzipFile, largest_bytes: int) -> bytes:
    # One byte more than allowed: the size written in an archive is a claim, what comes out is a fact.
    data = stream.read(largest_bytes + 1)
    if len(data) > largest_bytes:
        raise SchemaError(_too_large(largest_bytes, len(data)))
    return data


def _too_large(largest_bytes: int, results: int) -> str:
    return (
        f"expected at most {largest_bytes:,} bytes after unpacking, found at least {results:,}; "
        "if the file is genuine, unpack and split it"
    )
