"""Live updates: a bulletin of a moment says the same when it is asked for again, and nothing is left to compute."""

import msgspec
import polars as pl
import pytest

from forecast.histories import START
from pipeline.daily_lakes import FINE_TO, add_fine
from runout.bulletin.findings import Bulletin
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE
from runout.collect.following import TAIL_FILE
from runout.lake import Lake
from runout.lake.tail import Tail
from runout.pipeline.derive import add_states, compute
from runout.pipeline.issue_bulletin import publish
from runout.pipeline.live import Updater, settled

MIDNIGHT = START + (FINE_TO - 2) * NANOSECONDS_PER_DAY
MOMENTS = [MIDNIGHT + minutes * NANOSECONDS_PER_MINUTE for minutes in (-241, -4, 1, 17, 239, 481)]


def bytes_of(bulletin: Bulletin) -> bytes:
    return msgspec.json.encode(bulletin)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("live") / "whole")
    add_fine(lake)
    return lake


@pytest.fixture(scope="module")
def followed(whole: Lake, tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, list[bytes]]:
    """Return a lake that was brought up to date as its rows came, by processes begun anew, and bulletins of then."""
    lake, since, said = Lake(tmp_path_factory.mktemp("live") / "followed"), 0, list[bytes]()
    lake.register(whole.series())
    updater = Updater(lake, ["BTC"])
    for number, at in enumerate(MOMENTS):
        for kind in ("bars", "open_interest", "liquidations"):
            lake.append(kind, whole.scan(kind).filter(pl.col("known_time").is_between(since + 1, at)).collect())
        if number % 2 == 0:
            lake = Lake(lake.root)
            updater = Updater(lake, ["BTC"])
        updater.update(at)
        while updater.due:
            updater.go_on(at)
        said.append(bytes_of(publish(Lake.open(lake.root), "BTC", at)))
        since = at
    return lake, said


def test_a_bulletin_of_a_live_run_is_the_same_byte_for_byte_when_it_is_asked_for_again(followed):
    lake, said = followed
    assert [bytes_of(publish(lake, "BTC", at)) for at in MOMENTS] == said


def test_what_was_derived_as_rows_came_is_what_is_derived_at_once(followed, whole):
    lake, _ = followed
    assert add_states(lake, "BTC") == 0
    assert add_states(lake, "ETH")  # of a coin that is not followed, until somebody asks for its map
    assert compute(lake) == 0
    last = MOMENTS[-1]
    batch = whole.copy_as_of(last, f"{whole.root}-batch")
    compute(batch)
    ours, theirs = ({k: v for k, v in one.fingerprint().items() if k in ("indicators", "flushes", "bars", "map_states")}
                    for one in (lake, batch))  # fmt: skip
    assert ours == theirs


def test_a_bulletin_is_of_the_moment_that_the_collector_has_delivered(tmp_path):
    now, begun = MIDNIGHT, MIDNIGHT - NANOSECONDS_PER_MINUTE
    assert settled(tmp_path, now, begun) == begun
    tail = Tail(tmp_path / TAIL_FILE)
    for behind, moment in ((3, now - 3 * NANOSECONDS_PER_MINUTE), (30, now)):
        through = now - behind * NANOSECONDS_PER_MINUTE + 7  # a bulletin names its moment by the second
        tail.commit({}, state={"delivered": msgspec.json.encode(through)})
        assert settled(tmp_path, now, begun) == moment
    tail.close()
