"""Risk of positions as command and interface give it: files, agreement, and what is missing said."""

import json
from pathlib import Path

import pytest

import runout
from pipeline.perpetual_lakes import perpetual_lake
from pipeline.test_build_map import AT, END
from runout.api import Session
from runout.api.portfolios import portfolio_of, read_portfolio
from runout.cli.main import main
from runout.clock import NANOSECONDS_PER_HOUR, format_time
from runout.errors import UsageError

CSV = 'coin,side,quantity,entry,leverage\nBTC,long,10,"116,200",20\nETH,Short,100,4400,\n'
TOML = 'balance = "150k"\n[[position]]\ncoin = "BTC"\nside = "long"\nquantity = 10\nentry = 116200\nleverage = "20x"\n'
ONE = ["positions", "risk", "--entry", "116,200", "--leverage", "20", "--side", "long", "--at", "2025-08-18T12:00Z"]

AT_TEXT, LATER = format_time(AT), END + 4 * NANOSECONDS_PER_HOUR


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return runout.open(perpetual_lake(tmp_path_factory.mktemp("risk") / "lake").root)


@pytest.fixture
def account(tmp_path: Path) -> Path:
    (tmp_path / "account.csv").write_text(CSV)
    return tmp_path / "account.csv"


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_files_and_mappings_give_the_same_positions(account: Path, tmp_path: Path) -> None:
    (tmp_path / "account.toml").write_text(TOML)
    csv, toml = read_portfolio([account]), read_portfolio([tmp_path / "account.toml"])
    assert [(one.coin, one.side, one.quantity, one.entry, one.leverage) for one in csv.holdings] == [
        ("BTC", "long", 10.0, 116_200.0, 20.0),
        ("ETH", "short", 100.0, 4_400.0, None),
    ]
    assert toml.holdings == csv.holdings[:1]
    assert (csv.balance, toml.balance) == (None, 150_000.0)
    assert portfolio_of(
        [{"coin": "BTC", "side": "long", "quantity": 10, "entry": 116_200, "leverage": 20}]
    ).holdings == (toml.holdings)
    assert len(read_portfolio([account, tmp_path / "account.toml"]).holdings) == 3


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("x.csv", "coin,side,quantity\nBTC,long,1\n", "no entry"),
        ("x.csv", "coin,side,quantity,entry,size\nBTC,long,1,2,3\n", "size as well"),
        ("x.csv", "coin,side,quantity,entry\nBTC,up,1,2\n", "long or short"),
        ("x.csv", "coin,side,quantity,entry\nBTC,long,-1,2\n", "without a sign"),
        ("x.toml", "cash = 3\n", "cash"),
        ("x.toml", "position = 3\n", "position"),
        ("x.toml", "position =", "x.toml"),
        ("x.json", "{}", ".csv or .toml"),
    ],
)
def test_a_file_of_another_form_is_refused_with_its_name(
    name: str, text: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(text)
    assert main(["positions", "risk", "--positions", str(tmp_path / name), "--balance", "1M"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err
    assert name in captured.err


def test_command_and_interface_give_the_same_bytes(
    lake: Session, account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, at = lake._lake.root, format_time(AT)
    price = lake.map("BTC", at=at).content.price
    one = lake.positions_risk(entry=price, leverage=20, side="long", at=at)
    asked = [
        "positions",
        "risk",
        "--entry",
        repr(price),
        "--leverage",
        "20",
        "--side",
        "long",
        "--at",
        at,
        "--lake",
        root,
    ]
    assert said(capsys, *asked, "--format", "json") == one.to_json()
    assert said(capsys, *asked) == one.to_text()
    both = lake.positions_risk(account, balance="200k", at=at)
    asked = ["positions", "risk", "--positions", str(account), "--balance", "200k", "--at", at, "--lake", root]
    assert said(capsys, *asked, "--format", "json") == both.to_json()
    assert said(capsys, *asked) == both.to_text()
    assert both.to_polars()["coin"].to_list() == ["BTC", "ETH"]
    assert json.loads(both.to_json())["account"]["balance_usd"] == 200_000.0


def test_the_price_has_its_time_and_its_age(lake: Session) -> None:
    price = lake.map("BTC", at=AT_TEXT).content.price
    assert (
        f"({AT_TEXT}): unrealised" in lake.positions_risk(entry=price, leverage=20, side="long", at=AT_TEXT).to_text()
    )
    later = lake.positions_risk(entry=price, leverage=20, side="long", at=format_time(LATER)).to_text()
    assert "before the moment asked for): unrealised" in later


def test_a_position_larger_than_a_cluster_is_said_beside_it(lake: Session) -> None:
    price = lake.map("BTC", at=AT_TEXT).content.price
    small, large = (
        lake.positions_risk(entry=price, leverage=10, side="long", quantity=coins, at=AT_TEXT).to_text()
        for coins in (0.001, 3_000.0)
    )
    assert "larger than the whole cluster" not in small
    assert "larger than the whole cluster" in large


def test_what_a_lake_lacks_is_said_and_the_arithmetic_is_given(lake: Session) -> None:
    answer = lake.positions_risk(coin="kPEPE", entry=0.0115, leverage=5, side="long", venue="hyperliquid", at=AT_TEXT)
    text = answer.to_text()
    assert "margin $0.00230, notional $0.0115" in text
    assert "price of kPEPE: not known" in text
    assert "chance and clusters of kPEPE on hyperliquid: not known" in text
    assert "$0," not in text
    both = lake.positions_risk(
        [
            {"coin": "BTC", "side": "long", "quantity": 1, "entry": 60_000},
            {"coin": "ETH", "side": "long", "quantity": 1, "entry": 4_000},
            {"coin": "SOL", "side": "short", "quantity": 10, "entry": 200, "mark": 190},
        ],
        balance=10_000, at=AT_TEXT,
    ).to_text()  # fmt: skip
    assert "at $4,000 (its entry, for want of a price)" in both
    assert "at $190.00 (as given)" in both


def test_without_the_default_lake_the_arithmetic_is_given_and_the_lake_named(
    account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNOUT_LAKE", raising=False)
    for asked in (ONE, ["positions", "risk", "--positions", str(account), "--balance", "200k"]):
        text = said(capsys, *asked)
        assert "liquidated at a mark price of" in text
        assert "price, chance and clusters of BTC: not known; expected a lake at lakes/real" in text
    assert main([*ONE, "--lake", "nowhere"]) == 4
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--entry", "1", "--leverage", "2"],
        ["--positions", "account.csv", "--balance", "1M", "--target", "5"],
        ["--positions", "account.csv", "--balance", "1M", "--margin-mode", "isolated"],
        ["--positions", "account.csv"],
    ],
)
def test_what_is_missing_or_too_much_is_refused(
    arguments: list[str], account: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(account.parent)
    assert main(["positions", "risk", *arguments]) == 2
    assert "--" in capsys.readouterr().err


def test_an_interface_refuses_with_names_of_its_own(lake: Session) -> None:
    with pytest.raises(UsageError, match=r"^expected entry, leverage and side, or positions; side missing"):
        lake.positions_risk(entry=1, leverage=2)
