"""``runout import``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from runout.cli import screen
from runout.cli.configuration import lake_address, open_lake
from runout.cli.progress import progress_bar
from runout.errors import ExitCode, UsageError
from runout.lake import Lake
from runout.pipeline.file_import import Imported, import_files
from runout.sources.registry import source_of


def import_(
    provider: str,
    paths: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    lake: str | None = None,
    mapping: Path | None = None,
) -> int:
    """Import files of a provider into a lake.

    Runs again without harm: files imported before are passed over, rows the lake holds are not written twice, and an
    interrupted import goes on where it stopped. Rows that cannot be trusted are quarantined with their bytes, the rest
    is kept, and the exit code is 3.

    Parameters
    ----------
    provider
        Who published the files: coinglass, binance-perpetual, binance-spot, coinalyze, binance-open-interest,
        cryptoquant, daily-dominance, multivenue-hourly, tradingview-total2 or whalebot-events; or table, for any CSV
        or Parquet file that a mapping describes. docs/importing.md says which files each reads.
    paths
        Files and folders; folders are searched through.
    lake
        Folder of the lake.
    mapping
        Mapping file for provider table.
    """
    source = source_of(provider, mapping)
    target = Lake(lake_address(lake))
    with progress_bar(f"import {provider}") as progress:
        outcomes = import_files(target, source, paths, progress=progress)
    _summary(outcomes, target.root)
    return ExitCode.QUARANTINED if any(imported.rows_quarantined for imported in outcomes) else ExitCode.DONE


def _summary(outcomes: list[Imported], root: str) -> None:
    console = screen.console()
    table = Table(title=f"imported into {root}", title_justify="left", box=None, pad_edge=False)
    for header in ("files", "rows in", "records kept", "new", "skipped", "quarantined"):
        table.add_column(header, justify="right")
    sums = [
        sum(getattr(item, name) for item in outcomes)
        for name in ("rows_in", "rows_kept", "rows_added", "rows_skipped", "rows_quarantined")
    ]
    table.add_row(str(len(outcomes)), *(f"{total:,}" for total in sums))
    console.print(table)
    counts = {status: sum(item.status == status for item in outcomes) for status in ("known", "ignored", "quarantined")}
    if counts["known"]:
        console.print(f"{counts['known']} files were imported before and are unchanged")
    if counts["ignored"]:
        console.print(f"{counts['ignored']} files are not read by this provider")
    for note in sorted({note for item in outcomes for note in item.notes}):
        console.print(f"note: {note}", soft_wrap=True, markup=False)
    for imported in outcomes:
        for fault in imported.faults[:3]:
            console.print(f"quarantined from {imported.name}: {fault}", soft_wrap=True, markup=False)
        if len(imported.faults) > 3:
            console.print(f"quarantined from {imported.name}: {len(imported.faults) - 3} other reasons", markup=False)
    if any(item.rows_quarantined for item in outcomes):
        console.print("quarantined rows stand in the lake's table quarantine, with their bytes and the reason")


def forget(
    series: Annotated[list[str], Parameter(negative="")], /, *, lake: str | None = None, yes: bool = False
) -> int:
    """Take series out of a lake, as if they had not been imported. Without --yes only what would go is printed.

    Derived state goes too; `runout compute` makes it again. Files of the same provider can be imported again: rows the
    lake holds are not written twice. The ledger and quarantined rows stay.

    Parameters
    ----------
    series
        Identifiers, as `runout series` lists them.
    lake
        Folder of the lake.
    yes
        Remove them.
    """
    store = open_lake(lake)
    known = {item.series for item in store.series()}
    if missing := sorted(set(series) - known):
        raise UsageError(f"expected series of {store.root}, found {missing}; list them with `runout series`")
    stored = dict(store.extent().select("series", "rows").iter_rows())
    if yes:
        store.forget(series)
    console = screen.console()
    for name in series:
        console.print(f"{'removed' if yes else 'would remove'} {name}: {stored.get(name, 0):,} rows", markup=False)
    console.print(
        "derived state was removed too: run `runout compute`" if yes else "nothing was removed: repeat it with --yes"
    )
    return ExitCode.DONE
