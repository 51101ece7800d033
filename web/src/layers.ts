/** What is drawn over and under the candles: heat, hatching, sweeps, clusters, profile. */

import type { CanvasRenderingTarget2D } from "fancy-canvas";
import type { IChartApi, IPanePrimitive, IPrimitivePaneRenderer, IPrimitivePaneView, ISeriesApi, ISeriesPrimitive, PrimitivePaneViewZOrder, SeriesType, Time } from "lightweight-charts";
import { dollars } from "./format";
import { Heat, cellUsd } from "./heat";
import { far, type Cluster, type Gap, type Sweep } from "./state";

export interface Scene {
  heat: Heat;
  showHeat: boolean;
  showProfile: boolean;
  gaps: Gap[];
  sweeps: Sweep[];
  clusters: Cluster[];
  /** Unix seconds of the moment shown. */
  end: number;
  synthetic: boolean;
  whatIf: { target: number; stop: number | null; label: string } | null;
  ink: { text: string; muted: string; long: string; short: string; hatch: string; paper: string; accent: string };
}

/** Device coordinates of the main pane, or null before it has a size. */
interface Axes {
  x: (seconds: number) => number;
  y: (price: number) => number | null;
  width: number;
  height: number;
  ratio: number;
  /** Device x of the moment shown: the profile begins there. */
  edge: number;
}

/** Candles are on an even grid: its first second, and its step. */
export interface Grid { start: number; step: number }

/** Device x of a moment, null before the chart has a size. */
function across(chart: IChartApi, grid: Grid, ratio: number): ((seconds: number) => number) | null {
  const scale = chart.timeScale();
  const first = scale.logicalToCoordinate(0 as never), second = scale.logicalToCoordinate(100 as never);
  if (first === null || second === null) return null;
  const perBar = (second - first) / 100;
  return (seconds) => ((seconds - grid.start) / grid.step * perBar + first - perBar / 2) * ratio;
}

class Layer implements IPrimitivePaneView, IPrimitivePaneRenderer {
  constructor(private readonly order: PrimitivePaneViewZOrder, private readonly paint: (context: CanvasRenderingContext2D, width: number, height: number, ratio: number) => void) {}
  zOrder(): PrimitivePaneViewZOrder {
    return this.order;
  }
  renderer(): IPrimitivePaneRenderer {
    return this;
  }
  draw(target: CanvasRenderingTarget2D): void {
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio }) => {
      context.save();
      this.paint(context, bitmapSize.width, bitmapSize.height, horizontalPixelRatio);
      context.restore();
    });
  }
}

export class Layers implements ISeriesPrimitive<Time> {
  private readonly views: readonly IPrimitivePaneView[];
  private request: (() => void) | null = null;
  scene: Scene | null = null;
  grid: Grid = { start: 0, step: 60 };
  /** Milliseconds of the last draw of the heat: for the bench. */
  lastDraw = 0;

  constructor(private readonly chart: IChartApi, private readonly series: ISeriesApi<SeriesType>) {
    this.views = [
      new Layer("bottom", (context, width, height, ratio) => this.under(context, width, height, ratio)),
      new Layer("top", (context, width, height, ratio) => this.over(context, width, height, ratio)),
    ];
  }
  attached(parameters: { requestUpdate: () => void }): void {
    this.request = parameters.requestUpdate;
  }
  detached(): void {
    this.request = null;
  }
  paneViews(): readonly IPrimitivePaneView[] {
    return this.views;
  }
  update(scene: Scene): void {
    this.scene = scene;
    this.request?.();
  }

  private axes(width: number, height: number, ratio: number): Axes | null {
    const x = across(this.chart, this.grid, ratio);
    if (!x || !this.scene) return null;
    const y = (price: number) => {
      const at = this.series.priceToCoordinate(price);
      return at === null ? null : at * ratio;
    };
    return { x, y, width, height, ratio, edge: Math.min(x(this.scene.end), width) };
  }

  private under(context: CanvasRenderingContext2D, width: number, height: number, ratio: number): void {
    const axes = this.axes(width, height, ratio), scene = this.scene;
    if (!axes || !scene) return;
    const began = performance.now();
    if (scene.showHeat) {
      context.save();
      context.beginPath();
      context.rect(0, 0, axes.edge, height);
      context.clip();
      scene.heat.draw(context, axes.x, axes.y, scene.end, width, height);
      context.restore();
    }
    this.lastDraw = performance.now() - began;
    this.hatch(context, axes, scene);
    if (scene.synthetic) this.watermark(context, axes, scene);
  }

  /** Time in which nothing was observed is hatched: nothing may be read there. */
  private hatch(context: CanvasRenderingContext2D, axes: Axes, scene: Scene): void {
    for (const gap of scene.gaps) {
      if (gap.kind !== "bars") continue;
      const from = axes.x(Date.parse(gap.start_time) / 1000), to = axes.x(Date.parse(gap.end_time) / 1000);
      stripes(context, from, to, axes.width, axes.height, scene.ink.hatch, axes.ratio);
    }
  }

  private watermark(context: CanvasRenderingContext2D, axes: Axes, scene: Scene): void {
    context.globalAlpha = 0.16;
    context.fillStyle = scene.ink.text;
    const size = Math.max(16, Math.min(axes.width / 18, 44 * axes.ratio));
    context.font = `700 ${size}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.fillText("SYNTHETIC MARKET", axes.edge / 2, axes.height - size * 0.8);
    context.globalAlpha = 1;
  }

  private over(context: CanvasRenderingContext2D, width: number, height: number, ratio: number): void {
    const axes = this.axes(width, height, ratio), scene = this.scene;
    if (!axes || !scene) return;
    if (scene.showHeat) this.swept(context, axes, scene);
    if (scene.showProfile) this.profile(context, axes, scene);
    this.ranges(context, axes, scene);
    if (scene.whatIf) this.moved(context, axes, scene, scene.whatIf);
  }

  private swept(context: CanvasRenderingContext2D, axes: Axes, scene: Scene): void {
    context.lineWidth = Math.max(1, axes.ratio);
    const largest = [...scene.sweeps].sort((a, b) => b.predicted_usd - a.predicted_usd).slice(0, 12);
    for (const sweep of largest) {
      const y0 = axes.y(sweep.high_price), y1 = axes.y(sweep.low_price);
      if (y0 === null || y1 === null) continue;
      const x0 = axes.x(Date.parse(sweep.start_time) / 1000), x1 = axes.x(Date.parse(sweep.end_time) / 1000);
      context.strokeStyle = scene.ink.text;
      context.setLineDash([3 * axes.ratio, 3 * axes.ratio]);
      context.globalAlpha = 0.75;
      context.strokeRect(x0, y0, Math.max(x1 - x0, 2 * axes.ratio), Math.max(y1 - y0, 2));
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** Levels now, right of the last candle, with sums from the price outward. */
  private profile(context: CanvasRenderingContext2D, axes: Axes, scene: Scene): void {
    const tile = scene.heat.tile;
    const room = axes.width - axes.edge - 2 * axes.ratio;
    if (!tile || room < 30 * axes.ratio) return;
    const { header } = tile, last = header.columns - 1;
    const rows = Array.from({ length: header.rows }, (_, row) => cellUsd(tile, row, last));
    const bin = Math.max(1, Math.round(2 * axes.ratio / Math.max(pixelsOf(axes, header.first_price_usd, header.step_usd, header.rows), 0.01)));
    const bars: { low: number; high: number; long: number; short: number }[] = [];
    for (let row = 0; row < rows.length; row += bin) {
      const part = rows.slice(row, row + bin);
      const low = header.first_price_usd + row * header.step_usd;
      bars.push({
        low, high: low + part.length * header.step_usd,
        long: part.reduce((sum, one) => sum + one.long, 0), short: part.reduce((sum, one) => sum + one.short, 0),
      });
    }
    const most = Math.max(...bars.map((one) => one.long + one.short), 1);
    context.fillStyle = scene.ink.paper;
    context.globalAlpha = 0.72;
    context.fillRect(axes.edge, 0, axes.width - axes.edge, axes.height);
    context.globalAlpha = 1;
    for (const bar of bars) {
      const y0 = axes.y(bar.high), y1 = axes.y(bar.low);
      if (y0 === null || y1 === null) continue;
      const long = (bar.long / most) * room, short = (bar.short / most) * room;
      const tall = Math.max(y1 - y0 - (y1 - y0 > 3 ? 1 : 0), 1);
      context.fillStyle = scene.ink.long;
      context.fillRect(axes.edge, y0, long, tall);
      context.fillStyle = scene.ink.short;
      context.fillRect(axes.edge + long, y0, short, tall);
    }
    this.cumulative(context, axes, scene, bars, room);
  }

  private cumulative(context: CanvasRenderingContext2D, axes: Axes, scene: Scene, bars: { low: number; high: number; long: number; short: number }[], room: number): void {
    const price = scene.heat.tile!.header.price_usd;
    const below = bars.filter((one) => one.high <= price).reverse(), above = bars.filter((one) => one.low >= price);
    const sum = (part: typeof bars, side: "long" | "short") => part.reduce((total, one) => total + one[side], 0);
    const most = Math.max(sum(below, "long"), sum(above, "short"), 1);
    context.lineWidth = 1.5 * axes.ratio;
    for (const [part, side, ink] of [[below, "long", scene.ink.long], [above, "short", scene.ink.short]] as const) {
      let total = 0;
      context.beginPath();
      const start = axes.y(price);
      if (start === null) continue;
      context.moveTo(axes.edge, start);
      for (const bar of part) {
        total += bar[side];
        const y = axes.y(side === "long" ? bar.low : bar.high);
        if (y !== null) context.lineTo(axes.edge + (total / most) * room * 0.92, y);
      }
      context.strokeStyle = ink;
      context.stroke();
    }
    context.font = `${12 * axes.ratio}px system-ui, sans-serif`;
    const right = axes.width - 6 * axes.ratio;
    const label = (words: string, usd: number, baseline: number) => {
      // Two digits: a tile has a byte a cell, and its sums are not to the digit those of the map.
      const about = `~${dollars(Number(usd.toPrecision(2))).replace(".0", "")}`;
      const text = `${words} ${about}`; // the sum alone where the profile is too narrow for words
      plate(context, context.measureText(text).width > room - 16 * axes.ratio ? about : text, right, baseline, scene.ink.text, scene.ink.paper, axes.ratio);
    };
    label("shorts", sum(above, "short"), 15 * axes.ratio);
    label("longs", sum(below, "long"), axes.height - 8 * axes.ratio);
  }

  /** The largest clusters of each side, named at the edge of the present. */
  private ranges(context: CanvasRenderingContext2D, axes: Axes, scene: Scene): void {
    const sides = (["long", "short"] as const).flatMap((side) => scene.clusters.filter((one) => one.side === side).slice(0, 3));
    context.font = `600 ${12 * axes.ratio}px system-ui, sans-serif`;
    context.textAlign = "right";
    let taken: number[] = [];
    for (const cluster of sides) {
      const y0 = axes.y(cluster.high_price), y1 = axes.y(cluster.low_price);
      if (y0 === null || y1 === null) continue;
      const ink = cluster.side === "long" ? scene.ink.long : scene.ink.short;
      context.fillStyle = ink;
      context.fillRect(axes.edge - 4 * axes.ratio, y0, 4 * axes.ratio, Math.max(y1 - y0, 2 * axes.ratio));
      const middle = (y0 + y1) / 2 + 4 * axes.ratio;
      if (taken.some((one) => Math.abs(one - middle) < 15 * axes.ratio) || middle < 12 * axes.ratio || middle > axes.height) continue;
      taken = [...taken, middle];
      const text = `${dollars(cluster.usd)} ${cluster.side}s${far(cluster)}`;
      plate(context, text, axes.edge - 10 * axes.ratio, middle, scene.ink.text, scene.ink.paper, axes.ratio);
    }
  }

  private moved(context: CanvasRenderingContext2D, axes: Axes, scene: Scene, asked: NonNullable<Scene["whatIf"]>): void {
    const target = axes.y(asked.target), stop = asked.stop === null ? null : axes.y(asked.stop);
    if (target === null) return;
    if (stop !== null) {
      context.fillStyle = scene.ink.accent;
      context.globalAlpha = 0.25;
      context.fillRect(0, Math.min(target, stop), axes.width, Math.max(Math.abs(stop - target), 1));
      context.globalAlpha = 1;
    }
    context.strokeStyle = scene.ink.accent;
    context.lineWidth = 1.5 * axes.ratio;
    context.setLineDash([6 * axes.ratio, 4 * axes.ratio]);
    context.beginPath();
    context.moveTo(0, target);
    context.lineTo(axes.width, target);
    context.stroke();
    context.setLineDash([]);
    context.font = `600 ${12 * axes.ratio}px system-ui, sans-serif`;
    const right = context.measureText(asked.label).width + 10 * axes.ratio;
    plate(context, asked.label, right, target - 6 * axes.ratio, scene.ink.accent, scene.ink.paper, axes.ratio);
  }
}

/** Hatching of a pane below the price: what was not observed of its own kind. */
export class Hatching implements IPanePrimitive<Time> {
  private readonly views: readonly IPrimitivePaneView[];
  private request: (() => void) | null = null;
  /** What was hatched in the last frame, Unix seconds: for a test. */
  holes: { from: number; to: number }[] = [];

  constructor(chart: IChartApi, layers: Layers, unseen: () => { from: number; to: number }[]) {
    this.views = [
      new Layer("bottom", (context, width, height, ratio) => {
        const x = across(chart, layers.grid, ratio), ink = layers.scene?.ink.hatch;
        this.holes = unseen();
        if (x && ink) for (const hole of this.holes) stripes(context, x(hole.from), x(hole.to), width, height, ink, ratio);
      }),
    ];
  }
  attached(parameters: { requestUpdate: () => void }): void {
    this.request = parameters.requestUpdate;
  }
  paneViews(): readonly IPrimitivePaneView[] {
    return this.views;
  }
  update(): void {
    this.request?.();
  }
}

function pixelsOf(axes: Axes, first: number, step: number, rows: number): number {
  const low = axes.y(first), high = axes.y(first + step * rows);
  return low === null || high === null ? 1 : Math.abs(low - high) / rows;
}

/** Write a label that ends at `right` on a plate of its own, legible over any heat. */
function plate(context: CanvasRenderingContext2D, text: string, right: number, baseline: number, ink: string, paper: string, ratio: number): void {
  const wide = context.measureText(text).width;
  context.fillStyle = paper;
  context.globalAlpha = 0.88;
  context.fillRect(right - wide - 4 * ratio, baseline - 12 * ratio, wide + 8 * ratio, 16 * ratio);
  context.globalAlpha = 1;
  context.fillStyle = ink;
  context.textAlign = "right";
  context.fillText(text, right, baseline);
}

/** Hatch a pane from `from` to `to`, as far as it is in view. */
function stripes(context: CanvasRenderingContext2D, from: number, to: number, width: number, height: number, ink: string, ratio: number): void {
  const left = Math.max(from, 0), right = Math.min(to, width);
  if (right <= left) return;
  context.save();
  context.beginPath();
  context.rect(left, 0, right - left, height);
  context.clip();
  context.strokeStyle = ink;
  context.lineWidth = 1.5 * ratio;
  const gap = 9 * ratio;
  context.beginPath();
  for (let x = Math.floor(left / gap) * gap - height; x < right; x += gap) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}
