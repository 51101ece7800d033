/** The four questions beside the chart: how dangerous, where, what it would set off, how sure. */

import { useEffect, useRef } from "preact/hooks";
import type { About } from "./api";
import { Figure } from "./evidence";
import { age, clock, dollars, moment as say, percent, price } from "./format";
import { largestNow } from "./heat";
import * as state from "./state";

/** What the words of a refusal are about, and what is missing then. */
const LACKS: [RegExp, () => string][] = [
  [/intraday/, () => (state.subject.value?.intraday === false ? `only daily prices of ${state.coin.value} are in the lake` : `the lake has no prices of ${state.named.value} in the day before this moment`)],
  [/open interest or liquidations/, () => `the lake has neither open interest nor liquidations of ${state.named.value}`],
  [/buckets of reported liquidations/, () => `too few liquidations of ${state.named.value} have been reported so far`],
  [/depth|books/, () => `the lake has no order books of ${state.named.value} near this moment`],
  [/bars|price/, () => `the lake has no prices of ${state.named.value} in the day before this moment`],
];

/** Why a part has nothing and what will help, in a sentence; the server's own words are evidence. */
function reason({ problem, status }: state.Part<unknown>): string {
  if (status === 0) return "the server did not answer. Reload the page once it runs.";
  if (status === 503 || status === 504) return "the server is busy. Try again in a minute.";
  if (status !== 404) return "the server could not compute it; its log says why.";
  if (/no published positions/.test(problem)) return `no published positions of ${state.coin.value} are here. Start the server with runout serve --positions FILE, or choose Inferred.`;
  if (/published positions begin/.test(problem)) return "the file of published positions is newer than this moment. Choose a later moment, or Inferred.";
  const lack = LACKS.find(([words]) => words.test(problem))?.[1]() ?? "the lake has too few data at this moment";
  return `${lack}. Choose another ${state.venue.value && "venue, "}coin or moment, or add data (a collector, runout import).`;
}

/** A part that is not there: being worked on, or why not. `needs`: the reason is given elsewhere, this only depends on it. */
export function Missing({ part, what, needs }: { part: state.Part<unknown>; what: string; needs?: string }) {
  if (part.loading && !part.data) return <p class="quiet" role="status">Working on the {what} …</p>;
  if (!part.problem) return null;
  return <p class="quiet">No {what} yet: {needs ?? reason(part)} <Figure title={`No ${what}`} about={{}} more={part.problem}>Why</Figure></p>;
}

export function Danger() {
  const part = state.brief.value, found = part.data, danger = found?.danger;
  const about = { as_of: found?.at ?? "", synthetic: found?.synthetic ?? false, inferred: true, scope: "all coins and exchanges, one UTC day" };
  const link = `/v1/bulletin?coin=${state.coin.value}&at=${found?.at ?? ""}&format=text`;
  const level = danger?.level ?? null, record = found?.record.find((one) => one.level === level);
  return (
    <section class="danger" aria-labelledby="danger-title" aria-busy={part.loading}>
      <h2 id="danger-title" class="sr">How dangerous</h2>
      {!found ? <Missing part={part} what="danger level" /> : (
        <>
          <div class={`level level-${level ?? 0}`}>
            <ol class="scale" aria-hidden="true">{[1, 2, 3, 4, 5].map((n) => <li key={n} class={level !== null && n <= level ? "on" : ""} />)}</ol>
            <strong>{level === null ? "No danger level" : `Level ${level} of 5, ${danger!.word}`}</strong>
          </div>
          {danger?.chance ? (
            <p>
              <Figure title="Chance of a wave" about={about} link={link} more="Chance that at least $1B of positions are liquidated in the UTC day, all coins and exchanges, with the 90% interval of the model's parameters.">
                {percent(danger.chance.value)} chance of at least $1B in the UTC day
              </Figure>{" "}
              ({percent(danger.chance.low)} to {percent(danger.chance.high)}; {danger.base_rate === null ? "no base rate is known" : `base rate ${percent(danger.base_rate)} of days in the past year`})
              {danger.next_chance && danger.next_level !== null && <span class="next" title={`from ${say(danger.next_from)}`}>Next 24 h: level {danger.next_level}, {percent(danger.next_chance.value)} ({percent(danger.next_chance.low)} to {percent(danger.next_chance.high)})</span>}
              <span class="bar" aria-hidden="true"><i style={{ width: `${Math.min(100, danger.chance.value * 200)}%` }} />{danger.base_rate !== null && <b style={{ left: `${Math.min(100, danger.base_rate * 200)}%` }} />}</span>
            </p>
          ) : <Unlevelled danger={danger ?? null} about={about} link={link} />}
          {record && <p class="quiet">Of {record.days} past days at this level, {percent(record.frequency.value)} had such a day.</p>}
          <p>
            {found.liquidated ? (
              <Figure title="Liquidations of 24 hours" about={{ ...about, inferred: found.liquidated.inferred, scope: found.liquidated.scope }} link={link} more={found.liquidated.uncertainty}>
                {found.liquidated.inferred ? "About " : "At least "}{dollars(found.liquidated.usd.value)} liquidated in 24 h
              </Figure>
            ) : <Since />}{" "}
            {found.liquidated?.usd.low != null && `(${dollars(found.liquidated.usd.low)} to ${dollars(found.liquidated.usd.high)}), `}
            {found.liquidated?.long_share != null && `${percent(found.liquidated.long_share, 0)} longs. `}
            {found.reported && <span class="quiet">Reported: {dollars(found.reported.usd.value)}, {found.reported.scope}.</span>}
          </p>
        </>
      )}
    </section>
  );
}

/** Where there is no level: chances of what these data do report, with their scope, and then why there is no level. */
function Unlevelled({ danger, about, link }: { danger: state.Brief["danger"]; about: Partial<About>; link: string }) {
  const scope = danger?.measured_scope, why = "No market-wide total is published for these data, which a danger level needs.";
  if (!danger || !scope || danger.measured.length === 0) return <p>{danger?.reason ?? "No forecast of this lake"}.</p>;
  const chances = danger.measured.map((one, at) => `${percent(one.value)} ${at === 0 ? "chance " : ""}of ${one.event}`).join(", ");
  return (
    <p>
      <Figure title="Chances of liquidations in this scope" about={{ ...about, scope }} link={link} more={`Chances that as much is reported in the UTC day. ${why}`}>{chances} on {say(danger.set_at).split(",")[0]} (UTC)</Figure>
      <small>{scope}. {why}</small>
    </p>
  );
}

/** Where no total of 24 hours is known: what has been reported since the first row within them. */
function Since() {
  const table = state.liquidations.value.data, until = state.moment.value ?? state.now.value;
  const rows = (table?.rows ?? []).filter((row) => Date.parse(row.event_time) - row.span / 1e6 >= until - 86400000);
  if (!table || !rows[0]) return <>No liquidations of the past 24 h are known.</>;
  const usd = rows.reduce((sum, row) => sum + row.long_usd + row.short_usd, 0);
  return (
    <>
      No total of 24 h yet. Since {say(Date.parse(rows[0].event_time) - rows[0].span / 1e6)}:{" "}
      <Figure title={`Liquidations of ${state.coin.value} so far`} about={table} more="Sum of what was reported within the past 24 hours; the time before the first row was not recorded, or had none.">
        at least {dollars(usd)} of {state.coin.value} liquidated
      </Figure>.
    </>
  );
}

export function Clusters() {
  const part = state.clusters.value, table = part.data;
  return (
    <section aria-labelledby="clusters-title" aria-busy={part.loading}>
      <h2 id="clusters-title">Where, and what it would set off</h2>
      {!table ? <Missing part={part} what="levels" /> : table.rows.length === 0 ? (table.inferred ? <p class="quiet">No cluster stands out.</p> : <Published />) : (
        <>
          <div class="scroll" tabIndex={0} role="region" aria-label="Clusters">
            <table>
              <thead><tr><th scope="col">Levels</th><th scope="col" class="n">Expected</th><th scope="col" class="n">Reached in 24 h</th><th scope="col" class="n">Crossing forces</th></tr></thead>
              <tbody>{table.rows.slice(0, 7).sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance)).map((row) => (
                <tr key={`${row.side}${row.low_price}`}>
                  <th scope="row"><i class={`side ${row.side}`} aria-hidden="true" />{row.side}s {percent(row.distance, 1, true)}<small>{price(row.low_price)} to {price(row.high_price)}</small></th>
                  <td class="n"><Figure title={`${row.side}s between ${price(row.low_price)} and ${price(row.high_price)}`} about={table} more={`Dollars the venue would report as liquidated if the price crosses the range, with its 90% band; ${percent(row.prior_share, 0)} of it is assumption rather than data. ${row.state}.`}>{dollars(row.usd)}{state.far(row)}</Figure><small>{dollars(row.low_usd)} to {dollars(row.high_usd)}</small></td>
                  <td class="n">{row.chance_24h === null ? <>n/a<small>{row.through_forced_usd === null ? "no books" : "too few past days"}</small></> : percent(row.chance_24h, row.chance_24h < 0.1 ? 1 : 0)}{row.chance_low !== null && <small>{percent(row.chance_low, 0)} to {percent(row.chance_high, 0)}</small>}</td>
                  <td class="n">{dollars(row.through_forced_usd)}{row.through_forced_usd === null && <small>no books</small>}{row.through_stop_price !== null && <small>stops {price(row.through_stop_price)}</small>}</td>
                </tr>
              ))}</tbody>
            </table>
          </div>
          <p class="quiet">{state.model.value === "path" ? "Inferred from the price path only: volume, which adds little, is left out." : "Inferred levels: no better than the price path alone."} ○: assumption, past moves seldom went so far. Chance: share of comparable past days that went so far.</p>
        </>
      )}
    </section>
  );
}

/** The largest levels of published positions: they are of now, and nothing says how they came to be. */
function Published() {
  const tile = state.tile.value.data;
  if (!tile) return null;
  const levels = (["short", "long"] as const).flatMap((side) => largestNow(tile, side, 4).map((one) => ({ side, ...one }))).sort((a, b) => b.low - a.low);
  return (
    <>
      <table>
        <thead><tr><th scope="col">Published positions</th><th scope="col" class="n">Would close</th></tr></thead>
        <tbody>{levels.map((one) => <tr key={`${one.side}${one.low}`}><th scope="row"><i class={`side ${one.side}`} aria-hidden="true" />{one.side}s<small>{price(one.low)} to {price(one.high)}</small></th><td class="n">~{dollars(Number(one.usd.toPrecision(2)))}</td></tr>)}</tbody>
      </table>
      <p class="quiet">Measured: all that these positions would close, whatever a feed reports. A file has no past, so the chart shows the bars of now alone.</p>
    </>
  );
}

/** Moves that the slider marks, in thousandths; it has no room to name those of 10%. */
const TICKS = new Set([-150, -100, -50, 0, 50, 100, 150]);

export function WhatIf() {
  const part = state.ladder.value, rows = part.data?.rows.filter((one) => one.trigger === "move") ?? [];
  const grid = [...rows.map((one) => one.move), 0].sort((a, b) => a - b);
  const nearest = grid.reduce((best, one) => (Math.abs(one - state.whatIf.value) < Math.abs(best - state.whatIf.value) ? one : best), 0);
  const index = grid.indexOf(nearest), row = rows.find((one) => one.move === nearest);
  const choose = (at: number) => (state.whatIf.value = grid[at] ?? 0);
  const said = row ? `${percent(row.move, 1, true)} to ${price(row.trigger_price)}` : "no move";
  return (
    <section aria-labelledby="whatif-title" aria-busy={part.loading}>
      <h2 id="whatif-title">What if the price moves</h2>
      {!part.data ? <Missing part={part} what="answer" needs={state.tile.value.problem && state.model.value === "inferred" ? "it is computed from the map, which is missing." : reason(part)} /> : (
        <>
          <label class="slide"><span>{row ? <><strong>{percent(row.move, 1, true)}</strong> to {price(row.trigger_price)}</> : "Drag: a fall to the left, a rise to the right"}</span>
            <input type="range" min={0} max={grid.length - 1} step={1} value={index} aria-label="Move of the price" aria-valuetext={said} onInput={(event) => choose(Number(event.currentTarget.value))} />
            <span class="ticks" aria-hidden="true">{grid.map((one, at) => (TICKS.has(Math.round(one * 1000)) ? <i key={one} style={{ "--at": String(at / (grid.length - 1)) }}>{Math.round(Math.abs(one) * 1000) === 100 ? "" : one === 0 ? "0" : percent(one, 0, true)}</i> : null))}</span>
          </label>
          {state.model.value !== "inferred" && <p class="quiet">Of the inferred map.</p>}
          {row && (
            <dl class="facts" aria-live="polite">
              <div><dt>Chance in 24 h</dt><dd>{percent(row.chance)}<small>{row.chance === null ? "too few past days to compare" : `${percent(row.chance_low)} to ${percent(row.chance_high)}`}</small></dd></div>
              <div><dt>Forced orders</dt><dd><Figure title="Forced orders" about={part.data} more="Orders of the liquidation engine that the move would set off; mild and severe put every uncertain input at its favourable or unfavourable bound.">{dollars(row.forced_usd)}</Figure><small>{dollars(row.forced_low_usd)} to {dollars(row.forced_high_usd)}</small></dd></div>
              <div><dt>Stops at</dt><dd>{row.stop_price === null ? "beyond the map" : price(row.stop_price)}<small>mild {price(row.mild_stop_price)}, severe {row.severe_stop_price === null ? "beyond the map" : price(row.severe_stop_price)}</small></dd></div>
              <div><dt>Reported, all venues</dt><dd>{dollars(row.headline_usd)}{row.headline_usd === null ? <small>these data have no market-wide total to scale by</small> : row.headline_low_usd !== null && <small>{dollars(row.headline_low_usd)} to {dollars(row.headline_high_usd)}</small>}</dd></div>
            </dl>
          )}
        </>
      )}
    </section>
  );
}

const LEAST = [0, 1e4, 1e5, 1e6, 5e6];
let audio: AudioContext | null = null;

function beep(events: state.Event[]): void {
  if (!state.sound.peek()) return;
  audio ??= new AudioContext();
  const largest = events.reduce((a, b) => (a.value_usd > b.value_usd ? a : b));
  const tone = audio.createOscillator(), gain = audio.createGain();
  tone.frequency.value = largest.liquidated_side === "long" ? 220 : 440;
  const loud = Math.min(0.3, 0.03 + Math.log10(Math.max(largest.value_usd, 1)) / 40);
  gain.gain.setValueAtTime(loud, audio.currentTime);
  gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.35);
  tone.connect(gain).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.36);
}

export function Tape() {
  const part = state.tape.value, rows = part.data?.rows ?? [], first = useRef(true);
  useEffect(() => {
    state.onEvents.add(beep);
    return () => void state.onEvents.delete(beep);
  }, []);
  useEffect(() => {
    if (!first.current) state.loadTape();
    first.current = false;
  }, [state.leastUsd.value]);
  return (
    <section class="tape" aria-labelledby="tape-title" aria-busy={part.loading}>
      <header>
        <h2 id="tape-title">Tape of liquidations</h2>
        <label>from <select value={String(state.leastUsd.value)} onChange={(event) => (state.leastUsd.value = Number(event.currentTarget.value))}>{LEAST.map((usd) => <option key={usd} value={String(usd)}>{dollars(usd)}</option>)}</select></label>
        <label class="check"><input type="checkbox" checked={state.sound.value} onChange={(event) => (state.sound.value = event.currentTarget.checked)} /> sound</label>
      </header>
      {!part.data ? <Missing part={part} what="tape" /> : rows.length === 0 ? <p class="quiet">{part.data.note || "No liquidation of this size in the past week."}</p> : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Single liquidations, the newest first">
          <table>
            <thead><tr><th scope="col">UTC</th><th scope="col">Venue</th><th scope="col">Liquidated</th><th scope="col" class="n">Dollars</th><th scope="col" class="n">Price</th></tr></thead>
            <tbody>{rows.slice(0, 60).map((row, at) => (
              <tr key={`${row.event_time}${row.series}${row.value_usd}${at}`} class={`size-${size(row.value_usd)} ${row.fresh ? "fresh" : ""}`}>
                <td title={say(row.event_time, true)}>{clock(row.event_time, state.moment.value ?? state.now.peek())}</td><td>{row.venue}</td><td><i class={`side ${row.liquidated_side}`} aria-hidden="true" />{row.liquidated_side}</td>
                <td class="n">{dollars(row.value_usd)}</td><td class="n">{price(row.price)}</td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
      {part.data && rows.length > 0 && <p class="quiet"><Figure title="Tape of liquidations" about={part.data}>{part.data.capture.includes("capped") ? "Some feeds are capped: they show a part" : "Every event of these feeds"}</Figure></p>}
    </section>
  );
}

function size(usd: number): number {
  return usd >= 1e6 ? 3 : usd >= 1e5 ? 2 : usd >= 1e4 ? 1 : 0;
}

const KINDS: [string, string][] = [["bars", "price"], ["liquidations", "liquidations"], ["open_interest", "open interest"], ["funding", "funding"], ["depth", "books"]];

export function Feeds() {
  const part = state.feeds.value, table = part.data;
  const newest = KINDS.map(([kind, name]) => {
    const found = (table?.rows ?? []).filter((one) => one.kind === kind).sort((a, b) => a.age_seconds - b.age_seconds)[0];
    return { name, found };
  });
  const passed = state.live.value && table ? (state.now.value - Date.parse(table.as_of)) / 1000 : 0;
  return (
    <footer class="feeds" aria-label="Feeds">
      <span><span class={state.alive.value ? "dot good" : "dot bad"} aria-hidden="true" />{state.alive.value ? "server answers" : "no sign of life from the server"}</span>
      {newest.map(({ name, found }) => (
        <span key={name}>
          {found && table ? (
            <Figure title={`Newest row: ${name}`} about={{ ...table, scope: found.scope, series: [found.series], capture: found.capture, note: found.note }} more={`Ends ${say(found.last_time)}.`}>
              <span class={`dot ${!state.live.value ? "" : found.overdue === true || (found.overdue === null && found.age_seconds > 3600) ? "late" : "good"}`} aria-hidden="true" />{name} {age(found.age_seconds + passed)} old{state.live.value ? "" : " at that moment"}{found.overdue === true ? ", overdue" : ""}{found.capture.includes("capped") ? ", capped" : ""}
            </Figure>
          ) : <span class="quiet"><span class="dot" aria-hidden="true" />{name}: none</span>}
        </span>
      ))}
      <span class="quiet">{table ? `${table.rows.length} series of ${state.coin.value}` : ""} · <a href="/docs">API</a> · <a href={`/v1/bulletin?coin=${state.coin.value}&format=html${table ? `&at=${table.as_of}` : ""}`}>whole bulletin</a></span>
      <span class="quiet notice">TradingView Lightweight Charts™, Copyright (с) 2023 <a href="https://www.tradingview.com/" rel="noreferrer">TradingView, Inc.</a></span>
    </footer>
  );
}
