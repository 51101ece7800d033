"""One Delta table: its files as it stands, and commits that go through only on the version they were made from."""

import os
import re
from typing import TYPE_CHECKING

import polars as pl

from runout.errors import LakeError

if TYPE_CHECKING:
    from deltalake import DeltaTable

_NO_ROOM = re.compile("no space left|quota exceeded|os error 28|StorageFull", re.IGNORECASE)
_ESCAPES = re.compile(r"\x1b\[\d+m")


def newest(address: str) -> "DeltaTable | None":
    """Return the table at a path or ``s3://`` address as it stands now, or None where there is none.

    Raises
    ------
    LakeError
        If the store cannot be reached, or what lies there cannot be read.
    """
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


def files(table: "DeltaTable | None", address: str) -> list[str]:
    """Return where the files of a table lie."""
    # An address is percent-encoded, a path is not; tables have no partitions, so the last part is the whole name.
    return [] if table is None else [f"{address}/{uri.rsplit('/', 1)[-1]}" for uri in table.file_uris()]


def commit(table: "DeltaTable | None", address: str, rows: pl.DataFrame, *, overwrite: bool) -> bool:
    """Write rows as the next version of a table, and return whether they went in.

    The store guards it: a version is a file that can be created once (a rename that replaces nothing in a folder, a
    conditional put on S3), and Delta is told not to try again at a later version.

    Parameters
    ----------
    table
        The version that ``rows`` were made from; None: there was no table.
    address
        Path or ``s3://`` address.
    rows
        What to write.
    overwrite
        Whether they take the place of all rows, instead of joining them.

    Returns
    -------
    bool
        False: another writer was first, and nothing was written.

    Raises
    ------
    LakeError
        If the store refuses, or has no room left.
    """
    from deltalake import CommitProperties, WriterProperties, write_deltalake  # noqa: PLC0415
    from deltalake.exceptions import CommitFailedError, DeltaError  # noqa: PLC0415

    try:
        write_deltalake(
            address if table is None else table,
            rows,
            mode="error" if table is None else "overwrite" if overwrite else "append",
            writer_properties=WriterProperties(compression="ZSTD", compression_level=3),
            commit_properties=CommitProperties(max_commit_retries=0),
            storage_options=storage_options(address),
        )
    except (OSError, DeltaError) as error:
        # Between our look and our write another one may have created the table, which is then no CommitFailedError.
        if isinstance(error, CommitFailedError) or "table already exists" in str(error):
            return False
        raise refusal(address, error) from error
    return True


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
