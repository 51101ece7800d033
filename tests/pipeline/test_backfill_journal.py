"""The journal of a backfill: what was asked, and which answers a later run must know again."""

from pathlib import Path

from runout.pipeline.backfill_journal import Journal
from runout.sources.venue import Answer, Call


def test_the_last_answers_of_each_path_are_known_again_however_many_came_on_others(tmp_path: Path) -> None:
    quiet, busy = (Call(venue="bitget", purpose="bars", path=path) for path in ("/quiet", "/busy"))
    with Journal(tmp_path) as journal:
        stretches = [journal.begin(call.path, 0, 1, call) for call in (quiet, busy)]
        for call, stretch, pages in ((quiet, stretches[0], 3), (busy, stretches[1], 40)):
            for number in range(pages):
                answer = Answer(status=200, headers={}, body=f"{call.path} {number}".encode(), received=number)
                journal.keep(stretch, number, call, answer)
        bodies = [kept.answer.body for kept in journal.latest(2)]
    assert bodies == [b"/quiet 1", b"/quiet 2", b"/busy 38", b"/busy 39"]
