"""Calls to Binance's archive: the checksum of each day's file, then the file."""

from collections.abc import Callable, Sequence

import msgspec

from runout.clock import NANOSECONDS_PER_DAY, format_date, parse_time
from runout.sources import binance
from runout.sources.answers import judge_json, judge_status
from runout.sources.binance_vision.normalise import take_liquidations, take_metrics
from runout.sources.candidates import Candidates
from runout.sources.protocol import Document
from runout.sources.venue import Answer, Call, History, Instrument, Page, Rows, Verdict
from runout.sources.wire import BAR_STEP

_NAME = "binance-vision"
_SUM, _SHA = ".CHECKSUM", "#sha256="
_CALLS_A_FILE = 2
# Open interest of the last 30 days is given by the REST interface; a day of both makes them comparable.
_SETTLES = 29 * NANOSECONDS_PER_DAY
_LIQUIDATIONS = (parse_time("2023-06-25"), parse_time("2024-10-15"))
"""Between which the archive has liquidations of contracts margined in coins; those margined in dollars were removed."""
_TAKES: dict[str, tuple[str, Callable[[Candidates, Instrument, Document], None]]] = {
    "metrics": ("um", take_metrics), "liquidationSnapshot": ("cm", take_liquidations),
}  # fmt: skip


def instrument_calls() -> tuple[Call, ...]:
    """Return Binance's own calls that list its contracts."""
    asked = (call for call in binance.venue().instrument_calls() if call.purpose == "instruments")
    return tuple(msgspec.structs.replace(call, venue=_NAME, pool="listing") for call in asked if call.host != "spot")


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return perpetuals; those margined in coins only over the time of which the archive has their liquidations."""
    listed = [i for i in binance.venue().read_instruments(answers) if i.market == "perpetual"]
    begin, end = _LIQUIDATIONS
    return tuple(
        msgspec.structs.replace(i, venue=_NAME, traded_at="binance", delisted=end, listed=max(i.listed or 0, begin))
        if i.margin == "coin"
        else msgspec.structs.replace(i, venue=_NAME, traded_at="binance")
        for i in listed
    )


def histories(instrument: Instrument) -> tuple[History, ...]:
    """Return statistics of contracts margined in dollars, liquidations of those margined in coins."""
    if instrument.margin == "coin":
        return (History(kind="liquidations", purpose="liquidationSnapshot", step=NANOSECONDS_PER_DAY, rows_a_call=1),)
    rows = NANOSECONDS_PER_DAY // BAR_STEP // _CALLS_A_FILE
    return (History(kind="open_interest", purpose="metrics", step=BAR_STEP, settles=_SETTLES, rows_a_call=rows),)


def first_call(history: History, instrument: Instrument, since: int, until: int) -> Call:
    """Return the call for the checksum of the first day."""
    call = Call(
        venue=_NAME,
        purpose=history.purpose,
        symbol=instrument.symbol,
        path="",
        pool="archive",
        since=since,
        until=until,
    )
    return _checksum(call, since)


def _checksum(call: Call, moment: int) -> Call:
    segment, _ = _TAKES[call.purpose]
    name = f"{call.symbol}-{call.purpose}-{format_date(moment)}.zip{_SUM}"
    path = f"/data/futures/{segment}/daily/{call.purpose}/{call.symbol}/{name}"
    return msgspec.structs.replace(call, path=path)


def _next_day(call: Call) -> Call | None:
    day = call.path.partition(".zip")[0][-len("2026-01-01") :]
    following = parse_time(day) + NANOSECONDS_PER_DAY
    return _checksum(call, following) if following < call.until else None


def read_page(call: Call, answer: Answer, instruments: Sequence[Instrument]) -> Page:
    """Return the rows of a day's file, or after its checksum the call for the file, which carries the sum.

    A day that is not there is passed over.

    Raises
    ------
    SchemaError
        If a file differs from its checksum, is damaged, or lacks a column.
    """
    if answer.status == 404:
        return Page(rows=Rows(), next=_next_day(call), horizon=True)
    if call.path.endswith(_SUM):
        digest = answer.body[:64].decode(errors="replace")
        return Page(rows=Rows(), next=msgspec.structs.replace(call, path=call.path.removesuffix(_SUM) + _SHA + digest))
    instrument = next(i for i in instruments if i.symbol == call.symbol)
    candidates = Candidates((answer.body,), (answer.received,))
    path, _, digest = call.path.partition(_SHA)
    name = path.rpartition("/")[2]
    _TAKES[call.purpose][1](candidates, instrument, Document(name=name, data=answer.body, checksum=f"{digest}  {name}"))
    candidates.restrict(call.since, min(call.until, answer.received))
    return Page(rows=candidates.rows(), next=_next_day(call))


def judge(call: Call, answer: Answer) -> Verdict:
    """Return what an answer is: a file that is not there is one."""
    if call.purpose == "instruments":
        return judge_json(answer)
    return Verdict(kind="ok") if answer.status == 404 else judge_status(answer) or Verdict(kind="ok")
