"""What is stored of an emulated history is what happened under it, to the second and the unit, series by series."""

from collections.abc import Iterator

import msgspec
import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.emulator import Emulator, Market, Plan
from runout.emulator.contracts import TIERS, Contract
from runout.emulator.desk import Desk
from runout.emulator.forms import Query, Refused, Reply, json_reply
from runout.errors import SchemaError
from runout.pipeline.backfill_plan import chosen, histories
from runout.sources.registry import VENUES, venue_of
from runout.sources.venue import Answer, Call, History, Instrument, Venue

PAGES = 60
CLOSE = {"rtol": 2e-5, "atol": 0.0}
"""Venues round ratios to four digits and sizes to steps; a stamp one step off is further away than this."""


def answered(emulator: Emulator, call: Call, *faults: str) -> Answer:
    """Return what the emulator answers to a call, without a socket."""
    counter = emulator.counters[call.venue]
    route, parts = counter.route(call.method, call.path.partition("#")[0])
    given = msgspec.json.decode(call.body) if call.method == "POST" else dict(call.parameters)
    try:
        body = route.answer(counter.desk, Query(given | parts, frozenset(faults)))
    except Refused as refused:
        body = counter.form.refuse(refused, emulator.clock.now())
    reply = body if isinstance(body, Reply) else json_reply(body)
    return Answer(status=reply.status, headers={}, body=reply.body, received=emulator.clock.now())


def stored(emulator: Emulator, venue: Venue, since: int, until: int) -> Iterator[tuple[Instrument, str, pl.DataFrame]]:
    """Give what a backfill of one coin stores: instrument, kind and rows of each series."""
    listed = instruments_of(emulator, venue.name)
    for instrument in (asked := chosen(listed, ["BTC"])):
        for history in histories(venue, instrument, asked):
            end = (until - history.settles) // (history.step or 1) * (history.step or 1)
            call: Call | None = venue.first_call(history, instrument, max(since, end - (history.keeps or end)), end)
            rows: dict[str, list[pl.DataFrame]] = {}
            for _ in range(PAGES):
                if call is None:
                    break
                page = venue.read_page(call, answered(emulator, call), listed)
                assert not page.rows.refused.height, page.rows.refused["fault"].to_list()[:2]
                for kind, table in page.rows.tables.items():
                    rows.setdefault(kind, []).append(table)
                call = page.next
            for kind, tables in rows.items():
                for part in pl.concat(tables).unique(maintain_order=True).partition_by("series"):
                    yield instrument, kind, part.sort("event_time")


def contract_of(desk: Desk, instrument: Instrument) -> Contract:
    """Return the emulated contract behind an instrument."""
    kind = "spot" if instrument.market == "spot" else "inverse" if instrument.margin == "coin" else "linear"
    symbol = instrument.symbol.partition("-")[2] if instrument.venue == "lighter" else instrument.symbol
    return desk.contracts[f"{kind}:{symbol}"]


def check_bars(desk: Desk, contract: Contract, rows: pl.DataFrame) -> None:
    """Bars are stamped with their close; volumes of contracts of dollars are compared in dollars."""
    span, times = int(rows["span"][0]), rows["event_time"].to_numpy()
    tape = desk.tape(contract)
    opened, bars = tape.bars(span, int(times[0]) - span, int(times[-1]) + 1)
    bars = bars._replace(**{name: getattr(bars, name)[np.isin(opened, times - span)] for name in bars._fields})
    for name in ("open", "high", "low", "close"):
        np.testing.assert_allclose(rows[name], getattr(bars, name) / 10**contract.digits / contract.multiplier)
    volume = "volume_usd" if contract.unit_usd else "volume_base"
    whole = tape.quote if contract.unit_usd else tape.coins
    np.testing.assert_allclose(rows[volume], whole(bars.volume, bars.close), **CLOSE)
    if rows["taker_buy_base"].null_count() == 0 and not contract.unit_usd:
        np.testing.assert_allclose(rows["taker_buy_base"], tape.coins(bars.bought, bars.close), **CLOSE)


def check_open_interest(
    desk: Desk, contract: Contract, rows: pl.DataFrame, *, late: int = 0, stamped: bool = True
) -> None:
    """Open interest is single-sided; contracts of dollars are compared in dollars, others in coins if they are said."""
    times = rows["event_time"].to_numpy() - late
    in_coins = not contract.unit_usd and not rows["open_interest_base"].null_count()
    true = desk.tape(contract).coins if in_coins else desk.tape(contract).quote
    said = rows["open_interest_base" if in_coins else "open_interest_usd"].to_numpy()
    apart, apart_later = (
        np.abs(said / true(desk.open_steps(contract, moments), desk.tape(contract).ticks_at(moments)) - 1)
        for moments in (times, times - 300 * 10**9)
    )
    assert apart.max() < (CLOSE["rtol"] if stamped else 1e-3)
    assert not stamped or np.median(apart_later) > CLOSE["rtol"]


def check_funding(desk: Desk, contract: Contract, rows: pl.DataFrame) -> None:
    """A rate is stamped with its settlement, and is for the hours since the last."""
    times, hours = rows["event_time"].to_numpy(), contract.funding_hours
    assert set(rows["interval_hours"]) == {hours}
    assert not (times % int(hours * 3600 * 10**9)).any()
    np.testing.assert_allclose(rows["rate"], desk.funding_at(contract, times - 1), atol=5.1e-7)


def check_positioning(desk: Desk, contract: Contract, rows: pl.DataFrame) -> None:
    """Ratios of top traders lean as all accounts do, by a fixed part."""
    share = desk.market.long_accounts(contract.coin, contract.place, rows["event_time"].to_numpy())
    part = 1.0 if rows["series"][0].endswith("global-accounts") else 0.8 if "top-accounts" in rows["series"][0] else 0.4
    if contract.venue == "gate":
        np.testing.assert_allclose(rows["long_short_ratio"], 1 + part * (share / (1 - share) - 1), atol=2e-6)
    else:
        np.testing.assert_allclose(rows["long_share"], 0.5 + part * (share - 0.5), atol=6e-5)


def check_liquidations(desk: Desk, contract: Contract, rows: pl.DataFrame) -> None:
    """Totals are stamped with the end of their period, single liquidations with their millisecond."""
    for side, sign in (("long", 1), ("short", -1)):
        part = rows.filter(pl.col("liquidated_side") == side)
        for time, span, coins in part.select("event_time", "span", "quantity_base").iter_rows():
            true = desk.true_closes(contract, time - span, time if span else time + 1_000_000)
            sizes = true.steps[true.side == sign] * contract.step * contract.unit_base
            if span:
                assert sizes.sum() == pytest.approx(coins)
            else:
                assert any(size == pytest.approx(coins) for size in sizes)


def check_taker_flow(desk: Desk, contract: Contract, rows: pl.DataFrame) -> None:
    """What takers bought and sold is stamped with the end of its period."""
    span, times = int(rows["span"][0]), rows["event_time"].to_numpy()
    tape = desk.tape(contract)
    opened, bars = tape.bars(span, int(times[0]) - span, int(times[-1]))
    np.testing.assert_array_equal(opened + span, times)
    np.testing.assert_allclose(rows["buy_usd"], tape.quote(bars.bought, bars.close), **CLOSE)
    np.testing.assert_allclose(rows["sell_usd"], tape.quote(bars.volume - bars.bought, bars.close), **CLOSE)


CHECKS = {
    "bars": check_bars, "open_interest": check_open_interest, "funding": check_funding,
    "positioning": check_positioning, "liquidations": check_liquidations, "taker_flow": check_taker_flow,
}  # fmt: skip
SAMPLED = {"bitfinex": 60 * 10**9}
"""Nanoseconds by which the last row a minute of five is older than their end, as of which it is stored."""
TRADING = [name for name in VENUES if name not in {"coingecko", "defillama"}]


@pytest.mark.parametrize("name", TRADING)
def test_every_row_of_a_history_is_what_happened_at_its_stamp_in_its_unit(market: Market, name: str) -> None:
    emulator = Emulator(market, speed=0, venues=(name,))
    now = market.plan.start + 150 * 10**9
    emulator.jump(now)
    desk, seen = emulator.counters[name].desk, set[str]()
    for instrument, kind, rows in stored(emulator, venue_of(name), now - NANOSECONDS_PER_DAY, now):
        late = {"late": SAMPLED[name]} if kind == "open_interest" and name in SAMPLED else {}
        CHECKS[kind](desk, contract_of(desk, instrument), rows, **late)
        assert rows["known_time"].max() <= now + 3600 * 10**9
        assert (rows["known_time"] >= rows["event_time"]).all()
        seen.add(kind)
    assert seen or not any(venue_of(name).histories(i) for i in instruments_of(emulator, name))


@pytest.mark.parametrize("name", TRADING)
def test_a_history_has_no_hole_where_pages_meet_be_they_whole_or_short(market: Market, name: str) -> None:
    emulator, venue = Emulator(market, speed=0, venues=(name,)), venue_of(name)
    listed = instruments_of(emulator, name)
    principal = next(i for i in listed if i.coin == "BTC" and i.market == "perpetual")
    for history in venue.histories(principal):
        if history.step and history.kind != "liquidations":
            whole = walked(emulator, principal, history, 0)
            assert set(np.diff(whole)) <= {history.step}, history.purpose
            np.testing.assert_array_equal(walked(emulator, principal, history, 3), whole)


def test_an_answer_that_lacks_the_older_rows_of_a_stretch_is_asked_for_again(market: Market) -> None:
    emulator, venue = Emulator(market, speed=0, venues=("htx",)), venue_of("htx")
    bitcoin = next(i for i in instruments_of(emulator, "htx") if i.coin == "BTC" and i.margin == "stablecoin")
    history = next(h for h in venue.histories(bitcoin) if h.purpose == "open-interest")
    now = emulator.clock.now() // history.step * history.step
    call = venue.first_call(history, bitcoin, now - history.keeps, now)
    pages = [venue.read_page(call, answered(emulator, call, *faults), [bitcoin]) for faults in ((), ("short-page",))]
    assert [page.bare for page in pages] == [False, True]
    assert not any(page.horizon for page in pages)


def test_the_present_alone_is_no_history_and_is_asked_for_again(market: Market) -> None:
    emulator, venue = Emulator(market, speed=0, venues=("coingecko",)), venue_of("coingecko")
    bitcoin = next(i for i in instruments_of(emulator, "coingecko") if i.coin == "BTC")
    (history,) = venue.histories(bitcoin)
    now = emulator.clock.now() // history.step * history.step
    call = venue.first_call(history, bitcoin, now - 5 * history.step, now)
    pages = [venue.read_page(call, answered(emulator, call, *faults), [bitcoin]) for faults in ((), ("empty",))]
    assert [page.bare for page in pages] == [False, True]


def walked(emulator: Emulator, instrument: Instrument, history: History, every: int) -> NDArray[np.int64]:
    """Return the stamps of ten days of a history, of which each so many pages (0: none) are short."""
    venue, now = venue_of(instrument.venue), emulator.clock.now()
    end = (now - history.settles) // history.step * history.step
    since = max(now - 10 * NANOSECONDS_PER_DAY, now - (history.keeps or now))
    call: Call | None = venue.first_call(history, instrument, since, end)
    stamps = list[int]()
    for number in range(1, 500):
        if call is None:
            break
        faults = ("short-page",) if every and number % every == 0 else ()
        page = venue.read_page(call, answered(emulator, call, *faults), [instrument])
        stamps += page.rows.tables.get(history.kind, pl.DataFrame({"event_time": []}))["event_time"].to_list()
        call = page.next
    assert call is None
    return np.unique(stamps)


def instruments_of(emulator: Emulator, name: str) -> tuple[Instrument, ...]:
    venue = venue_of(name)
    return venue.read_instruments([(call, answered(emulator, call).body) for call in venue.instrument_calls()])


@pytest.mark.parametrize("name", TRADING)
def test_what_is_polled_is_the_open_interest_of_each_contract_at_the_moment_of_its_answer(
    market: Market, name: str
) -> None:
    emulator, venue = Emulator(market, speed=0, venues=(name,)), venue_of(name)
    desk, listed = emulator.counters[name].desk, instruments_of(emulator, name)
    for poll in venue.polls(listed):
        rows = venue.read_page(poll.call, answered(emulator, poll.call), listed).rows
        assert not rows.refused.height
        for part in rows.tables.get("open_interest", pl.DataFrame({"series": []})).partition_by("series"):
            instrument = next(i for i in listed if f"/{i.market}-{i.symbol}/" in part["series"][0])
            assert part["event_time"].to_list() == [pytest.approx(emulator.clock.now(), abs=10**9)]
            check_open_interest(desk, contract_of(desk, instrument), part)


@pytest.mark.parametrize("name", ["bybit", "gate", "hyperliquid", "dydx"])
def test_the_maintenance_table_of_each_contract_of_dollars_is_the_one_the_venue_publishes(
    market: Market, name: str
) -> None:
    emulator, venue = Emulator(market, speed=0, venues=(name,)), venue_of(name)
    listed = instruments_of(emulator, name)
    tables: dict[str, list[tuple[float, float, float]]] = {}
    for poll in venue.polls(listed):
        rows = venue.read_page(poll.call, answered(emulator, poll.call), listed).rows
        for part in rows.tables.get("margin_tiers", pl.DataFrame({"series": []})).partition_by("series"):
            assert part["known_time"].unique().to_list() == [emulator.clock.now()]
            tables[part["series"][0]] = part.select("floor_usd", "rate", "max_leverage").rows()
    dollars = [i for i in listed if i.market == "perpetual" and i.margin == "stablecoin"]
    assert set(tables) == {f"{name}/margin_tiers/{i.coin}/perpetual-{i.symbol}/events/brackets" for i in dollars}
    if name == "hyperliquid":
        expected = [(0.0, 0.0125, 40.0), (150e6, 0.025, 20.0)]
    elif name == "dydx":
        expected = [(0.0, 0.012, 50.0)]
    else:
        caps, rates, leverages, _ = zip(*TIERS, strict=True)
        expected = list(zip((0.0, *caps[:-1]), rates, leverages, strict=True))
    for table in tables.values():
        np.testing.assert_allclose(table, expected)


def test_days_of_the_archive_are_what_happened_and_a_damaged_file_is_refused(market: Market) -> None:
    emulator, venue = Emulator(market, speed=0, venues=("binance-vision",)), venue_of("binance-vision")
    desk, until = emulator.counters["binance-vision"].desk, emulator.clock.now() + 29 * NANOSECONDS_PER_DAY
    kinds = [
        (kind, CHECKS[kind](desk, contract_of(desk, instrument), rows))
        for instrument, kind, rows in stored(emulator, venue, emulator.clock.now() - 3 * NANOSECONDS_PER_DAY, until)
    ]
    assert [kind for kind, _ in kinds] == ["open_interest", "positioning", "positioning", "positioning"]
    listed = instruments_of(emulator, "binance-vision")
    bitcoin = next(i for i in listed if i.symbol == "BTCUSDT")
    asked = venue.first_call(venue.histories(bitcoin)[0], bitcoin, market.first, market.plan.start)
    file = venue.read_page(asked, answered(emulator, asked), listed).next
    assert file is not None
    damaged = msgspec.structs.replace(answered(emulator, file), body=b"PK" + answered(emulator, asked).body)
    with pytest.raises(SchemaError, match="SHA-256"):
        venue.read_page(file, damaged, listed)


def test_liquidations_of_the_archive_are_each_counted_once() -> None:
    start = parse_time("2024-10-16T12:00Z")
    emulator = Emulator(Market(Plan(start=start, coins=("BTC",), history_days=3, traders=800)), speed=0)
    venue, desk = venue_of("binance-vision"), emulator.counters["binance-vision"].desk
    day = parse_time("2024-10-14")
    contract = desk.contracts["inverse:BTCUSD_PERP"]
    desk.inject(contract, day + 3600 * 10**9, 40, 60 * 10**9)
    series = list(stored(emulator, venue, day - 2 * NANOSECONDS_PER_DAY, day + NANOSECONDS_PER_DAY))
    (rows,) = (rows for _, kind, rows in series if kind == "liquidations")
    shown = desk.shown_closes(contract, day - 2 * NANOSECONDS_PER_DAY, day + NANOSECONDS_PER_DAY)
    assert rows["event_time"].to_list() == (shown.time // 1_000_000 * 1_000_000).tolist()
    assert rows["value_usd"].to_list() == (shown.steps * 100.0).tolist()
    assert (rows["liquidated_side"] == "long").to_list() == (shown.side > 0).tolist()
    assert rows.height > 10
