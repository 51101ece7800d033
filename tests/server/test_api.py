"""The API answers what the Python interface answers, as of any moment, in the forms that were asked for."""

import io
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import polars as pl
import pytest
from openapi import FILE
from polars.testing import assert_frame_equal

import runout
from runout.api import market as questions
from runout.api.answers import MapAnswer
from runout.api.questions import Question
from runout.cli.main import main
from runout.clock import NANOSECONDS_PER_DAY, now_ns, parse_time
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.server.questions import answer, refuse_stale
from runout.server.settings import changed_at
from server.running import AT, END, events, running

TABLES = (
    "candles", "liquidations", "tape", "open-interest", "funding", "depth", "flushes", "screener", "coverage",
    "coverage/feeds", "series",
)  # fmt: skip

DOCUMENTED = (FILE.parent / "api.md").read_text(encoding="utf-8")


pytestmark = pytest.mark.xdist_group("served")


@pytest.fixture
def lake(market_lake: Lake) -> Lake:
    return market_lake


@pytest.fixture(scope="module")
def client(served: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served, timeout=120) as opened:
        yield opened


def got(client: httpx.Client, path: str, **parameters: object) -> httpx.Response:
    answer = client.get(path, params={"at": AT, **parameters})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_of_what_moment_and_scope_it_is(client: httpx.Client, name: str) -> None:
    document = got(client, f"/v1/{name}").json()
    assert document["as_of"] == AT
    assert document["count"] == len(document["rows"])
    assert {"schema_version", "scope", "capture", "inferred", "synthetic", "note", "reproduce"} <= set(document)
    assert client.get(document["reproduce"]).json() == document


def test_every_form_holds_the_same_rows(client: httpx.Client) -> None:
    arrow = pl.read_ipc_stream(io.BytesIO(got(client, "/v1/candles", format="arrow").content))
    parquet = pl.read_parquet(io.BytesIO(got(client, "/v1/candles", format="parquet").content))
    assert_frame_equal(arrow, parquet)
    assert arrow.height == got(client, "/v1/candles").json()["count"]
    text = pl.read_csv(got(client, "/v1/candles", format="csv").content)
    assert text["close"].to_list() == arrow["close"].to_list()


def test_the_form_may_be_asked_for_by_accept(client: httpx.Client) -> None:
    answer = client.get("/v1/candles", params={"at": AT}, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert got(client, "/v1/map", format="text").headers["content-type"] == "text/plain; charset=utf-8"
    assert client.get("/docs").headers["content-type"] == "text/html; charset=utf-8"


def test_candles_are_those_of_the_python_interface(client: httpx.Client, lake: Lake) -> None:
    asked = questions.candles(lake, "BTC", parse_time(AT))
    served = pl.read_ipc_stream(io.BytesIO(got(client, "/v1/candles", format="arrow").content))
    assert_frame_equal(served, asked.table)


def test_candles_go_on_to_the_present_where_the_longest_series_ends_earlier(client: httpx.Client) -> None:
    table = got(client, "/v1/candles", since="2025-01-18T23:00Z").json()  # bars of 4 h until 26 March, of 5 min since
    ends = [row["event_time"] for row in table["rows"]]
    assert (ends[0], ends[-1], len(ends)) == ("2025-03-01T08:00:00Z", "2025-04-19T00:00:00Z", len(set(ends)))
    assert [name.rsplit("/", 1)[1] for name in table["series"]] == ["14400000000000", "300000000000"]


def test_a_stablecoin_margined_market_is_shown_before_a_coin_margined_one_of_its_step(lake: Lake) -> None:
    (finest,) = [item for item in lake.series("bars", "BTC") if item.series.endswith("/300000000000")]
    other = msgspec.structs.replace(finest, series="a-coin-margined-market", margin="coin", instruments="BTCUSD")
    assert sorted([other, finest], key=questions.preference) == [finest, other]


def test_what_only_coarser_bars_saw_was_observed(client: httpx.Client) -> None:
    gaps = got(client, "/v1/coverage", since="2025-01-18T23:00Z").json()["rows"]
    assert [(gap["start_time"], gap["end_time"]) for gap in gaps if gap["kind"] == "bars"] == [
        ("2025-01-18T23:00:00Z", "2025-03-01T00:00:00Z")
    ]


def test_coverage_of_a_venue_has_the_gaps_of_its_own_prices_and_candles_it_lacks_name_it(client: httpx.Client) -> None:
    whole, there = (got(client, "/v1/coverage", since="2025-01-18T23:00Z", venue=venue) for venue in ("Binance", "okx"))
    assert whole.json()["rows"] == got(client, "/v1/coverage", since="2025-01-18T23:00Z").json()["rows"]
    assert "bars" not in {row["kind"] for row in there.json()["rows"]}
    answer = client.get("/v1/candles", params={"venue": "okx", "at": AT})
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("expected bars of BTC on OKX between")


def test_a_wide_window_is_answered_with_wider_candles(client: httpx.Client) -> None:
    wide = got(client, "/v1/candles", since="2024-01-01", columns=50).json()
    assert 0 < wide["count"] <= 51


def test_the_map_is_byte_for_byte_that_of_the_python_interface(client: httpx.Client, local_map: MapAnswer) -> None:
    assert got(client, "/v1/map").text == local_map.to_json()


def test_the_map_of_the_path_alone_is_another_than_the_inferred_one_and_says_so(
    client: httpx.Client, local_map: MapAnswer, lake: Lake
) -> None:
    here = runout.open(lake.root).map("BTC", at=AT, model="path")
    assert got(client, "/v1/map", model="path").text == here.to_json()
    with runout.connect(str(client.base_url)) as far:
        assert far.map("BTC", at=AT, model="path").to_json() == here.to_json()
    assert here.content.ladder.usd.sum() != local_map.content.ladder.usd.sum()
    assert "price path only" in here.to_text()
    assert got(client, "/v1/sweeps", model="path").json()["note"].startswith("Price path only")
    assert header_of(got(client, "/v1/map/heat", model="path").content)["model"] == "path"


def test_published_positions_are_measured_levels_from_when_their_file_was_written(
    lake: Lake, local_map: MapAnswer, tmp_path: Path
) -> None:
    file = tmp_path / "published.csv"
    price = local_map.content.price
    file.write_text(f"side,size_base,liquidation_price\nlong,2,{price * 0.97}\nshort,1,{price * 1.02}\nlong,5,\n")
    written = parse_time("2025-04-18T20:00Z")
    os.utime(file, ns=(written, written))
    asked = Question(resource="snapshot", at=parse_time(AT), model="measured", positions=(str(file), changed_at(file)))
    measured = answer(lake.root, asked)
    document = json.loads(measured.documents["json"])
    assert (document["model"], document["inferred"], document["levels"]) == ("measured", False, [])
    levels = document["measured"]["levels"]
    assert [(row["side"], row["coins"], row["inferred_usd"]) for row in levels] == [("long", 2.0, 0), ("short", 1.0, 0)]
    assert levels[0]["measured_usd"] == pytest.approx(2 * price * 0.97, abs=1)
    header = header_of(measured.documents["heat"])
    cells = measured.documents["heat"][-2 * header["rows"] * header["columns"] :]
    assert header["inferred"] is False
    assert {at % header["columns"] for at, byte in enumerate(cells) if byte} == {header["columns"] - 1}
    with pytest.raises(NotEnoughDataError, match="published positions begin 2025-04-18T20:00Z"):
        answer(lake.root, msgspec.structs.replace(asked, at=written - 1))


def header_of(tile: bytes) -> dict[str, Any]:
    return json.loads(tile[4 : 4 + int.from_bytes(tile[:4], "little")])


def test_a_tile_holds_the_heat_of_the_map_row_by_row(client: httpx.Client, local_map: MapAnswer) -> None:
    tile = got(client, "/v1/map/heat").content
    header = header_of(tile)
    drawn = local_map.content
    sides, columns, rows = drawn.heat.usd.shape
    cells = memoryview(tile)[4 + int.from_bytes(tile[:4], "little") :]
    assert (header["rows"], header["columns"], len(cells)) == (rows, columns, sides * rows * columns)
    row, column = (int(one) for one in divmod(int(drawn.heat.usd[0].T.argmax()), columns))
    expected = float(drawn.heat.usd[0, column, row])
    byte = cells[row * columns + column]
    assert header["scale_usd"] * (byte / 255) ** 2 == pytest.approx(expected, rel=0.01)


def test_clusters_say_how_likely_they_are_reached_and_what_they_set_off(client: httpx.Client) -> None:
    clusters = got(client, "/v1/clusters").json()
    assert clusters["inferred"] is True
    assert all(row["through_forced_usd"] >= 0 and 0 <= row["chance_24h"] <= 1 for row in clusters["rows"])


def test_what_is_not_changed_is_not_sent_again(client: httpx.Client) -> None:
    first = got(client, "/v1/candles")
    again = client.get("/v1/candles", params={"at": AT}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["cache-control"] == "private, no-cache"


def test_an_answer_may_be_kept_for_ever_only_if_its_address_names_the_version(client: httpx.Client) -> None:
    version = client.get("/v1/status").json()["version"]
    assert "immutable" in got(client, "/v1/candles", version=version).headers["cache-control"]
    assert "immutable" not in got(client, "/v1/candles", version="1-2").headers["cache-control"]
    assert "immutable" not in client.get("/v1/series", params={"version": version}).headers["cache-control"]


def test_a_list_goes_on_where_its_cursor_says(client: httpx.Client) -> None:
    whole = got(client, "/v1/candles", columns=1000).json()["rows"]
    parts, cursor = [], None
    while True:
        part = got(client, "/v1/candles", columns=1000, limit=100, **({"cursor": cursor} if cursor else {})).json()
        parts += part["rows"]
        cursor = part["next_cursor"]
        if cursor is None:
            break
    assert parts == whole


def test_a_past_answer_is_the_same_to_the_byte_after_later_rows(client: httpx.Client, lake: Lake) -> None:
    paths = ("/v1/candles", "/v1/tape", "/v1/liquidations", "/v1/map", "/v1/clusters", "/v1/map/heat")
    before = {path: got(client, path).content for path in paths}
    lake.append("liquidations", events(END, 50))
    assert {path: got(client, path).content for path in paths} == before
    assert client.get("/v1/tape", params={"at": "2025-04-19T00:10Z", "since": "2025-04-19"}).json()["count"] == 50


def test_later_rows_are_in_the_answer_of_now(client: httpx.Client, lake: Lake) -> None:
    later = "2025-04-20T00:30Z"
    count = client.get("/v1/tape", params={"at": later, "since": "2025-04-20", "events": 1000}).json()["count"]
    lake.append("liquidations", events(END + NANOSECONDS_PER_DAY, 7))
    again = client.get("/v1/tape", params={"at": later, "since": "2025-04-20", "events": 1000}).json()["count"]
    for _ in range(20):  # two looks at the lake are a moment apart
        if again == count + 7:
            break
        again = client.get("/v1/tape", params={"at": later, "since": "2025-04-20", "events": 1000}).json()["count"]
    assert count == 0


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v1/candles?at=noon", 400, "expected a UTC time"),
        ("/v1/candles?at=9999-12-31", 400, "between 1970 and 2116"),
        ("/v1/candles?coin=B%0AC", 400, "coin"),
        ("/v1/candles?coin=NONE", 404, "expected bars of NONE"),
        ("/v1/candles?columns=0", 400, "columns"),
        ("/v1/candles?format=xml", 400, "format must be one of"),
        ("/v1/candles?cursor=zzzz", 400, "cursor"),
        ("/v1/whatif?shock=drop&amount=five", 400, "share of the price"),
        ("/v1/whatif?shock=melt&amount=5%25", 400, "shock"),
        ("/v1/rows?series=none", 400, "none"),
        ("/v1/map?model=exact", 400, "model: expected one of inferred, path, measured, found 'exact'"),
        ("/v1/clusters?model=measured", 404, "no published positions of BTC"),
        ("/v1/map?at=2020-01-01", 404, "expected intraday perpetual bars"),
        ("/v1/nothing", 404, "Not Found"),
        ("/v1/candles?until=2025-04-18&foo=1", 400, "unknown: 'foo', 'until'; there are at, coin, columns,"),
        ("/v1/candles?until=2025-04-18", 400, "a range is from `since` to `at`"),
        ("/v1/status?foo=1", 400, "unknown: 'foo'"),
        ("/v1/whatif", 400, "missing: shock (one of drop, rise, to, sell, buy), amount (5%, a price in dollars, or an"),
        ("/v1/whatif?shock=melt&amount=5%25", 400, "shock: expected one of drop, rise, to, sell, buy, found 'melt'"),
        (
            "/v1/candles?coin=B-C",
            400,
            "coin: expected base asset: letters, digits, found 'B-C'",
        ),
        ("/udf/history?symbol=BTC&resolution=7&from=1&to=2", 400, "resolution: expected minutes, 1D or 1W, found '7'"),
    ],
)
def test_a_question_of_the_wrong_form_is_a_problem_that_says_what_to_do(
    client: httpx.Client, path: str, status: int, words: str
) -> None:
    answer = client.get(path if "at=" in path else f"{path}{'&' if '?' in path else '?'}at={AT}")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert words in f"{problem['title']} {problem['detail']}"


@pytest.mark.parametrize(
    "path", ["candles", "forecast", "clusters", "map", "bulletin", "whatif?shock=drop&amount=5%25"]
)
def test_a_lake_that_ends_long_before_is_refused_at_once_and_names_its_newest_moment(
    client: httpx.Client, lake: Lake, path: str
) -> None:
    answer = client.get(f"/v1/{path}")
    detail = answer.json()["detail"]
    assert answer.status_code == 404
    assert "--at" not in detail
    newest = detail.rsplit("ask for at=", 1)[1]
    if path != "forecast":
        assert client.get("/v1/status").json()["coins"][0]["newest"] == newest
    with pytest.raises(NotEnoughDataError, match="found none; the newest data are of"):  # and no worker is asked
        refuse_stale(lake, Question(resource=path.partition("?")[0], at=now_ns()))


def test_a_model_too_names_the_newest_moment_each_surface_in_its_own_words(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    for ask in (runout.open(lake.root).map, runout.open(lake.root).bulletin, runout.open(lake.root).forecast):
        with pytest.raises(NotEnoughDataError, match="ask for at=2025-04-"):
            ask("BTC", at="2025-07-01")
    assert main(["map", "BTC", "--at", "2025-07-01", "--lake", lake.root]) == 4
    assert "ask for --at 2025-04-" in capsys.readouterr().err


def test_a_channel_that_is_none_and_a_parameter_that_is_none_are_refused_by_the_stream(client: httpx.Client) -> None:
    channels = client.get("/v1/stream", params={"channels": "lake,foo"})
    assert (channels.status_code, channels.json()["detail"]) == (
        400, "unknown channels foo; there are lake, liquidations, candles",
    )  # fmt: skip
    assert "unknown: 'since'; there are after, channels" in client.get("/v1/stream?since=x").json()["detail"]


def test_what_chart_libraries_and_browsers_add_is_let_through(client: httpx.Client) -> None:
    for path in ("/udf/config", "/udf/time", "/udf/search?query=B", "/widgets.json", "/docs", "/health/live"):
        assert client.get(path, params={"version": "1", "_": "7"}).status_code == 200


@pytest.mark.parametrize("line", re.findall(r"^curl .*", DOCUMENTED, re.MULTILINE))
def test_a_documented_question_is_answered(client: httpx.Client, line: str) -> None:
    (asked,) = (word for word in shlex.split(line) if word.startswith("http://127.0.0.1:8420/"))
    path = asked.removeprefix("http://127.0.0.1:8420").replace("2025-08-", "2025-04-")  # the lake ends on 19 April
    with client.stream("GET", path) as answer:
        first = next(answer.iter_bytes())
        assert answer.status_code == 200, first
    if "format=csv" in path:
        assert first.startswith(b"coin,venue,time,side,low_price")
    if "/candles" in path:
        assert client.get(path).json()["rows"][0]["event_time"] > "2025-04-17"


def test_rows_are_those_of_the_evidence(client: httpx.Client) -> None:
    name = "test/bars/BTC/binance/300000000000"
    rows = got(client, "/v1/rows", series=name, since="2025-04-18T22:00Z").json()
    assert rows["count"] == 13
    assert rows["series"] == [name]


def test_health_tells_how_old_the_newest_price_is(client: httpx.Client) -> None:
    assert client.get("/health/live").json() == {"alive": True}
    ready = client.get("/health/ready").json()
    assert (ready["ready"], ready["state"], ready["newest"]) == (True, "stale", "2025-04-19T00:00Z")
    assert "runout_lake_age_seconds" in client.get("/metrics").text


def test_an_empty_lake_is_served_and_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        running(tmp_path_factory.mktemp("none") / "lake") as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        assert client.get("/v1/status").json()["state"] == "empty"
        assert client.get("/health/ready").json()["state"] == "empty"
        answer = client.get("/v1/candles")
        assert (answer.status_code, answer.json()["title"]) == (404, "Not enough data")
        assert client.get("/metrics").status_code == 200
