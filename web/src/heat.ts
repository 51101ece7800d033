/** The heat of a map: read from a tile, painted once, drawn in row strips so that a logarithmic axis stays right. */

export interface TileHeader {
  coin: string;
  venue: string;
  as_of: string;
  rows: number;
  columns: number;
  first_price_usd: number;
  step_usd: number;
  times: number[];
  scale_usd: number;
  price_usd: number;
  synthetic: boolean;
  model: "inferred" | "path" | "measured";
}

/** One level of the pyramid: `rows` of `bin` levels each, mean density as a byte (square root of dollars). */
interface Level {
  rows: number;
  bin: number;
  cells: Uint8Array;
  canvas: OffscreenCanvas | null;
}

export interface Tile {
  header: TileHeader;
  /** Bytes of longs and of shorts, row after row from the lowest price. */
  sides: [Uint8Array, Uint8Array];
  levels: Level[];
}

export function readTile(buffer: ArrayBuffer): Tile {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as TileHeader;
  const size = header.rows * header.columns;
  const sides: [Uint8Array, Uint8Array] = [
    new Uint8Array(buffer, 4 + length, size),
    new Uint8Array(buffer, 4 + length + size, size),
  ];
  return { header, sides, levels: pyramid(sides, header.rows, header.columns) };
}

/** Sum two bytes that stand for squares. */
function together(a: number, b: number, share: number): number {
  return Math.min(255, Math.round(Math.sqrt((a * a + b * b) * share)));
}

function pyramid(sides: [Uint8Array, Uint8Array], rows: number, columns: number): Level[] {
  const [longs, shorts] = sides;
  let cells = new Uint8Array(longs.length);
  for (let i = 0; i < cells.length; i++) {
    const a = longs[i]!, b = shorts[i]!;
    cells[i] = a === 0 ? b : b === 0 ? a : together(a, b, 1);
  }
  const levels: Level[] = [{ rows, bin: 1, cells, canvas: null }];
  for (let bin = 2; rows > 64 && bin <= 16; bin *= 2) {
    const half = Math.ceil(rows / 2);
    const next = new Uint8Array(half * columns);
    for (let row = 0; row < half; row++)
      for (let column = 0; column < columns; column++) {
        const a = cells[2 * row * columns + column]!;
        const b = 2 * row + 1 < rows ? cells[(2 * row + 1) * columns + column]! : a;
        next[row * columns + column] = together(a, b, 0.5);
      }
    levels.push({ rows: half, bin, cells: next, canvas: null });
    cells = next;
    rows = half;
  }
  return levels;
}

/** Dollars of a cell, both sides. */
export function cellUsd(tile: Tile, row: number, column: number): { long: number; short: number } {
  const at = row * tile.header.columns + column;
  const usd = (byte: number | undefined) => tile.header.scale_usd * ((byte ?? 0) / 255) ** 2;
  return { long: usd(tile.sides[0][at]), short: usd(tile.sides[1][at]) };
}

/** The levels of a side that hold most dollars now, the largest first. */
export function largestNow(tile: Tile, side: "long" | "short", count: number): { low: number; high: number; usd: number }[] {
  const { rows, columns, first_price_usd, step_usd } = tile.header;
  const levels = Array.from({ length: rows }, (_, row) => {
    const low = first_price_usd + row * step_usd;
    return { low, high: low + step_usd, usd: cellUsd(tile, row, columns - 1)[side] };
  });
  return levels.filter((one) => one.usd > 0).sort((a, b) => b.usd - a.usd).slice(0, count);
}

export type PaletteName = "plasma" | "viridis";

const STOPS: Record<PaletteName, { dark: string[]; light: string[] }> = {
  plasma: {
    dark: ["#1a1240", "#4a1580", "#8f2391", "#cc4274", "#f0803f", "#fbc02f", "#fff6a8"],
    light: ["#fdeadb", "#f9c49b", "#ee8f6c", "#d2556f", "#9c2f82", "#5d1a7d", "#23093f"],
  },
  viridis: {
    dark: ["#1b1440", "#3a3f86", "#2a6f8e", "#1f9e88", "#5cc863", "#c8e020", "#fdf7a0"],
    light: ["#eef6d5", "#b9dd7c", "#5fb97c", "#2b8c88", "#2d638b", "#3b3a7c", "#260a45"],
  },
};

export interface Shade {
  palette: PaletteName;
  dark: boolean;
  /** Dollars a level below which nothing is drawn, and from which on the colour no longer changes. */
  hide: number;
  full: number;
}

function channel(hex: string, at: number): number {
  return Number.parseInt(hex.slice(at, at + 2), 16);
}

/** Colour of a position between 0 and 1 along a palette, as `[r, g, b]`. */
export function colourAt(palette: PaletteName, dark: boolean, t: number): [number, number, number] {
  const stops = STOPS[palette][dark ? "dark" : "light"];
  const x = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(x), stops.length - 2), part = x - low;
  const mix = (at: number) => Math.round(channel(stops[low]!, at) * (1 - part) + channel(stops[low + 1]!, at) * part);
  return [mix(1), mix(3), mix(5)];
}

/** The colour of every byte, as little-endian RGBA. */
export function lookup(scale: number, shade: Shade): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(256);
  const low = Math.sqrt(shade.hide), high = Math.sqrt(Math.max(shade.full, shade.hide + 1e-9));
  for (let byte = 1; byte < 256; byte++) {
    const root = (byte / 255) * Math.sqrt(scale);
    if (root < low) continue;
    const t = Math.min((root - low) / Math.max(high - low, 1e-9), 1);
    const [r, g, b] = colourAt(shade.palette, shade.dark, t);
    const alpha = Math.round(255 * Math.min(1, 0.25 + 1.6 * t));
    table[byte] = ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }
  return table;
}

export class Heat {
  tile: Tile | null = null;
  private table = new Uint32Array(256);
  private shade: Shade | null = null;

  setTile(tile: Tile | null): void {
    this.tile = tile;
    if (this.shade) this.setShade(this.shade);
  }

  /** Take another palette or threshold: what is painted is thrown away, and painted again when drawn. */
  setShade(shade: Shade): void {
    this.shade = shade;
    if (!this.tile) return;
    this.table = lookup(this.tile.header.scale_usd, shade);
    for (const level of this.tile.levels) level.canvas = null;
  }

  private painted(level: Level): OffscreenCanvas {
    if (level.canvas) return level.canvas;
    const columns = this.tile!.header.columns;
    const canvas = new OffscreenCanvas(columns, level.rows);
    const context = canvas.getContext("2d")!;
    const image = context.createImageData(columns, level.rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (let row = 0; row < level.rows; row++) {
      const from = row * columns, to = (level.rows - 1 - row) * columns;
      for (let column = 0; column < columns; column++) pixels[to + column] = this.table[level.cells[from + column]!]!;
    }
    context.putImageData(image, 0, 0);
    level.canvas = canvas;
    return canvas;
  }

  /**
   * Draw into device pixels.
   * @param x device x of a Unix second
   * @param y device y of a price, null where it is off the axis
   * @param end Unix second until which the last column holds
   */
  draw(
    context: CanvasRenderingContext2D,
    x: (seconds: number) => number,
    y: (price: number) => number | null,
    end: number,
    width: number,
    height: number,
  ): void {
    if (!this.tile) return;
    const { header, levels } = this.tile;
    const bottom = header.first_price_usd, top = bottom + header.rows * header.step_usd;
    const yTop = y(top), yBottom = y(bottom);
    if (yTop === null || yBottom === null) return;
    const pixels = Math.abs(yBottom - yTop) / header.rows;
    const level = levels.find((one) => one.bin * pixels >= 1) ?? levels[levels.length - 1]!;
    const image = this.painted(level);
    const columns = this.runs(end);
    context.imageSmoothingEnabled = false;
    const strip = Math.max(1, Math.round(8 / level.bin));
    for (let row = 0; row < level.rows; row += strip) {
      const count = Math.min(strip, level.rows - row);
      const low = bottom + row * level.bin * header.step_usd;
      const y0 = y(low), y1 = y(low + count * level.bin * header.step_usd);
      if (y0 === null || y1 === null || Math.max(y0, y1) < 0 || Math.min(y0, y1) > height) continue;
      const source = level.rows - row - count;
      for (const [first, last, from, to] of columns) {
        const x0 = x(from), x1 = x(to);
        if (x1 < 0 || x0 > width) continue;
        context.drawImage(image, first, source, last - first, count, x0, y1, x1 - x0, y0 - y1);
      }
    }
  }

  /** Columns of one width, as `[first, past the last, from, to]`: an even grid is one run, and one draw a strip. */
  private runs(end: number): [number, number, number, number][] {
    const { times } = this.tile!.header;
    const found: [number, number, number, number][] = [];
    let first = 0;
    for (let i = 1; i <= times.length; i++) {
      const step = (at: number) => (at + 1 < times.length ? times[at + 1]! : Math.max(end, times[at]!)) - times[at]!;
      if (i < times.length && step(i) === step(first)) continue;
      const last = i < times.length ? times[i]! : Math.max(end, times[times.length - 1]!);
      found.push([first, i, times[first]!, last]);
      first = i;
    }
    return found;
  }

  /** The cell at a moment and price, null outside. */
  cell(seconds: number, price: number): { row: number; column: number } | null {
    if (!this.tile) return null;
    const { header } = this.tile;
    const row = Math.floor((price - header.first_price_usd) / header.step_usd);
    let column = header.times.length - 1;
    while (column >= 0 && header.times[column]! > seconds) column--;
    return row < 0 || row >= header.rows || column < 0 ? null : { row, column };
  }
}
