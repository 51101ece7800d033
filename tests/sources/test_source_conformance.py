"""One battery that every file source passes, whoever published the files."""

import io
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from source_specimens import SPECIMENS, documents

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.errors import SchemaError
from runout.records import KINDS, fault_of_each_row
from runout.sources import Document, FileSource, Normalised
from runout.sources.protocol import REFUSED_SCHEMA
from runout.sources.registry import providers, source_of

NOW = parse_time("2026-07-01")
CASES = [
    pytest.param(provider, document, id=f"{provider}: {document.name}")
    for provider in SPECIMENS
    for document in documents(provider)
]
PROVIDERS = pytest.mark.parametrize("provider", SPECIMENS)
EVERY_FILE = pytest.mark.parametrize(("provider", "document"), CASES)


def read(provider: str, document: Document, *, now: int = NOW) -> Normalised:
    return source_of(provider).normalise(document, now=now)


def with_data(document: Document, data: bytes) -> Document:
    return Document(name=document.name, data=data, folder=document.folder)


def check(made: Normalised, source: FileSource) -> None:
    """Assert everything that must hold of what a source gives back, whatever the bytes were."""
    declared = {one.series: one for one in made.series}
    assert len(declared) == len(made.series), "a series is declared once"
    for kind, rows in made.tables.items():
        schema = KINDS[kind]
        assert dict(rows.schema) == schema.dtypes
        faults = rows.select(fault=fault_of_each_row(schema, latest_time=NOW))["fault"]
        assert faults.null_count() == rows.height, faults.drop_nulls().to_list()[:3]
        assert (rows["known_time"] >= rows["event_time"]).all()
        for name, coin in rows.select("series", "coin").unique().iter_rows():
            assert declared[name].kind == kind
            assert declared[name].coin == coin
            assert name.startswith(f"{declared[name].provider}/{kind}/{coin}/")
    written = {name for rows in made.tables.values() for name in rows["series"].unique()}
    assert written == set(declared), "no series is declared without rows"
    check_refusals(made)
    assert source.provider
    assert source.normaliser


def check_refusals(made: Normalised) -> None:
    refused = made.refused
    assert dict(refused.schema) == REFUSED_SCHEMA
    assert refused.null_count().sum_horizontal().item() == 0
    assert refused["row"].n_unique() == refused.height, "a row is refused once"
    assert refused["row"].is_between(1, max(made.rows_in, 1)).all()
    assert all(refused["fault"].str.len_chars() > 5)
    kept = made.rows_in - made.rows_skipped - refused.height
    records = sum(rows.height for rows in made.tables.values())
    assert kept >= 0
    # A wide row that is refused may still have given its sound cells, hence not: no record without a kept row.
    assert records >= kept, "each row is kept, skipped or refused"


def test_every_provider_on_the_command_line_is_in_the_battery():
    assert set(SPECIMENS) == set(providers())


@PROVIDERS
def test_a_source_answers_the_protocol(provider: str):
    assert isinstance(source_of(provider), FileSource)


@EVERY_FILE
def test_a_file_is_recognised_by_its_name(provider: str, document: Document):
    assert source_of(provider).recognises(document.name)


@PROVIDERS
@pytest.mark.parametrize("name", ["SOURCE.txt", "README.md", "", ".csv", "runout.toml", "x.parquet", "a.zip.CHECKSUM"])
def test_files_of_others_are_not_recognised(provider: str, name: str):
    assert not source_of(provider).recognises(name)


def test_the_two_markets_of_binance_take_only_their_own_prefix():
    assert not source_of("binance-spot").recognises("perp_BTCUSDT_5m_2025.parquet")
    assert not source_of("binance-perpetual").recognises("spot_BTCUSDT_5m_2025.parquet")


@EVERY_FILE
def test_a_sound_file_is_kept_whole(provider: str, document: Document):
    made = read(provider, document)
    check(made, source_of(provider))
    assert made.rows_in > 0
    assert made.refused.is_empty(), made.refused.rows()
    assert made.tables


@EVERY_FILE
def test_the_same_bytes_give_the_same_rows(provider: str, document: Document):
    first, second = read(provider, document), read(provider, document)
    assert first.series == second.series
    assert first.notes == second.notes
    for kind, rows in first.tables.items():
        assert_frame_equal(rows, second.tables[kind])


@EVERY_FILE
def test_keys_are_unique(provider: str, document: Document):
    for kind, rows in read(provider, document).tables.items():
        assert not rows.select(pl.struct(KINDS[kind].key).is_duplicated().any()).item()


@EVERY_FILE
def test_the_order_of_rows_does_not_matter(provider: str, document: Document):
    turned = with_data(document, reverse_rows(document))
    straight, reverse = read(provider, document), read(provider, turned)
    for kind, rows in straight.tables.items():
        assert_frame_equal(rows.sort(KINDS[kind].key), reverse.tables[kind].sort(KINDS[kind].key))
    assert {s.series for s in straight.series} == {s.series for s in reverse.series}


def reverse_rows(document: Document) -> bytes:
    if document.name.endswith(".parquet"):
        buffer = io.BytesIO()
        pl.read_parquet(document.data).reverse().write_parquet(buffer)
        return buffer.getvalue()
    if not document.name.endswith((".csv", ".jsonl")):
        pytest.skip("packed: its plain form is another case")
    lines = document.data.splitlines(keepends=True)
    head = 0 if document.name.endswith(".jsonl") or lines[0][:1].isdigit() else 1
    return b"".join([*lines[:head], *reversed(lines[head:])])


@EVERY_FILE
def test_nothing_of_the_future_is_kept(provider: str, document: Document):
    source = source_of(provider)
    made = source.normalise(document, now=parse_time("2010-01-01"))
    assert not made.tables
    assert made.refused.height == made.rows_in - made.rows_skipped
    check_refusals(made)


@EVERY_FILE
def test_rows_speak_of_plausible_times(provider: str, document: Document):
    for rows in read(provider, document).tables.values():
        assert rows["event_time"].is_between(parse_time("2009-01-01"), NOW).all()
        assert (rows["known_time"] - rows["event_time"] <= 7 * NANOSECONDS_PER_DAY).all()


@EVERY_FILE
def test_text_in_a_number_refuses_that_row_alone_with_its_bytes(provider: str, document: Document):
    if not document.name.endswith(".csv"):
        pytest.skip("text files only: a Parquet column has one type")
    lines = document.data.splitlines(keepends=True)
    broken, place = spoiled_line(provider, document, lines)
    made = read(provider, with_data(document, b"".join([*lines[:place], broken, *lines[place + 1 :]])))
    assert made.refused.height == 1
    row, fault, raw = made.refused.row(0)
    assert row == place + (1 if lines[0][:1].isdigit() else 0)
    assert "12abc" in fault
    assert raw == broken.rstrip(b"\n")
    check_refusals(made)


def spoiled_line(provider: str, document: Document, lines: list[bytes]) -> tuple[bytes, int]:
    """Return the second line with text in a cell that holds a number, and its place."""
    place = 1
    fields = lines[place].rstrip(b"\n").split(b",")
    whole = read(provider, document).refused.height
    for index in range(len(fields) - 1, -1, -1):
        broken = b",".join([*fields[:index], b"12abc", *fields[index + 1 :]]) + b"\n"
        made = read(provider, with_data(document, b"".join([*lines[:place], broken, *lines[place + 1 :]])))
        if made.refused.height > whole and "12abc" in made.refused["fault"][0]:
            return broken, place
    pytest.fail("no cell of the row is read as a number")


# -- mutated bytes ---------------------------------------------------------------------------------------------------

Mutation = Callable[[bytes], bytes]


@st.composite
def mutations(draw: st.DrawFn) -> Mutation:
    """Draw damage: cut, flipped or inserted bytes, lines swapped, doubled or dropped, a column gone."""
    kind = draw(st.sampled_from(["truncate", "flip", "insert", "swap", "double", "column", "drop", "empty"]))
    place = draw(st.floats(0, 1, exclude_max=True))
    other = draw(st.floats(0, 1, exclude_max=True))
    inserted = draw(st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from(WORDS)))
    byte = draw(st.integers(1, 255))

    def mutate(data: bytes) -> bytes:
        at = int(place * len(data))
        if kind == "truncate":
            return data[:at]
        if kind == "flip":
            return data[:at] + bytes([data[at] ^ byte]) + data[at + 1 :]
        if kind == "insert":
            return data[:at] + inserted + data[at:]
        if kind == "empty":
            return b""
        return lines_changed(data, kind, place, other)

    return mutate


WORDS = [b"nan", b"inf", b"-", b"-1e400", b'"', b",", b",,,", b"\n", b"\r\n", b"\x00", b"9" * 25, b"\xff\xfe", b";"]


def lines_changed(data: bytes, kind: str, place: float, other: float) -> bytes:
    lines = data.split(b"\n")
    first, second = int(place * len(lines)), int(other * len(lines))
    if kind == "swap":
        lines[first], lines[second] = lines[second], lines[first]
    elif kind == "double":
        lines.insert(first, lines[second])
    elif kind == "drop":
        del lines[first]
    else:
        column = int(place * (lines[0].count(b",") + 1))
        lines = [b",".join(f for i, f in enumerate(line.split(b",")) if i != column) for line in lines]
    return b"\n".join(lines)


@EVERY_FILE
@settings(max_examples=40)
@given(damage=st.lists(mutations(), min_size=1, max_size=3))
def test_damage_is_refused_or_harmless_but_never_raises_anything_else(
    provider: str, document: Document, damage: list[Mutation]
):
    data = document.data
    for mutate in damage:
        data = mutate(data) if data else data
    source = source_of(provider)
    try:
        made = source.normalise(with_data(document, data), now=NOW)
    except SchemaError as error:
        assert len(str(error)) > 20  # noqa: PT017 - both outcomes are right, and both are looked at
    else:
        check(made, source)


def strange_columns() -> st.SearchStrategy[pl.Series]:
    texts = st.lists(st.one_of(st.none(), st.text(max_size=6)), min_size=3, max_size=3)
    floats = st.lists(st.one_of(st.none(), st.floats()), min_size=3, max_size=3)
    whole = st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=3, max_size=3)
    flags = st.lists(st.booleans(), min_size=3, max_size=3)
    return st.one_of(
        texts.map(lambda v: pl.Series("x", v, dtype=pl.String)),
        floats.map(lambda v: pl.Series("x", v, dtype=pl.Float64)),
        whole.map(lambda v: pl.Series("x", v, dtype=pl.Int64)),
        whole.map(lambda v: pl.Series("x", v, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))),
        flags.map(lambda v: pl.Series("x", v, dtype=pl.Boolean)),
        whole.map(lambda v: pl.Series("x", v, dtype=pl.Int64).cast(pl.Datetime("us"))),
    )


@pytest.mark.parametrize(
    ("provider", "document"), [case for case in CASES if str(case.values[1].name).endswith(".parquet")]
)
@settings(max_examples=40)
@given(column=strange_columns(), place=st.integers(0, 100))
def test_parquet_columns_of_other_types_are_refused(provider: str, document: Document, column: pl.Series, place: int):
    table = pl.read_parquet(document.data).head(3)
    name = table.columns[place % table.width]
    buffer = io.BytesIO()
    table.with_columns(column.head(table.height).alias(name)).write_parquet(buffer)
    source = source_of(provider)
    try:
        made = source.normalise(with_data(document, buffer.getvalue()), now=NOW)
    except SchemaError as error:
        assert len(str(error)) > 20  # noqa: PT017 - both outcomes are right, and both are looked at
    else:
        check(made, source)
