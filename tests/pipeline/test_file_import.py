"""The import job: nothing twice, nothing lost, whatever interrupts it and in whatever order the files lie there."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runout.clock import parse_time
from runout.errors import UsageError
from runout.lake import Lake, Merged
from runout.pipeline import file_import
from runout.pipeline.file_import import Imported, import_files
from runout.sources import FileSource
from runout.sources.registry import source_of

HEADER = "t,oi,oi_usd"
START = 1_773_532_800_000


def lines(count: int, *, first: int = 0, price: float = 70_000.0) -> str:
    rows = (f"{START + n * 300_000},{100 + n},{(100 + n) * price}" for n in range(first, first + count))
    return "\n".join([HEADER, *rows, ""])


# Sound files, a repeated one, one with a faulty row, one that is no table, one of nobody, and a conflict.
FILES = {
    "BTC_oi_5m.csv": lines(6),
    "a/BTC_oi_5m.csv": lines(6, first=3),
    "b/BTC_oi_5m.csv": lines(2, first=8),
    "c/ETH_oi_5m.csv": lines(4, price=3500.0),
    "d/BTC_oi_5m.csv": lines(3, first=4, price=71_000.0),
    "d/ETH_oi_5m.csv": lines(2, first=4, price=3500.0).replace("105,", "many,"),
    "e/SOL_oi_5m.csv": "",
    "f/SOL_oi_5m.csv": lines(5, price=150.0),
    "f/SOL_funding.csv": f"ts,rate\n{START},0.00001\n{START + 1},-0.00002\n",
    "g/SOURCE.txt": "where it came from",
    "g/SOL_oi_5m.csv": lines(5, price=150.0),
}

IN_ORDER = sorted(FILES, key=lambda name: Path(name).parts)


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commit every three documents, so that a few files make several commits."""
    monkeypatch.setattr(file_import, "_BUFFER_DOCUMENTS", 3)


def source() -> FileSource:
    return source_of("binance-open-interest")


def write_files(folder: Path, names: Iterable[str] = FILES) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILES[name])
    return folder


def dying_at(step_to_die: int) -> Callable[[str, int, int], None]:
    def progress(step: str, number: int, total: int, /) -> None:
        if number == step_to_die:
            raise KeyboardInterrupt

    return progress


class DyingLake(Lake):
    """A lake whose process is killed before its n-th write of rows."""

    def __init__(self, root: str | Path, writes: int) -> None:
        super().__init__(root)
        self.writes = writes

    def append(self, kind: str, rows: pl.DataFrame) -> Merged:
        self.writes -= 1
        if self.writes < 0:
            raise KeyboardInterrupt
        return super().append(kind, rows)


def statuses(outcomes: list[Imported]) -> list[str]:
    return [one.status for one in outcomes]


def test_the_summary_accounts_for_every_file_and_row(tmp_path: Path):
    lake = Lake(tmp_path / "lake")
    outcomes = import_files(lake, source(), [write_files(tmp_path / "data")])
    by_name = dict(zip(IN_ORDER, outcomes, strict=True))
    other = {name: one.status for name, one in by_name.items() if one.status != "imported"}
    assert other == {"d/BTC_oi_5m.csv": "quarantined", "e/SOL_oi_5m.csv": "quarantined", "g/SOURCE.txt": "ignored"}
    assert by_name["d/ETH_oi_5m.csv"].rows_quarantined == 1
    assert by_name["d/ETH_oi_5m.csv"].faults == ("oi: expected a number, found 'many'",)
    assert by_name["d/BTC_oi_5m.csv"].rows_quarantined == 3
    assert by_name["a/BTC_oi_5m.csv"].rows_added == 3
    assert by_name["a/BTC_oi_5m.csv"].rows_kept == 6


def test_a_second_run_reads_nothing_and_adds_nothing(tmp_path: Path):
    lake, data = Lake(tmp_path / "lake"), write_files(tmp_path / "data")
    import_files(lake, source(), [data])
    before = lake.fingerprint()
    outcomes = import_files(lake, source(), [data])
    assert set(statuses(outcomes)) == {"known", "ignored", "quarantined"}  # what was refused whole is read again
    assert sum(one.rows_added + one.rows_in for one in outcomes) == 0
    assert lake.fingerprint() == before


def test_files_added_to_the_folder_are_all_that_a_later_run_reads(tmp_path: Path):
    lake, data = Lake(tmp_path / "lake"), write_files(tmp_path / "data", ["BTC_oi_5m.csv"])
    import_files(lake, source(), [data])
    outcomes = import_files(lake, source(), [write_files(data, ["BTC_oi_5m.csv", "c/ETH_oi_5m.csv"])])
    assert sorted(statuses(outcomes)) == ["imported", "known"]
    assert sum(one.rows_added for one in outcomes) == 4


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("undisturbed")
    lake = Lake(folder / "lake")
    import_files(lake, source(), [write_files(folder / "data")])
    return lake.fingerprint()


@settings(max_examples=8)
@given(step=st.integers(1, len(FILES)))
def test_killed_at_any_document_and_run_again_the_lake_is_the_same(
    step: int, undisturbed: dict[str, str], tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("killed")
    lake, data = Lake(folder / "lake"), write_files(folder / "data")
    with pytest.raises(KeyboardInterrupt):
        import_files(lake, source(), [data], progress=dying_at(step))
    import_files(lake, source(), [data])
    assert lake.fingerprint() == undisturbed


@settings(max_examples=8)
@given(writes=st.lists(st.integers(0, 13), min_size=1, max_size=3))
def test_killed_between_any_two_writes_and_run_again_the_lake_is_the_same(
    writes: list[int], undisturbed: dict[str, str], tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("killed")
    data = write_files(folder / "data")
    for survived in writes:
        try:
            import_files(DyingLake(folder / "lake", survived), source(), [data])
        except KeyboardInterrupt:
            continue
    import_files(Lake(folder / "lake"), source(), [data])
    assert Lake(folder / "lake").fingerprint() == undisturbed


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_files_were_put_into_a_folder_does_not_matter(
    seed: int, undisturbed: dict[str, str], tmp_path: Path
):
    names = np.random.default_rng(seed).permutation(sorted(FILES)).tolist()
    lake = Lake(tmp_path / "lake")
    import_files(lake, source(), [write_files(tmp_path / "data", names)])
    assert lake.fingerprint() == undisturbed


@pytest.mark.parametrize("seed", range(3))
def test_files_that_agree_may_be_named_in_any_order(seed: int, tmp_path: Path):
    agreeing = [name for name in sorted(FILES) if name.endswith("m.csv") and name[0] not in "de"]
    data = write_files(tmp_path / "data", agreeing)
    straight, shuffled = Lake(tmp_path / "straight"), Lake(tmp_path / "shuffled")
    import_files(straight, source(), [data / name for name in agreeing])
    import_files(
        shuffled, source(), [data / name for name in np.random.default_rng(seed).permutation(agreeing).tolist()]
    )
    assert shuffled.fingerprint()["open_interest"] == straight.fingerprint()["open_interest"]
    assert shuffled.fingerprint()["series"] == straight.fingerprint()["series"]


def test_another_version_of_the_reader_reads_a_file_again_and_adds_nothing(tmp_path: Path):
    file = tmp_path / "mine.toml"
    mapping = """
    provider = "mine"
    [[file]]
    name = "held.csv"
    kind = "reserves"
    coin = "BTC"
    venues = ["all"]
    instruments = "coins"
    market = "on-chain"
    time = { column = "d", stamp = "day", step = "1d" }
    columns = { reserve_base = "held" }
    """
    (tmp_path / "held.csv").write_text("d,held\n2025-08-18,5\n")
    lake = Lake(tmp_path / "lake")
    for note in ("", "note = 'counted twice'\n"):
        file.write_text(mapping + note)
        [outcome] = import_files(lake, source_of("table", file), [tmp_path / "held.csv"])
        assert outcome.status == "imported"
        assert outcome.rows_added == (0 if note else 1)
    assert lake.series()[0].note == "counted twice"


def test_an_edition_that_was_read_before_is_unchanged_after_a_newer_one(tmp_path: Path):
    lake = Lake(tmp_path / "lake")
    moment = parse_time("2025-08-18")

    def append(value: float, vintage: str | None, known: int = moment) -> tuple[int, int, int]:
        merged = lake.append("reserves", pl.DataFrame({
            "series": "s", "coin": "BTC", "event_time": moment, "span": 0, "known_time": known,
            "reserve_base": value, "vintage": vintage,
        }, schema_overrides={"vintage": pl.String}))  # fmt: skip
        return merged.added.height, merged.unchanged, merged.conflicting.height

    assert append(1.0, "20250901") == (1, 0, 0)
    assert append(2.0, "20250902") == (1, 0, 0)
    assert append(3.0, "20250903") == (1, 0, 0)
    assert [append(v, f"2025090{n}") for v, n in ((1.0, 1), (2.0, 2), (3.0, 3))] == [(0, 1, 0)] * 3
    assert append(1.0, "20250904") == (1, 0, 0), "a value that comes back is news"
    assert append(9.0, "20250901") == (0, 0, 1)
    late = parse_time("2025-10-01")
    assert append(5.0, None, known=late) == (1, 0, 0)
    assert append(1.0, None, known=late + 1) == (1, 0, 0), "a value that comes back is news"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere", "found nothing at"),
        ("data/g/SOURCE.txt", "expected a file that provider .* reads"),
        ("empty", "found none it reads: it looks for .*; there is no file at all"),
    ],
)
def test_paths_that_cannot_be_meant_are_usage_errors(name: str, says: str, tmp_path: Path):
    write_files(tmp_path / "data")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=says):
        import_files(Lake(tmp_path / "lake"), source(), [tmp_path / name])
    assert not (tmp_path / "lake").exists()
