/** The chart: candles over heat, and liquidations, open interest, funding and depth on the same time axis. */

import { effect, useSignalEffect } from "@preact/signals";
import {
  CandlestickSeries, ColorType, createChart, createTextWatermark, CrosshairMode, HistogramSeries, LineSeries, PriceScaleMode,
  type AutoscaleInfo, type IChartApi, type ISeriesApi, type ITextWatermarkPluginApi, type MouseEventParams, type Time, type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useRef } from "preact/hooks";
import type { Table } from "./api";
import { dollars, moment as say, percent, price } from "./format";
import { cellUsd, Heat, largestNow } from "./heat";
import { Hatching, Layers, type Grid, type Scene } from "./layers";
import * as state from "./state";
import { WideBars } from "./wide";

export const heat = new Heat();

/** The sentence under the crosshair; also read aloud. */
export interface Reading { head: string; rest: string }

const INK = {
  dark: {
    text: "#e8edf4", muted: "#9aa7b8", long: "#5aa9f5", short: "#f0944d", hatch: "rgba(154,167,184,.45)", paper: "#0d1117",
    accent: "#7ee0b8", grid: "rgba(140,155,175,.10)", up: "#f2f5f9", down: "#0d1117", edge: "#c3cedb",
  },
  light: {
    text: "#16202c", muted: "#55616f", long: "#1460ac", short: "#a84e0b", hatch: "rgba(70,85,105,.45)", paper: "#ffffff",
    accent: "#0b6b47", grid: "rgba(70,85,105,.12)", up: "#ffffff", down: "#16202c", edge: "#16202c",
  },
};

export function ink() {
  return INK[state.dark.value ? "dark" : "light"];
}

function seconds(text: string): number {
  return Date.parse(text) / 1000;
}

interface Parts {
  chart: IChartApi;
  candles: ISeriesApi<"Candlestick">;
  layers: Layers;
  lower: Lower[];
  hatching: Hatching[];
  titles: ITextWatermarkPluginApi<Time>[];
}

type Point = { time: UTCTimestamp; value: number; slots?: number; color?: string };
type Colour = "long" | "short" | "hatch" | "text";
/** A series below the price, and where its values come from. */
interface Lower { series: ISeriesApi<"Histogram"> | ISeriesApi<"Line"> | ISeriesApi<"Custom">; colour: Colour; values: (grid: Grid) => Point[] }

const PANES: { kind: "bars" | "wide" | "line"; ink: Colour; left?: boolean; fraction?: boolean; values: (grid: Grid) => Point[] }[][] = [
  [
    { kind: "wide", ink: "long", values: (grid) => blocks(state.liquidations.value.data?.rows ?? [], grid, (row) => -row.long_usd) },
    { kind: "wide", ink: "short", values: (grid) => blocks(state.liquidations.value.data?.rows ?? [], grid, (row) => row.short_usd) },
  ],
  [
    { kind: "bars", ink: "hatch", left: true, values: (grid) => onGrid(state.interest.value.data?.rows ?? [], grid, (row) => row.position_usd, true) },
    { kind: "line", ink: "text", values: (grid) => onGrid(state.interest.value.data?.rows ?? [], grid, (row) => row.open_interest_usd) },
  ],
  [{ kind: "line", ink: "text", fraction: true, values: (grid) => onGrid(state.funding.value.data?.rows ?? [], grid, (row) => row.rate) }],
  [
    { kind: "line", ink: "long", values: (grid) => onGrid(state.depth.value.data?.rows ?? [], grid, (row) => row.bid_usd) },
    { kind: "line", ink: "short", values: (grid) => onGrid(state.depth.value.data?.rows ?? [], grid, (row) => row.ask_usd) },
  ],
];

function build(box: HTMLElement): Parts {
  const chart = createChart(box, {
    autoSize: true,
    layout: { attributionLogo: false, /* the foot of the page names and links it, as its licence asks */ fontFamily: "system-ui, sans-serif", fontSize: 12 },
    crosshair: { mode: CrosshairMode.Normal },
    timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 0, minBarSpacing: 0.2, lockVisibleTimeRangeOnResize: true },
    rightPriceScale: { scaleMargins: { top: 0.02, bottom: 0.02 }, entireTextOnly: true },
    localization: { timeFormatter: (time: Time) => say(Number(time) * 1000) },
    kineticScroll: { touch: !matchMedia("(prefers-reduced-motion: reduce)").matches, mouse: false },
  });
  const candles = chart.addSeries(CandlestickSeries, {
    priceLineVisible: true, lastValueVisible: true,
    priceFormat: { type: "custom", formatter: (value: number) => price(value), minMove: 0.0001 },
    autoscaleInfoProvider: (original: () => AutoscaleInfo | null) => reaching(original()),
  });
  const lower = PANES.slice(0, matchMedia("(max-width: 699px)").matches ? 1 : PANES.length).flatMap((pane, at) =>
    pane.map(({ kind, ink: colour, values, left, fraction }): Lower => {
      const priceFormat = { type: "custom" as const, formatter: (value: number) => (fraction ? percent(value, 4, true) : dollars(value)), minMove: fraction ? 1e-7 : 1 };
      const options = { priceLineVisible: false, lastValueVisible: false, priceFormat, ...(left ? { priceScaleId: "left" } : {}) };
      const series = kind === "wide" ? chart.addCustomSeries(new WideBars(), options, at + 1) : kind === "bars" ? chart.addSeries(HistogramSeries, options, at + 1) : chart.addSeries(LineSeries, { ...options, lineWidth: 2 }, at + 1);
      series.priceScale().applyOptions({ scaleMargins: { top: 0.26, bottom: 0.04 }, tickMarkDensity: 1.2, entireTextOnly: true });
      return { series, colour, values };
    }),
  );
  chart.panes().forEach((pane, index) => pane.setStretchFactor([6.4, 1.3, 1.1, 0.9, 0.9][index] ?? 1));
  const titles = chart.panes().slice(1).map((pane) => createTextWatermark(pane, { horzAlign: "left", vertAlign: "top", lines: [] }));
  const layers = new Layers(chart, candles);
  candles.attachPrimitive(layers);
  const hatching = chart.panes().slice(1).map((pane, at) => {
    const hatch = new Hatching(chart, layers, () => unseen(at, layers.grid));
    pane.attachPrimitive(hatch);
    return hatch;
  });
  return { chart, candles, layers, lower, hatching, titles };
}

/** The axis reaches to the two largest clusters of each side, and a little beyond the price. */
function reaching(info: AutoscaleInfo | null): AutoscaleInfo | null {
  if (!info?.priceRange) return info;
  const found = state.clusters.peek().data?.rows ?? [], tile = state.tile.peek().data, header = tile?.header;
  let { minValue, maxValue } = info.priceRange;
  const pad = (maxValue - minValue) * 0.08;
  minValue -= pad;
  maxValue += pad;
  for (const side of ["long", "short"] as const) {
    const clusters = found.filter((each) => each.side === side).slice(0, 2).map((one) => ({ low: one.low_price, high: one.high_price }));
    for (const one of tile?.header.model === "measured" ? largestNow(tile, side, 2) : clusters) {
      minValue = Math.min(minValue, one.low - pad / 2);
      maxValue = Math.max(maxValue, one.high + pad / 2);
    }
  }
  if (header) {
    minValue = Math.max(minValue, header.first_price_usd);
    maxValue = Math.min(maxValue, header.first_price_usd + header.rows * header.step_usd);
  }
  return { ...info, priceRange: { minValue, maxValue } };
}

function restyle(parts: Parts): void {
  const c = ink();
  parts.chart.applyOptions({
    layout: {
      background: { type: ColorType.Solid, color: c.paper }, textColor: c.text,
      panes: { separatorColor: c.grid, separatorHoverColor: c.hatch, enableResize: true },
    },
    grid: { vertLines: { color: c.grid }, horzLines: { color: c.grid } },
    rightPriceScale: { borderColor: c.grid },
    timeScale: { borderColor: c.grid },
    crosshair: { vertLine: { color: c.muted, labelBackgroundColor: "#3b4756" }, horzLine: { color: c.muted, labelBackgroundColor: "#3b4756" } },
  });
  parts.candles.applyOptions({ upColor: c.up, downColor: c.down, borderUpColor: c.edge, borderDownColor: c.edge, wickUpColor: c.edge, wickDownColor: c.edge });
  for (const one of parts.lower) one.series.applyOptions({ color: c[one.colour] });
}

/** Candles on an even grid: a bucket without rows is a place without a candle, so that time stays even. */
function gridded(rows: state.Candle[], from: number, to: number): { start: number; step: number; data: object[] } {
  const step = rows[0] ? rows[0].span / 1e9 : 3600;
  const found = new Map(rows.map((row) => [seconds(row.event_time) - step, row]));
  const start = Math.floor(from / step) * step;
  const data: object[] = [];
  for (let time = start; time < to; time += step) {
    const row = found.get(time);
    data.push(row ? { time, open: row.open, high: row.high, low: row.low, close: row.close } : { time });
  }
  return { start, step, data };
}

/** After a title, the venues of its rows, where one is chosen for the price. */
function venuesOf({ data }: state.Part<Table<unknown>>): string {
  const scope = state.venue.value && data?.scope.split("; ")[0]!.split(", ")[1];
  return scope ? ` · ${scope}` : "";
}

function names(span: number): string[] {
  const each = span >= 86400 ? `${span / 86400} d` : span >= 3600 ? `${span / 3600} h` : `${span / 60} min`;
  return [
    `Liquidated${span ? ` per ${each}` : ""}: shorts up${venuesOf(state.liquidations.value) || ", longs down"}`,
    `Open interest; bars: added by positions${venuesOf(state.interest.value)}`,
    `Funding (positive: longs pay)${venuesOf(state.funding.value)}`, `Books within 1%: bids, asks${venuesOf(state.depth.value)}`,
  ];
}

/** Totals of buckets: a bar at the first candle of each bucket, as wide as the candles it spans. */
function blocks(rows: state.Sides[], grid: Grid, value: (row: state.Sides) => number): Point[] {
  const bars = new Map<number, Point>();
  for (const row of rows) {
    const end = seconds(row.event_time), begin = Math.max(end - row.span / 1e9, grid.start);
    const time = grid.start + Math.floor((begin - grid.start) / grid.step) * grid.step;
    if (end <= begin) continue;
    bars.set(time, { time: time as UTCTimestamp, value: (bars.get(time)?.value ?? 0) + value(row), slots: Math.max(1, Math.round((end - time) / grid.step)) });
  }
  return [...bars.values()].sort((a, b) => a.time - b.time);
}

/** Longest distance (s) of rows that follow each other: a bit more than one and a half of their usual distance. */
function patience(times: number[], grid: Grid): number {
  const apart = times.slice(1).map((time, at) => time - times[at]!).sort((a, b) => a - b);
  return 1.6 * Math.max(apart[Math.floor(apart.length / 2)] ?? Infinity, grid.step);
}

/** Time in which a pane below the price has no rows; liquidations are rows only where there were some, and the server knows their gaps. */
function unseen(pane: number, grid: Grid): { from: number; to: number }[] {
  if (pane === 0) {
    const gaps = (state.gaps.peek().data?.rows ?? []).filter((gap) => gap.kind === "liquidations");
    return gaps.map((gap) => ({ from: seconds(gap.start_time), to: seconds(gap.end_time) }));
  }
  const part = [state.interest, state.funding, state.depth][pane - 1]!.peek();
  if (!part.data) return [];
  const { from, to } = state.window_(), times = part.data.rows.map((row) => seconds(row.event_time));
  if (times.length === 0) return [{ from: from / 1000, to: to / 1000 }];
  const most = patience(times, grid), edges = [from / 1000, ...times, to / 1000];
  return edges.slice(1).map((time, at) => ({ from: edges[at]!, to: time })).filter((hole) => hole.to - hole.from > most);
}

/** Values at the start of the candle that holds them; several in one are the last, or their sum. A line is not drawn to a point after a gap. */
function onGrid<Row extends { event_time: string }>(rows: Row[], grid: Grid, value: (row: Row) => number | null, sum = false): Point[] {
  const most = patience(rows.map((row) => seconds(row.event_time)), grid);
  const found = new Map<number, number>();
  for (const row of rows) {
    const it = value(row);
    if (it === null || !Number.isFinite(it)) continue;
    const time = grid.start + Math.ceil((seconds(row.event_time) - grid.start) / grid.step - 1) * grid.step;
    if (time < grid.start) continue;
    found.set(time, sum ? (found.get(time) ?? 0) + it : it);
  }
  const points = [...found].sort((a, b) => a[0] - b[0]).map(([time, it]): Point => ({ time: time as UTCTimestamp, value: it }));
  // The library joins a line across points without a value: what leads over a gap is drawn in no colour.
  if (!sum) points.forEach((point, at) => { if ((points[at + 1]?.time ?? 0) - point.time > most) point.color = "transparent"; });
  return points;
}

export function Chart({ onReading }: { onReading: (reading: Reading) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts | null>(null);
  const cursor = useRef(-1);
  const frame = useRef("");

  const scene = (): Scene => ({
    heat, showHeat: state.showHeat.value, showProfile: state.showProfile.value, gaps: state.gaps.value.data?.rows ?? [],
    sweeps: state.sweeps.value.data?.rows ?? [], clusters: state.clusters.value.data?.rows ?? [],
    end: (state.moment.value ?? state.now.peek()) / 1000, synthetic: state.synthetic.value, whatIf: asked(), ink: ink(),
  });

  useEffect(() => {
    const made = (parts.current = build(box.current!));
    (globalThis as { runoutChart?: Parts }).runoutChart = made;
    const stop = [
      effect(() => restyle(made)),
      effect(() => {
        made.candles.priceScale().applyOptions({ mode: state.logarithmic.value ? PriceScaleMode.Logarithmic : PriceScaleMode.Normal });
      }),
      effect(() => {
        const { data, problem } = state.candles.value, rows = data?.rows ?? [];
        const sides = state.liquidations.value.data?.rows ?? [], span = sides[0] ? sides[0].span / 1e9 : 0;
        void [state.interest.value, state.funding.value, state.depth.value];
        if (!data && !problem) return; // no grid is known yet: what comes before the candles waits for them
        const { from, to } = state.window_();
        const grid = gridded(rows, from / 1000, to / 1000);
        if (grid.start !== made.layers.grid.start || grid.step !== made.layers.grid.step) for (const one of made.lower) one.series.setData([]); // times of another grid
        made.layers.grid = grid;
        made.candles.setData(grid.data as never);
        const bars = grid.data.length;
        const framed = `${state.coin.value} ${state.days.value} ${bars} ${state.showProfile.value}`;
        if (framed !== frame.current) {
          // Room for the profile right of the present: a sixth of the window. A zoom of the reader's stays.
          frame.current = framed;
          made.chart.timeScale().setVisibleLogicalRange({ from: -0.5, to: bars * (state.showProfile.value ? 1.19 : 1.01) });
        }
        made.titles.forEach((title, pane) => title.applyOptions({ lines: [{ text: names(span)[pane] ?? "", color: ink().muted, fontSize: 12 }] }));
        for (const one of made.lower) one.series.setData(one.values(grid));
      }),
      effect(() => {
        void [state.candles.value, state.gaps.value, state.interest.value, state.funding.value, state.depth.value];
        for (const one of made.hatching) one.update();
      }),
      effect(() => {
        heat.setTile(state.tile.value.data);
        made.layers.update(scene());
      }),
      effect(() => {
        const scale = state.tile.value.data?.header.scale_usd ?? 1;
        const [hide, full] = state.threshold.value;
        heat.setShade({ palette: state.palette.value, dark: state.dark.value, hide: scale * hide ** 2, full: scale * full ** 2 });
        made.layers.update(scene());
      }),
      effect(() => made.layers.update(scene())),
      effect(() => {
        void [state.clusters.value.data, state.tile.value.data];
        made.candles.priceScale().applyOptions({ autoScale: true });
      }),
    ];
    const moved = (event: MouseEventParams) => {
      const at = event.point && event.paneIndex === 0 ? made.candles.coordinateToPrice(event.point.y) : null;
      if (event.time === undefined) return;
      onReading(read(Number(event.time), at));
    };
    made.chart.subscribeCrosshairMove(moved);
    return () => {
      for (const end of stop) end();
      made.chart.remove();
      parts.current = null;
    };
  }, []);

  useSignalEffect(() => {
    void state.now.value;
    if (state.live.value && parts.current) parts.current.layers.update(scene());
  });

  const step = (event: KeyboardEvent) => {
    const made = parts.current, rows = state.candles.value.data?.rows ?? [];
    if (!made || rows.length === 0 || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const by = event.shiftKey ? 10 : 1;
    const from = cursor.current < 0 ? rows.length - 1 : cursor.current;
    const next = event.key === "Home" ? 0 : event.key === "End" ? rows.length - 1 : from + (event.key === "ArrowLeft" ? -by : by);
    cursor.current = Math.min(Math.max(next, 0), rows.length - 1);
    const row = rows[cursor.current]!, time = seconds(row.event_time) - row.span / 1e9;
    point(made, row.close, time as UTCTimestamp);
    onReading(read(time, row.close));
  };

  return (
    <div class="canvas" tabIndex={0} role="application" aria-roledescription="chart" aria-label={sentence()} onKeyDown={step} ref={box} />
  );
}

function asked(): Scene["whatIf"] {
  const move = state.whatIf.value, rows = state.ladder.value.data?.rows ?? [];
  const row = rows.find((one) => one.trigger === "move" && Math.abs(one.move - move) < 1e-9);
  return row ? { target: row.trigger_price, stop: row.stop_price, label: `if ${percent(row.move, 1, true)}: ${price(row.trigger_price)}` } : null;
}

/** Put the crosshair on a candle, and the candle into view. Before its first frame the chart has no place for it. */
function point(made: Parts, close: number, time: UTCTimestamp): void {
  const scale = made.chart.timeScale(), range = scale.getVisibleLogicalRange();
  if (!range) return;
  const at = (time - made.layers.grid.start) / made.layers.grid.step;
  const by = at < range.from ? at - range.from - 1 : at > range.to ? at - range.to + 1 : 0;
  if (by !== 0) scale.setVisibleLogicalRange({ from: range.from + by, to: range.to + by });
  if (made.candles.priceToCoordinate(close) !== null) made.chart.setCrosshairPosition(close, time, made.candles);
}

/** Of each model, the word before its levels. */
const OF = { inferred: "inferred", path: "inferred, path only", measured: "measured" };

/** What the chart shows, in a sentence. */
export function sentence(): string {
  const found = state.clusters.value.data?.rows ?? [], last = state.candles.value.data?.rows.at(-1);
  const of = (side: "long" | "short") => found.find((one) => one.side === side);
  const say = (one: state.Cluster | undefined) => one ? `${one.side}s of about ${dollars(one.usd)} between ${price(one.low_price)} and ${price(one.high_price)}` : "";
  const largest = [say(of("short")), say(of("long"))].filter(Boolean).join("; ");
  return `Price of ${state.named.value} over ${OF[state.model.value]} liquidation levels${last ? `, last ${price(last.close)}` : ""}${largest ? `. Largest clusters: ${largest}` : ""}. Arrow keys move the crosshair.`;
}

function read(time: number, at: number | null): Reading {
  const rows = state.candles.value.data?.rows ?? [];
  const row = rows.find((one) => Math.abs(seconds(one.event_time) - one.span / 1e9 - time) < 1);
  const parts: string[] = [];
  if (row) parts.push(`open ${price(row.open)}, high ${price(row.high)}, low ${price(row.low)}, close ${price(row.close)}`);
  else parts.push("not observed");
  const cell = at === null ? null : heat.cell(time, at);
  if (cell && heat.tile && at !== null) {
    const usd = cellUsd(heat.tile, cell.row, cell.column), { first_price_usd, step_usd, model } = heat.tile.header;
    const low = first_price_usd + cell.row * step_usd;
    parts.push(`level ${price(low)} to ${price(low + step_usd)}: longs ${dollars(usd.long)}, shorts ${dollars(usd.short)} (${OF[model]})`);
  }
  const swept = (state.sweeps.value.data?.rows ?? []).filter((one) => seconds(one.start_time) <= time && time < seconds(one.end_time) && at !== null && at >= one.low_price && at <= one.high_price)[0];
  if (swept) parts.push(`crossed: expected ${dollars(swept.predicted_usd)}, reported ${dollars(swept.realised_usd)}`);
  return { head: say(time * 1000), rest: parts.join(" · ") };
}
