"""Cohorts named by leverage are those of the margin arithmetic, and a distance reads back as its leverage."""

import numpy as np
import pytest

from runout.liquidation_map.parameters import of_leverages
from runout.margin import initial_margin, liquidation_price

LEVERAGES = (100.0, 50.0, 25.0, 10.0, 5.0)


def test_a_class_of_a_leverage_is_liquidated_where_the_margin_arithmetic_says() -> None:
    made = of_leverages(LEVERAGES, (0.1,) * 5)
    entry, quantity = 60_000.0, 1.0
    for leverage, distance in zip(LEVERAGES, made.distance, strict=True):
        level = liquidation_price(1, quantity, entry, initial_margin(quantity * entry, leverage), 0.005)
        assert np.log(entry / float(level)) == pytest.approx(distance)


def test_distances_read_back_as_leverages() -> None:
    np.testing.assert_allclose(of_leverages(LEVERAGES, (0.1,) * 5).leverage(), LEVERAGES, rtol=1e-9)
