"""A cluster is visited by sweeps of its own side only, and not by those that touch its rim."""

import pytest

from liquidation_map.test_clusters import hill, sweep
from runout.liquidation_map.clusters import clusters


def test_a_way_of_shorts_through_a_cluster_of_longs_is_no_visit() -> None:
    (found,) = clusters(hill((97.0, 1000)), history=(sweep(96, 99, 0), sweep(96, 99, 1, side="short")))
    assert found.side == "long"
    assert found.last_visit is not None
    assert found.last_visit.start == 0
    (unvisited,) = clusters(hill((97.0, 1000)), history=(sweep(96, 99, 1, side="short"),))
    assert unvisited.last_visit is None


@pytest.mark.parametrize(("share", "counts"), [(0.2, False), (0.3, True)])
def test_a_visit_goes_through_a_quarter_of_the_range(share: float, counts: bool) -> None:
    (plain,) = clusters(hill((97.0, 1000)))
    way = sweep(plain.high - share * (plain.high - plain.low), plain.high + 1, 0)
    (found,) = clusters(hill((97.0, 1000)), history=(way,))
    assert (found.last_visit is not None) == counts
