"""One of several processes that write to a lake at once: `python writer.py ROOT rows|ledger WHO COUNT`, then a line.

At its end it prints how many seconds each round of writing took.
"""

import json
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


from forecast.histories import DAY, START
from forecast.made_up import made_up
from lake.test_lake import reserves
from runout.lake import Lake
from runout.pipeline import ledger


def write_rows(lake: Lake, who: str, count: int) -> Iterator[None]:
    """Append ``count`` rows that every writer has, and as many that only this one has."""
    for day in range(1, count + 1):
        lake.append("reserves", reserves({day * DAY: float(day)}, name="shared"))
        lake.append("reserves", reserves({day * DAY: float(day)}, name=f"of {who}"))
        yield


def write_ledger(lake: Lake, who: str, count: int) -> Iterator[None]:
    """Issue ``count`` forecasts that every writer issues, and as many that only this one does."""
    for day in range(count):
        made = [made_up(START + day * DAY), made_up(START + day * DAY, coin=who)]
        assert ledger.append(lake, made) in {1, 2}
        yield


if __name__ == "__main__":
    root, what, who, count = sys.argv[1:]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    rounds = {"rows": write_rows, "ledger": write_ledger}[what](Lake(root), who, int(count))
    marks = [time.perf_counter(), *(time.perf_counter() for _ in rounds)]
    json.dump([after - before for before, after in pairwise(marks)], sys.stdout)
