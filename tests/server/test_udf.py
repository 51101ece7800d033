"""Chart libraries and OpenBB Workspace read the server by the feed that they know."""

from collections.abc import Iterator

import httpx
import pytest

from runout.clock import parse_time
from server.running import AT, END

pytestmark = pytest.mark.xdist_group("served")
TO = END // 1_000_000_000


@pytest.fixture(scope="module")
def client(served: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served, timeout=120) as opened:
        yield opened


def asked(client: httpx.Client, path: str, **parameters: object):
    answer = client.get(path, params={"symbol": "BTC", "resolution": "60", "from": TO - 86_400, "to": TO, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_candles_of_a_chart_are_those_of_the_lake(client: httpx.Client) -> None:
    bars = asked(client, "/udf/history", to=TO - 3_600)
    rows = client.get("/v1/candles", params={"at": AT, "since": "2025-04-18T00:00Z", "columns": 23}).json()["rows"]
    assert bars["s"] == "ok"
    assert bars["c"][-23:] == [row["close"] for row in rows]
    ends = [parse_time(row["event_time"]) // 1_000_000_000 for row in rows]
    assert [begin + 3_600 for begin in bars["t"][-23:]] == ends


def test_as_many_bars_come_as_were_asked_for(client: httpx.Client) -> None:
    assert len(asked(client, "/udf/history", countback=300, resolution="5")["t"]) == 300
    assert asked(client, "/udf/history", **{"from": 1, "to": 86_400}) == {"s": "no_data"}


def test_a_coin_says_whether_it_is_synthetic(client: httpx.Client) -> None:
    about = client.get("/udf/symbols", params={"symbol": "btc"}).json()
    assert (about["ticker"], about["timezone"], about["session"]) == ("BTC", "Etc/UTC", "24x7")
    assert "SYNTHETIC" in about["description"]
    assert client.get("/udf/symbols", params={"symbol": "NONE"}).status_code == 404
    assert [one["symbol"] for one in client.get("/udf/search", params={"query": "b"}).json()] == ["BTC"]


def test_marks_and_features_are_of_the_feeds_form(client: httpx.Client) -> None:
    assert asked(client, "/udf/marks", **{"from": 0}) == []  # no derived state in this lake
    config = client.get("/udf/config").json()
    assert config["supports_marks"]
    assert "240" in config["supported_resolutions"]
    assert int(client.get("/udf/time").text) > TO


def test_every_table_of_the_widgets_has_rows_where_they_say(client: httpx.Client) -> None:
    widgets = client.get("/widgets.json").json()
    assert widgets["chart"]["type"] == "advanced_charting"
    for name, widget in widgets.items():
        if widget["type"] == "table":
            answer = client.get(f"/{widget['endpoint']}", params={"coin": "BTC", "at": AT})
            assert isinstance(answer.json()[widget["data"]["dataKey"]], list), name
    assert client.get("/apps.json").json() == []
