"""Liquidation prices of the Hyperliquid API, predicted."""

from collections import Counter

import hyperliquid_accounts as hyperliquid
import numpy as np
import pytest

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def accounts(real_data):
    if not (real_data / hyperliquid.FOLDER).is_dir():
        pytest.skip(f"no {hyperliquid.FOLDER} in the developers' data")
    return tuple(hyperliquid.accounts(real_data))


@pytest.fixture(scope="module")
def compared(accounts):
    return tuple(one for account in accounts for one in hyperliquid.comparisons(account))


def share(errors):
    return float(np.mean(np.asarray(errors) <= hyperliquid.CLOSE))


def test_ninety_eight_of_a_hundred_prices_agree_within_a_tenth_of_a_percent(compared):
    assert len(compared) == 324
    assert share([one.error for one in compared]) >= 0.98
    assert np.median([one.error for one in compared]) < 1e-9


def test_every_price_that_does_not_agree_has_a_cause(compared):
    causes = Counter(one.cause for one in compared)
    assert causes["unexplained"] == 0
    assert causes["older table kept"] <= 5
    assert causes["isolated, mark unknown"] <= 1


def test_the_tier_that_holds_at_the_level_matters(compared):
    tiered, untiered = ([abs(price / one.api - 1) for one, price in prices] for prices in _both(compared))
    assert share(tiered) > share(untiered) + 0.05


def test_the_models_beside_them_in_the_same_file_agree_with_none(real_data):
    theirs = hyperliquid.their_deviations(real_data)
    assert len(theirs) == 325
    assert share(theirs) == 0


def test_the_maintenance_margin_of_an_account_is_that_of_its_positions(accounts):
    ratios = [hyperliquid.maintenance_from_positions(account) / account.maintenance - 1 for account in accounts]
    assert np.abs(ratios).max() < 3e-4  # old positions at a lower rate, in three accounts
    assert np.median(np.abs(ratios)) < 1e-10


def test_rates_kept_from_older_tables_explain_the_maintenance_margin_too(accounts, compared):
    kept = [one for one in compared if one.cause == "older table kept"]
    account = max(accounts, key=lambda account: sum(one.user == account.user for one in kept))
    rates = {one.coin: one.kept_rate for one in kept if one.user == account.user}
    before = hyperliquid.maintenance_from_positions(account) / account.maintenance - 1
    after = hyperliquid.maintenance_from_positions(account, rates) / account.maintenance - 1
    assert before > 1e-4
    assert abs(after) < 1e-6


def test_where_the_api_shows_no_price_a_long_cannot_be_liquidated_by_its_own_price(accounts):
    found = [pair for account in accounts for pair in hyperliquid.prices_where_the_api_has_none(account)]
    assert len(found) > 100
    assert all(position.side == 1 and price == 0 for position, price in found)


@pytest.mark.study
def test_table_of_agreement(accounts, compared, capsys):
    lines = ["account    positions  priced  compared  within 0.1%  median error  maintenance ours/API - 1"]
    for account in accounts:
        rows = [one.error for one in compared if one.user == account.user]
        priced = sum(position.api_price > 0 for position in account.positions)
        ratio = hyperliquid.maintenance_from_positions(account) / account.maintenance - 1
        agree = sum(error <= hyperliquid.CLOSE for error in rows)
        median = f"{np.median(rows):12.1e}" if rows else f"{'-':>12}"
        counts = f"{len(account.positions):9d} {priced:7d} {len(rows):9d} {agree:12d}"
        lines.append(f"{account.user[:8]}  {counts}  {median}  {ratio:24.1e}")
    lines.append(
        "by cause: " + ", ".join(f"{cause} {n}" for cause, n in Counter(one.cause for one in compared).items())
    )
    lines += [
        f"  {one.coin:7s} API {one.api:.6g}, ours {one.ours:.6g} ({one.error:.2%}): {one.cause}, rate {one.kept_rate}"
        for one in compared
        if one.cause != "agrees"
    ]
    for name, prices in zip(("API's mark", "late mark", "without tiers"), _three(compared), strict=True):
        errors = [abs(price / one.api - 1) for one, price in prices]
        lines.append(f"{name:14s} within 0.1%: {share(errors):.1%}, median error {np.median(errors):.1e}")
    with capsys.disabled():
        import sys

        sys.stdout.write("\n" + "\n".join(lines) + "\n")


def _both(compared):
    return [(one, one.ours) for one in compared], [(one, one.untiered) for one in compared]


def _three(compared):
    tiered, untiered = _both(compared)
    return tiered, [(one, one.late) for one in compared], untiered
