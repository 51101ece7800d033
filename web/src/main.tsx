/** The page: frame, header, legend, replay, keys. */

import { signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { setToken } from "./api";
import { Chart, sentence, type Reading } from "./chart";
import { Drawer } from "./evidence";
import { age, dollars, iso, moment as say, price } from "./format";
import { colourAt } from "./heat";
import { Clusters, Danger, Feeds, Missing, Tape, WhatIf } from "./panels";
import { Screener } from "./screener";
import * as state from "./state";
import "./style.css";

const help = signal(false);
const sheet = signal<"clusters" | "whatif" | "tape">("clusters");
const reading = signal<Reading>({ head: "", rest: "" });
const playing = signal(false);
const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

function Choice<T extends string | number>({ name, value, options, onChoose }: { name: string; value: T; options: readonly (readonly [T, string])[]; onChoose: (value: T) => void }) {
  return (
    <div class="choice" role="group" aria-label={name}>
      {options.map(([option, text]) => <button key={option} type="button" aria-pressed={value === option} onClick={() => onChoose(option)}>{text}</button>)}
    </div>
  );
}

function Header() {
  const found = state.status.value.data, last = state.candles.value.data?.rows.at(-1);
  return (
    <header class="top">
      <h1>Runout</h1>
      {state.synthetic.value && <strong class="synthetic">SYNTHETIC MARKET</strong>}
      <label><span class="sr">Coin</span>
        <select id="coin" value={state.coin.value} onChange={(event) => (state.coin.value = event.currentTarget.value)}>
          {(found?.coins ?? []).map((one) => <option key={one.coin} value={one.coin}>{one.coin}{one.intraday ? "" : " (daily only)"}</option>)}
        </select>
      </label>
      {state.venues.value.length > 1 && (
        <label><span class="sr">Venue</span>
          <select id="venue" value={state.venue.value} title="Venue of price, levels and what-if" onChange={(event) => state.chooseVenue(event.currentTarget.value)}>
            {state.venues.value.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
      )}
      <strong class="price" title={last ? `close of ${say(last.event_time)}` : ""}>{price(last?.close)}</strong>
      <Choice name="Range" value={state.days.value} options={state.DAYS.map((n) => [n, `${n}d`] as const)} onChoose={(n) => (state.days.value = n)} />
      <Choice name="View" value={state.view.value} options={[["map", "Map"], ["coins", "All coins"]]} onChoose={(name) => (state.view.value = name)} />
      <span class="grow" />
      <label><span class="sr">Theme</span>
        <select value={state.theme.value} onChange={(event) => (state.theme.value = event.currentTarget.value as "auto" | "dark" | "light")}>
          <option value="auto">As the system</option><option value="dark">Dark</option><option value="light">Light</option>
        </select>
      </label>
      <button type="button" class="hinted" aria-haspopup="dialog" onClick={() => (help.value = true)}>Keys <kbd>?</kbd></button>
    </header>
  );
}

function Banners() {
  const found = state.status.value.data, known = state.subject.value, newest = known?.newest ?? found?.newest, venue = state.askedVenue.value;
  const old = found && newest ? (state.now.value - Date.parse(newest)) / 1000 : 0;
  return (
    <div class="banners" role="status" aria-live="polite">
      {!state.alive.value && <p class="bad">No sign of life from the server for more than {Math.round(4.5)} s: what follows may be missing. Trying again …</p>}
      {state.lost.value && <p>{state.lost.value} <button type="button" onClick={() => (state.lost.value = "")}>Dismiss</button></p>}
      {known && venue && !(known.intraday && known.venues.includes(venue)) && <p>No intraday bars of {known.coin} on {venue} are here: {state.venue.value || known.venues.join(" and ")} is shown. <button type="button" onClick={() => (state.askedVenue.value = "")}>Dismiss</button></p>}
      {state.status.value.problem && <p class="bad">{state.status.value.problem}</p>}
      {found?.state === "empty" && <p>This lake holds no prices yet. Rows appear here as they come: <code>runout import</code>, <code>runout fetch</code> or a collector fills it.</p>}
      {found?.state === "stale" && state.at.value === null && newest && <p><strong>Not live.</strong> The newest price is of {say(newest)}, {age(old)} ago: this is the market as it was known then.</p>}
      {state.at.value !== null && <p><strong>Replay.</strong> The market as it was known at {say(state.at.value)}; nothing later is inside.</p>}
    </div>
  );
}

/** What the legend says of each model. */
const KINDS = { inferred: "inferred", path: "inferred (path)", measured: "measured" };

function Legend() {
  const scale = state.tile.value.data?.header.scale_usd ?? 0, step = state.tile.value.data?.header.step_usd ?? 0;
  const [low, high] = state.threshold.value;
  const usd = (handle: number) => scale * handle ** 2;
  const stops = Array.from({ length: 12 }, (_, i) => `rgb(${colourAt(state.palette.value, state.dark.value, i / 11).join()}) ${((low + (high - low) * (i / 11)) * 100).toFixed(1)}%`);
  const set = (at: 0 | 1, value: number) => {
    state.threshold.value = at === 0 ? [Math.min(value, high - 0.02), high] : [low, Math.max(value, low + 0.02)];
  };
  const axis = <button type="button" aria-pressed={state.logarithmic.value} onClick={() => (state.logarithmic.value = !state.logarithmic.value)}>Log</button>;
  const model = <Choice name="Model of the map" value={state.model.value} options={state.MODELS} onChoose={state.chooseModel} />;
  const shown = state.tile.value.data?.header.model;
  if (!shown) return <div class="legend">{model}<Missing part={state.tile.value} what="map" needs="what it lacks is said under Levels." /><span class="hatched">not observed</span>{axis}</div>;
  return (
    <div class="legend">
      {model}
      <div class="ramp" style={{ background: `linear-gradient(90deg, transparent ${(low * 100).toFixed(1)}%, ${stops.join(", ")})` }}>
        <input type="range" min={0} max={1} step={0.01} value={low} aria-label="Hide levels below" aria-valuetext={dollars(usd(low))} onInput={(event) => set(0, Number(event.currentTarget.value))} />
        <input type="range" min={0} max={1} step={0.01} value={high} aria-label="Full colour from" aria-valuetext={dollars(usd(high))} onInput={(event) => set(1, Number(event.currentTarget.value))} />
      </div>
      <span>{dollars(usd(low))} to {dollars(usd(high))} per {step >= 10 ? dollars(step) : price(step)} of price, {KINDS[shown]}</span>
      <span class="hatched">not observed</span>
      {shown !== "measured" && <span class="swept">crossed</span>}
      <button type="button" onClick={() => (state.palette.value = state.palette.value === "plasma" ? "viridis" : "plasma")}>Colours</button>
      {axis}
    </div>
  );
}

function Replay() {
  const end = Date.parse(state.subject.value?.newest ?? "") || state.now.value;
  const current = state.moment.value ?? state.now.value;
  const to = (time: number) => state.goTo(Math.min(Math.max(time, end - 2000 * DAY), Math.max(end, current)));
  const step = state.days.value <= 1 ? 15 * MINUTE : state.days.value <= 7 ? HOUR : DAY;
  useEffect(() => {
    if (!playing.value) return undefined;
    const timer = setInterval(() => {
      const now = state.moment.peek() ?? state.now.peek();
      if (now + step > end) playing.value = false;
      else if (!state.candles.peek().loading && !state.tile.peek().loading) state.goTo(now + step);
    }, 1500);
    return () => clearInterval(timer);
  }, [playing.value, step, end]);
  return (
    <div class="replay" role="group" aria-label="Moment">
      <button type="button" aria-label="A day back" onClick={() => to(current - DAY)}>−1d</button>
      <button type="button" aria-label="An hour back" onClick={() => to(current - HOUR)}>−1h</button>
      <button type="button" aria-pressed={playing.value} onClick={() => { if (!playing.value && state.at.value === null) to(current - state.days.value * DAY / 4); playing.value = !playing.value; }}>{playing.value ? "Pause" : "Replay"}</button>
      <button type="button" aria-label="An hour on" onClick={() => to(current + HOUR)}>+1h</button>
      <button type="button" aria-label="A day on" onClick={() => to(current + DAY)}>+1d</button>
      <label><span class="sr">Moment in UTC</span>
        <input type="datetime-local" step={60} value={iso(current).slice(0, 16)} onChange={(event) => { const time = Date.parse(`${event.currentTarget.value}Z`); if (Number.isFinite(time)) to(time); }} />
      </label>
      <span class="utc">UTC</span>
      <button type="button" class="now" aria-pressed={state.at.value === null} onClick={() => { playing.value = false; state.goTo(null); }}>{state.status.value.data?.state === "live" ? "Live" : "Newest"}</button>
    </div>
  );
}

function Dialog({ open, onClose, title, children }: { open: boolean; onClose: () => void; title: string; children: preact.ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open && dialog.current?.open) dialog.current.close();
  }, [open]);
  return (
    <dialog ref={dialog} aria-label={title} onClose={onClose}>
      {open && <><header><h2>{title}</h2><button type="button" onClick={onClose}>Close</button></header>{children}</>}
    </dialog>
  );
}

const KEYS: [string, string][] = [
  ["/", "choose the coin"], ["V", "next venue, where there are several"], ["1 … 5", "range of 1, 3, 7, 30, 90 days"], ["H", "heat on or off"], ["P", "profile on or off"],
  ["T", "model of the map: inferred, path only, measured"], ["L", "logarithmic price axis"], ["[ ]", "hide less, hide more"], ["← →", "crosshair, with the chart in focus (Shift: ten)"],
  ["Space", "replay, pause"], [", .", "an hour back, an hour on"], ["N", "the newest moment"], ["C", "all coins"], ["?", "this list"],
  ["Esc", "close"],
];

function pressed(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input:not([type=range]), select, textarea, dialog[open]")) return;
  const [low, high] = state.threshold.value, current = state.moment.value ?? state.now.peek();
  const acts: Record<string, () => void> = {
    "/": () => document.getElementById("coin")?.focus(),
    h: () => (state.showHeat.value = !state.showHeat.value), p: () => (state.showProfile.value = !state.showProfile.value),
    l: () => (state.logarithmic.value = !state.logarithmic.value), "?": () => (help.value = true), n: () => state.goTo(null),
    t: () => state.chooseModel(state.MODELS[(state.MODELS.findIndex(([name]) => name === state.model.value) + 1) % state.MODELS.length]![0]),
    v: () => state.chooseVenue(state.venues.value[(state.venues.value.indexOf(state.venue.value) + 1) % state.venues.value.length] ?? ""),
    c: () => (state.view.value = state.view.value === "map" ? "coins" : "map"),
    "[": () => (state.threshold.value = [Math.max(low - 0.04, 0), high]), "]": () => (state.threshold.value = [Math.min(low + 0.04, high - 0.02), high]),
    ",": () => state.goTo(current - HOUR), ".": () => state.goTo(current + HOUR),
  };
  const range = state.DAYS[Number(event.key) - 1];
  if (range !== undefined) acts[event.key] = () => (state.days.value = range);
  if (event.key === " " && !target.closest("button, input, a, summary")) acts[" "] = () => (playing.value = !playing.value);
  const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function MapView() {
  const [spoken, speak] = useState("");
  useEffect(() => {
    speak(sentence());
    const timer = setInterval(() => speak(sentence()), 60000);
    return () => clearInterval(timer);
  }, [state.clusters.value]);
  return (
    <div class="frame">
      <div class="main">
        <div class="plot">
          <Chart onReading={(one) => (reading.value = one)} />
          <p class="reading" aria-live="polite"><strong>{reading.value.head}</strong> {reading.value.rest}</p>
          {state.tile.value.loading && !state.tile.value.data && <p class="busy" role="status">Computing the map …</p>}
          {state.candles.value.problem && <Missing part={state.candles.value} what="candles" />}
        </div>
        <Legend />
        <Replay />
      </div>
      <div class="tabs choice" role="group" aria-label="Panel">
        {([["clusters", "Levels"], ["whatif", "What if"], ["tape", "Tape"]] as const).map(([name, text]) => <button key={name} type="button" aria-pressed={sheet.value === name} onClick={() => (sheet.value = name)}>{text}</button>)}
      </div>
      <aside class={`side show-${sheet.value}`} aria-label="Levels, what if, tape"><Clusters /><WhatIf /><Tape /></aside>
      <p class="sr" aria-live="polite">{spoken}</p>
    </div>
  );
}

function App() {
  return (
    <>
      <a class="skip" href="#content">To the content</a>
      <Header />
      <Banners />
      <main id="content" tabIndex={-1}>
        <Danger />
        {state.view.value === "map" ? <MapView /> : <Screener />}
      </main>
      <Feeds />
      <Drawer />
      <Dialog open={help.value} onClose={() => (help.value = false)} title="Keys">
        <dl class="keys">{KEYS.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
        <p>The heat shows <strong>inferred</strong> levels: where positions opened in past trading would be liquidated, in dollars that the venue would report. It adds nothing measurable to what the price path alone tells, and far levels are assumption. <strong>Path only</strong> leaves trading volume out, so that you see what volume adds. <strong>Measured</strong> are positions that a venue publishes, where the server has a file of them.</p>
      </Dialog>
      <Dialog open={state.needsToken.value} onClose={() => (state.needsToken.value = false)} title="Token needed">
        <form method="dialog" onSubmit={(event) => { setToken(String(new FormData(event.currentTarget).get("token") ?? "")); state.needsToken.value = false; void state.loadStatus().then(state.loadAll); }}>
          <label>Token of <code>runout serve --new-token</code> <input name="token" type="password" autoComplete="off" required /></label> <button type="submit">Use it</button>
        </form>
      </Dialog>
    </>
  );
}

(globalThis as { runoutState?: typeof state }).runoutState = state; // for a console, and for tests
document.addEventListener("keydown", pressed);
state.begin();
render(<App />, document.getElementById("app")!);
