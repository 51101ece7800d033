"""What a venue lists, and what it lists no more: the series of a delisted contract end, and are not missed."""

from collections.abc import Sequence

import msgspec

from runout.collect.gap_rows import Output
from runout.collect.state import State
from runout.sources.venue import Instrument


def take_list(state: State, venue: str, listed: Sequence[Instrument], *, whole: bool, at: int) -> None:
    """Take a venue's list of instruments; what is no longer in it stays known, for frames of it may still come.

    Parameters
    ----------
    state
        State of the normaliser.
    venue, listed
        Whose list, and its instruments.
    whole
        Whether no part of it failed: only then is what it lacks delisted.
    at
        When it was received, UTC ns.
    """
    symbols = {(instrument.market, instrument.symbol) for instrument in listed}
    gone = [item for item in state.instruments.get(venue, ()) if (item.market, item.symbol) not in symbols]
    if whole:
        gone = [msgspec.structs.replace(item, delisted=min(item.delisted or at, at)) for item in gone]
    state.instruments[venue] = (*listed, *gone)


def end_delisted(state: State, venue: str, at: int, output: Output) -> None:
    """Say in the notes of a venue's series which contracts were delisted by ``at`` (UTC ns).

    A feed that carried nothing else has ended too: its silence is no gap.
    """
    ends = {(i.market, i.symbol): i.delisted for i in state.instruments.get(venue, ()) if (i.delisted or at + 1) <= at}
    ended = state.ended
    feeds: set[tuple[str, str]] = set()
    for name in [name for name, feed in state.feed_of.items() if feed[0] == venue]:
        scope = state.scopes[name]
        end = ends.get((scope.market, scope.instruments))
        if end is None:
            ended.pop(name, None)
        elif name not in ended:
            ended[name] = end
            output.series[name] = state.scopes[name] = msgspec.structs.replace(scope, note=state.note(scope))
            feeds.add(state.feed_of[name])
    for feed in feeds:
        if all(name in ended for name, carrier in state.feed_of.items() if carrier == feed):
            state.coverage.retire(feed)
