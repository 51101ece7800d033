"""What-ifs of the Python interface are those of the command, and their tables those of its JSON."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import runout
from pipeline.perpetual_lakes import BUCKET, DAYS, FIRST, WARM_DAYS, perpetual_lake, series
from pipeline.test_build_map import AT
from runout.api import Session, WhatIfAnswer
from runout.api.shock_inputs import named_shock
from runout.cascade.shock import Move, Order, ToPrice
from runout.cli.main import main
from runout.clock import format_time
from runout.errors import NotEnoughDataError, UsageError
from runout.records import KINDS, conform

MOMENT = format_time(AT)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Session:
    made = perpetual_lake(tmp_path_factory.mktemp("whatif") / "lake")
    depth = series("depth", BUCKET)
    ends = FIRST + BUCKET * np.arange(1, (WARM_DAYS + DAYS) * 6 + 1)
    dollars = 2e8 * np.random.default_rng(9).lognormal(0, 0.2, (2, len(ends)))
    rows = pl.DataFrame({"event_time": ends, "known_time": ends, "bid_usd": dollars[0], "ask_usd": dollars[1]})
    named = rows.with_columns(series=pl.lit(depth.series), coin=pl.lit("BTC"), span=pl.lit(0), band=pl.lit(0.01))
    made.register([depth])
    made.append("depth", conform(named, KINDS["depth"]))
    return runout.open(made.root)


@pytest.fixture(scope="module")
def fall(lake: Session) -> WhatIfAnswer:
    return lake.whatif("BTC", at=MOMENT, drop=0.05)


def test_a_what_if_is_that_of_the_command(
    lake: Session, fall: WhatIfAnswer, capsys: pytest.CaptureFixture[str]
) -> None:
    for form, mine in (("json", fall.to_json()), ("text", fall.to_text()), ("html", fall.to_html())):
        asked = ["whatif", "BTC", "--at", MOMENT, "--drop", "5%", "--format", form, "--lake", lake._lake.root]
        assert main(asked) == 0
        assert mine == capsys.readouterr().out


def test_its_table_holds_the_cases_of_its_json(fall: WhatIfAnswer) -> None:
    document, table = json.loads(fall.to_json()), fall.to_polars()
    assert table["case"].to_list() == ["mild", "central", "severe"]
    cases = [document["cases"][name] for name in ("mild", "value", "severe")]
    assert table["ending"].to_list() == [one["ending"] for one in cases]
    assert table["forced_usd"].round().to_list() == [one["liquidated_usd"] for one in cases]
    assert table["stop_price_usd"].round(2).to_list() == [one["price_usd"] for one in cases]
    assert table["reported_usd"].round().to_list() == list(document["reported_usd"].values())
    assert (table["forced_usd"].diff().drop_nulls() >= 0).all()
    assert fall.liquidated()["liquidated_usd"].sum() == pytest.approx(table["forced_usd"][1])


def test_the_present_price_is_no_shock_in_the_command_and_in_python(
    lake: Session, fall: WhatIfAnswer, capsys: pytest.CaptureFixture[str]
) -> None:
    present = json.loads(fall.to_json())["price"]
    with pytest.raises(UsageError, match="nothing would move"):
        lake.whatif("BTC", at=MOMENT, to=present)
    assert main(["whatif", "BTC", "--at", MOMENT, "--to", str(present), "--lake", lake._lake.root]) == 2
    assert "nothing would move" in capsys.readouterr().err


def test_an_order_has_no_chance_and_a_rise_goes_up(lake: Session) -> None:
    order = lake.whatif(at=MOMENT, sell=5e7).to_polars()
    assert order["chance_24h"].is_null().all()
    assert set(order["direction"]) == {"down"}
    assert set(lake.whatif(at=MOMENT, rise=0.02).to_polars()["direction"]) == {"up"}


def test_a_ladder_of_moves_and_the_picture(fall: WhatIfAnswer) -> None:
    moves = fall.ladder().filter(pl.col("trigger") == "move")
    assert moves["move"].min() < -0.05 < 0.05 < moves["move"].max()
    assert moves["event_time"].dtype == pl.Datetime("ns", "UTC")
    assert fall._repr_png_().startswith(b"\x89PNG")
    assert repr(fall) == f"<what if, Move(change=-0.05), of BTC as of {MOMENT}, inferred>"


def test_each_way_to_name_a_shock() -> None:
    assert named_shock(drop=0.05) == Move(-0.05)
    assert named_shock(rise=0.05) == Move(0.05)
    assert named_shock(to=110_000) == ToPrice(110_000)
    assert named_shock(sell=5e8) == Order("sell", 5e8)
    assert named_shock(buy=5e8) == Order("buy", 5e8)


@pytest.mark.parametrize("wrong", [{}, {"drop": 0.05, "to": 1.0}, {"drop": 5}, {"rise": -0.01}])
def test_no_shock_or_two_or_percents_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="expected"):
        named_shock(**wrong)


def test_without_books_it_is_refused(tmp_path: Path) -> None:
    bare = runout.open(perpetual_lake(tmp_path / "bare").root)
    with pytest.raises(NotEnoughDataError, match="depth"):
        bare.whatif(at=MOMENT, drop=0.05)


def test_the_chance_of_a_liquidation_is_that_of_its_price(lake: Session) -> None:
    price = lake.map("BTC", at=MOMENT).content.price
    (mine,) = lake.positions_risk(entry=price, leverage=25, side="long", at=MOMENT).content.positions
    assert mine.way is not None
    assert mine.way.chance is not None
    assert mine.way.chance == lake.whatif("BTC", at=MOMENT, to=mine.liquidation_price).content.chance
