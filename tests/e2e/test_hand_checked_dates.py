"""Three more dates, whose figures were added up by hand from the raw files, outside this code."""

from typing import NamedTuple

import pytest

from runout.clock import parse_time
from runout.lake import Lake
from runout.pipeline.bulletin_inputs import issue

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]


class Checked(NamedTuple):
    at: str
    price: float
    change_today: float
    open_interest_usd: float
    change_24h_usd: float
    change_48h_usd: float
    long_usd: float
    short_usd: float
    long_share: float


BY_HAND = (
    Checked("2025-02-03T08:00Z", 95_271.1, -0.0245063, 61_151_908_877, -2_803_111_289, -3_830_801_201, 306_156_788, 52_400_208, 0.6875),
    Checked("2025-06-13T04:00Z", 104_233.9, -0.0130253, 69_767_459_459, -3_490_504_376, -5_545_970_697, 286_279_081, 25_264_102, 0.5239),
    Checked("2025-07-18T16:00Z", 117_830.0, -0.0112992, 85_764_227_120, -1_484_968_748, -1_686_335_200, 130_183_098, 86_877_440, 0.4412),
)  # fmt: skip


@pytest.mark.parametrize("checked", BY_HAND, ids=lambda one: one.at)
def test_a_bulletin_states_what_was_added_up_by_hand(real_lake: Lake, checked: Checked) -> None:
    bulletin = issue(real_lake, "BTC", parse_time(checked.at))
    found = {
        (finding.name, quantity.name): quantity.value
        for section in bulletin.sections
        for finding in section.findings
        for quantity in finding.evidence.quantities
    }
    assert found["price.now", "price"] == checked.price
    assert found["price.now", "change_today"] == pytest.approx(checked.change_today, abs=1e-6)
    assert found["leverage.level", "open_interest_usd"] == pytest.approx(checked.open_interest_usd, abs=1)
    assert found["leverage.change.24h", "change_usd"] == pytest.approx(checked.change_24h_usd, abs=1)
    assert found["leverage.change.48h", "change_usd"] == pytest.approx(checked.change_48h_usd, abs=1)
    assert found["liquidations.24h", "long_usd"] == pytest.approx(checked.long_usd, abs=1)
    assert found["liquidations.24h", "short_usd"] == pytest.approx(checked.short_usd, abs=1)
    assert found["positioning.global-accounts", "long_share"] == pytest.approx(checked.long_share, abs=1e-9)
