"""What a venue does with positions it takes over, by hand: one venue, one batch, both directions."""

import numpy as np
import pytest

from runout.cascade.stages import COINS, OWED, USD, Books, close

PRICE, MARGIN = 100.0, 0.01
COINS_HELD = 1000.0


def closed(sign: float, distance: float, *, depth: float = 1e12, insurance: float = 1e9, share: float = 0.5, room=1e9):
    """Close 1000 coins whose level was 100, owed their bankruptcy price, at a price ``distance`` beyond the level."""
    owed = COINS_HELD * PRICE * (1 + sign * MARGIN)
    batch = np.array([[COINS_HELD * PRICE], [COINS_HELD], [owed]])
    one = np.ones(1)
    books = Books(
        price_usd=PRICE, sign=sign, base=distance, taken_usd=0.0 * one, depth_usd=depth * one, distance=0.01,
        exponent=1.0,
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        return batch, close(
            batch, books, insurance_usd=insurance * one, backstop_share=share * one, backstop_room_usd=room * one,
            margin_rate=MARGIN * one,
        )  # fmt: skip


@pytest.mark.parametrize("sign", [-1.0, 1.0], ids=["down", "up"])
@pytest.mark.parametrize(("distance", "weak"), [(0.0, False), (0.004, False), (0.006, True), (0.02, True)])
def test_the_backstop_takes_what_has_less_than_its_share_of_the_margin_left(
    sign: float, distance: float, *, weak: bool
) -> None:
    batch, found = closed(sign, distance)
    assert found.backstop[USD, 0] == pytest.approx(batch[USD, 0] if weak else 0.0)
    assert found.market[USD, 0] == pytest.approx(0.0 if weak else batch[USD, 0])
    assert found.adl[USD, 0] == 0.0


@pytest.mark.parametrize("sign", [-1.0, 1.0], ids=["down", "up"])
def test_without_a_backstop_the_book_takes_all_and_insurance_the_difference(sign: float) -> None:
    _, inside = closed(sign, 0.004, share=0.0)
    _, beyond = closed(sign, 0.02, share=0.0)
    assert inside.insurance_change_usd[0] > 0  # closed better than at bankruptcy
    assert beyond.insurance_change_usd[0] < 0
    worth = COINS_HELD * PRICE * np.exp(sign * 0.02)
    assert beyond.cash_usd[0] == pytest.approx(worth)
    assert beyond.insurance_change_usd[0] == pytest.approx(sign * (COINS_HELD * PRICE * (1 + sign * MARGIN) - worth))


@pytest.mark.parametrize("sign", [-1.0, 1.0], ids=["down", "up"])
def test_what_insurance_cannot_pay_for_is_closed_against_winners_and_nothing_is_lost(sign: float) -> None:
    batch, found = closed(sign, 0.02, share=0.0, insurance=500.0)
    assert found.insurance_change_usd[0] == pytest.approx(-500.0, rel=1e-6)
    assert found.adl[USD, 0] > 0
    for row in (USD, COINS, OWED):
        assert (found.market + found.backstop + found.adl)[row, 0] == pytest.approx(batch[row, 0])


def test_a_backstop_that_is_nearly_full_takes_what_it_can() -> None:
    batch, found = closed(-1.0, 0.006, room=30_000.0)
    assert found.backstop[USD, 0] == pytest.approx(30_000.0)
    assert found.market[USD, 0] == pytest.approx(batch[USD, 0] - 30_000.0)


def test_an_empty_book_closes_against_winners() -> None:
    batch, found = closed(-1.0, 0.0, depth=0.0)
    assert found.adl[USD, 0] == batch[USD, 0]
    assert found.cash_usd[0] == 0.0
