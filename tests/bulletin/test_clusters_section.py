"""Clusters in a bulletin: crossed is what the price went through, and a price below a dollar has its digits."""

import polars as pl

from runout.bulletin.sections.clusters import section
from runout.clock import parse_time

AT = parse_time("2025-08-18T12:00Z")


def crossed(*shares: float, price: float = 118_500.0) -> list[str]:
    """Return what is said of short clusters of a day ago of which these shares were passed."""
    cluster = {
        "coin": "BTC", "venue": "binance", "event_time": AT, "rank": 1, "side": "short", "low_price": price,
        "high_price": 1.02 * price, "peak_price": price, "usd": 2e7, "low_usd": 1e6, "high_usd": 4e7, "coins": 900.0,
        "prior_share": 0.5, "distance": 0.03, "growth_usd": None, "state": "not known", "net_growth_rank": None,
        "last_visit_time": None, "last_visit_predicted_usd": None, "last_visit_realised_usd": None,
    }  # fmt: skip
    swept = [
        cluster | {"rank": rank, "passed_share": share, "expected_usd": 3e6, "reported_usd": 2e6}
        for rank, share in enumerate(shares, start=1)
    ]
    schema = {"passed_share": pl.Float64, "side": pl.String}
    made = section(pl.DataFrame([cluster]), pl.DataFrame(swept) if swept else pl.DataFrame(schema=schema), at=AT)
    assert len(made.tables) == 1 + bool(shares)
    return [one.statement for one in made.findings if one.name.startswith("clusters.swept")]


def test_a_cluster_that_was_touched_is_not_said_to_be_crossed() -> None:
    assert crossed(0.03) == []
    assert crossed() == []


def test_a_cluster_is_crossed_from_half_of_its_range_on() -> None:
    [said] = crossed(0.8, 0.03)
    assert said.startswith(
        "Crossed in the last 24 h: shorts at $118,500 to $120,870. The price covered 80% of the range;"
    )
    [said] = crossed(0.8, 0.6)
    assert "the largest of 2 (on one path they share what follows)" in said


def test_prices_below_a_dollar_keep_their_digits() -> None:
    [said] = crossed(1.0, price=0.25)
    assert "shorts at $0.25 to $0.255." in said
