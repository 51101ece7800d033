"""``runout archive``."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from runout.cli import screen
from runout.cli.configuration import lake_address, open_lake, time_option
from runout.cli.progress import progress_bar
from runout.errors import ExitCode, UsageError
from runout.lake import Lake

if TYPE_CHECKING:
    from runout.pipeline.archive import Manifest

Repeated = Annotated[tuple[str, ...], Parameter(negative="")]


def archive(
    subject: Literal["export", "verify", "import"],
    folder: Path,
    /,
    *,
    lake: str | None = None,
    coin: Repeated = (),
    provider: Repeated = (),
    since: str | None = None,
    until: str | None = None,
) -> int:
    """Write what a lake has recorded as files for others, check such files, or bring them to a lake.

    An archive holds liquidations, bars and their gaps as Parquet files, and a manifest with the SHA-256 of each.
    Nothing is imported from one that is not as it was written. Rows that say something else than those of the lake
    are quarantined, and the exit code is 3.

    Parameters
    ----------
    subject
        ``export``: write the archive. ``verify``: compare every file with its SHA-256. ``import``: do that, then bring
        the rows to the lake; may be repeated without harm.
    folder
        Folder of the archive; for export new or empty.
    lake
        Folder of the lake.
    coin
        Export this base asset alone; may be repeated.
    provider
        Export series that this provider published; may be repeated. If none is named, the venues alone: what was
        recorded from their feeds or backfilled.
    since, until
        Export rows of this time: from, and before.

    Raises
    ------
    UsageError
        If an option is given that only an export has.
    """
    from runout.pipeline.archive import check_archive, export_archive, import_archive  # noqa: PLC0415 - as in collecting

    if subject != "export" and (coin or provider or since or until):
        raise UsageError(f"expected archive {subject} and a folder without --coin, --provider, --since and --until")
    if subject == "verify":
        _summary(check_archive(folder), f"every file is as it was written in {folder}")
        return ExitCode.DONE
    with progress_bar(f"archive {subject}") as progress:
        if subject == "import":
            taken = import_archive(target := Lake(lake_address(lake)), folder, progress=progress)
            _summary(
                check_archive(folder),
                f"{taken.added:,} rows were new to {target.root}, {taken.unchanged:,} were there, "
                f"{taken.conflicting:,} contradict what was there and are in quarantine",
            )
            return ExitCode.QUARANTINED if taken.conflicting else ExitCode.DONE
        chosen = {"providers": [item.lower() for item in provider]} if provider else {}
        written = export_archive(
            open_lake(lake), folder, coins=[item.upper() for item in coin], since=time_option(since) if since else 0,
            until=time_option(until) if until else None, progress=progress, **chosen,
        )  # fmt: skip
    _summary(written, f"written to {folder}; give the whole folder away")
    for title, words in written.terms.items():
        screen.console().print(f"terms, {title}: {words}", soft_wrap=True, markup=False)
    return ExitCode.DONE


def _summary(manifest: "Manifest", outcome: str) -> None:
    rows = Counter[str]()
    for file in manifest.files:
        rows[file.kind] += file.rows
    parts = ", ".join(f"{count:,} {kind}" for kind, count in rows.items())
    coins = len({member.coin for member in manifest.series})
    text = f"{parts} of {len(manifest.series)} series and {coins} coins in {len(manifest.files)} files; {outcome}"
    screen.console().print(text, soft_wrap=True, markup=False)
