/** What the page shows: one set of signals, loaded for a coin, a range and a moment. */

import { computed, effect, signal, untracked, type Signal } from "@preact/signals";
import { bytes, follow, json, Problem, type Message, type Parameters, type Table } from "./api";
import { iso } from "./format";
import { readTile, type PaletteName, type Tile, type TileHeader } from "./heat";

export interface Coin {
  coin: string;
  newest: string;
  intraday: boolean;
  venues: string[];
  synthetic: boolean;
}

export interface Status {
  lake: string;
  coins: Coin[];
  newest: string;
  age_seconds: number | null;
  state: "empty" | "stale" | "live";
  synthetic: boolean;
  series: number;
  version: string;
  as_of: string;
}

export interface Candle { event_time: string; span: number; open: number; high: number; low: number; close: number; volume_usd: number | null }
export interface Sides { event_time: string; span: number; long_usd: number; short_usd: number }
export interface Interest { event_time: string; open_interest_base: number | null; open_interest_usd: number | null; position_usd: number | null; price_usd: number | null }
export interface Funding { event_time: string; rate: number; interval_hours: number }
export interface Depth { event_time: string; band: number; bid_usd: number; ask_usd: number }
export interface Gap { kind: string; series: string; start_time: string; end_time: string; reason: string }
export interface Feed { series: string; kind: string; venues: string; step_ns: number; last_time: string; age_seconds: number; overdue: boolean | null; capture: string; scope: string; note: string }
export interface Event { event_time: string; venue: string; liquidated_side: "long" | "short"; value_usd: number; quantity_base: number | null; price: number | null; series: string; coin?: string; fresh?: boolean }
export interface Sweep { side: "long" | "short"; start_time: string; end_time: string; low_price: number; high_price: number; predicted_usd: number; low_usd: number; high_usd: number; realised_usd: number | null }
/** The mark of a cluster that is mostly assumption: few or no past moves of four hours went so far. */
export const far = (cluster: Cluster) => (cluster.prior_share >= 0.5 ? " ○" : "");
export interface Cluster {
  side: "long" | "short"; low_price: number; high_price: number; peak_price: number; distance: number; usd: number;
  low_usd: number; high_usd: number; prior_share: number; growth_usd: number | null; state: string;
  chance_24h: number | null; chance_low: number | null; chance_high: number | null;
  through_forced_usd: number | null; through_forced_low_usd: number | null; through_forced_high_usd: number | null;
  through_stop_price: number | null;
}
export interface Move {
  trigger: string; move: number; price: number; trigger_price: number; chance: number | null; chance_low: number | null;
  chance_high: number | null; ending: string; stop_price: number | null; mild_stop_price: number | null;
  severe_stop_price: number | null; amplification: number | null; forced_usd: number; forced_low_usd: number;
  forced_high_usd: number; reported_usd: number; headline_usd: number | null; headline_low_usd: number | null;
  headline_high_usd: number | null; depth_usd: number;
}
export interface Amount { value: number; low: number | null; high: number | null }
export interface Liquidated { usd: Amount; scope: string; end: string; inferred: boolean; uncertainty: string; long_share: number | null }
export interface Brief {
  coin: string; at: string; synthetic: boolean; price: number | null; price_time: string; age_minutes: number;
  danger: { level: number | null; word: string; set_at: string; chance: Amount | null; base_rate: number | null; reason: string;
    measured: (Amount & { event: string })[]; measured_scope: string;
    next_level: number | null; next_chance: Amount | null; next_from: string } | null;
  liquidated: Liquidated | null; reported: Liquidated | null; leverage: string; leverage_time: string;
  record: { level: number; days: number; frequency: Amount }[]; missing: string[]; more: string;
}
export type Ranked = Record<string, number | string | null>;

/** A part of the page: what it holds, whether it is being fetched, and why it has nothing (`status` of HTTP; 0: no answer came). */
export interface Part<T> { data: T | null; loading: boolean; problem: string; status: number }

function part<T>() {
  return signal<Part<T>>({ data: null, loading: false, problem: "", status: 0 });
}

const address = new URLSearchParams(location.search);
function kept<T extends string>(name: string, otherwise: T): T {
  return (localStorage.getItem(`runout-${name}`) as T | null) ?? otherwise;
}

export const DAYS = [1, 3, 7, 30, 90] as const;
export const status = part<Status>();
export const coin = signal((address.get("coin") ?? "BTC").toUpperCase());
/** The moment shown, Unix ms; null: the present. */
export const at = signal<number | null>(address.get("at") ? Date.parse(address.get("at")!) || null : null);
export const days = signal<number>(DAYS.find((n) => n === Number(address.get("days"))) ?? 7);
/** What the levels are of, and its name on a button. */
export const MODELS: readonly (readonly [TileHeader["model"], string])[] = [["inferred", "Inferred"], ["path", "Path only"], ["measured", "Measured"]];
export const model = signal(MODELS.find(([name]) => name === address.get("model"))?.[0] ?? "inferred");
/** The venue asked for; empty: the default. */
export const askedVenue = signal((address.get("venue") ?? "").toLowerCase());
export const theme = signal<"auto" | "dark" | "light">(kept("theme", "auto"));
export const systemDark = signal(matchMedia("(prefers-color-scheme: dark)").matches);
export const dark = computed(() => (theme.value === "auto" ? systemDark.value : theme.value === "dark"));
export const palette = signal<PaletteName>(kept("palette", "plasma"));
export const logarithmic = signal(kept<string>("axis", "linear") === "log");
export const showHeat = signal(true);
export const showProfile = signal(true);
export const leastUsd = signal(Number(kept("least", "0")));
export const sound = signal(false);
/** Handles of the legend, as shares of the root of the scale. */
export const threshold = signal<[number, number]>([0.3, 0.9]);
export const alive = signal(true);
export const lost = signal("");
/** The server's present, Unix ms: its clock is followed, as this machine's may be wrong and an emulated market's is ahead. */
export const now = signal(Date.now());
let ahead = 0;
export const needsToken = signal(false);
export const view = signal<"map" | "coins">(address.get("view") === "coins" ? "coins" : "map");
/** The move asked about, a fraction of the price; 0: none. */
export const whatIf = signal(-0.05);

export const candles = part<Table<Candle>>();
export const tile = part<Tile>();
export const clusters = part<Table<Cluster>>();
export const sweeps = part<Table<Sweep>>();
export const ladder = part<Table<Move>>();
export const liquidations = part<Table<Sides>>();
export const interest = part<Table<Interest>>();
export const funding = part<Table<Funding>>();
export const depth = part<Table<Depth>>();
export const gaps = part<Table<Gap>>();
export const feeds = part<Table<Feed>>();
export const tape = part<Table<Event>>();
export const brief = part<Brief>();
export const screener = part<Table<Ranked>>();

/** The coin as the lake knows it. */
export const subject = computed(() => status.value.data?.coins.find((one) => one.coin === coin.value) ?? null);

/** Venues with intraday bars of the coin, the one first whose map is shown where none is asked for. */
export const venues = computed<string[]>(() => (subject.value?.intraday ? [...subject.value.venues].sort((a, b) => Number(b === "binance") - Number(a === "binance") || (a < b ? -1 : 1)) : []));
/** Whose price, levels and what-if are shown; empty where there is nothing to choose. */
export const venue = computed(() => (venues.value.length < 2 ? "" : venues.value.includes(askedVenue.value) ? askedVenue.value : venues.value[0]!));
/** Of the coin, and of the venue where there are several. */
export const named = computed(() => (venue.value ? `${coin.value} on ${venue.value}` : coin.value));

/** The moment that answers are of: the one chosen, else the present; of a lake whose prices end earlier, their end. */
export const moment = computed<number | null>(() => {
  if (at.value !== null) return at.value;
  const found = status.value.data;
  if (!found || found.state === "live") return null;
  return Date.parse(subject.value?.newest ?? found.newest) || null;
});
/** Whether the page follows the present. */
export const live = computed(() => moment.value === null);
export const synthetic = computed(() => status.value.data?.synthetic ?? false);

let turn = new AbortController();
/** The turn whose bars of liquidations came whole. */
let whole: AbortController | null = null;
/** Of each part, the number of the question whose answer it shows: an older answer that comes late is dropped. */
const answered = new WeakMap<object, number>();
let questions = 0;

async function load<T>(where: Signal<Part<T>>, get: () => Promise<T>, mine: AbortController): Promise<void> {
  where.value = { ...where.peek(), loading: true };
  const question = (questions += 1);
  const late = () => mine.signal.aborted || question < (answered.get(where) ?? 0);
  try {
    const data = await get();
    if (late()) return;
    answered.set(where, question);
    where.value = { data, loading: false, problem: "", status: 200 };
  } catch (error) {
    if (late()) return;
    answered.set(where, question);
    if (error instanceof Problem && error.status === 401) needsToken.value = true;
    const problem = error instanceof Error ? error.message : String(error);
    where.value = { data: null, loading: false, problem, status: error instanceof Problem ? error.status : 0 };
  }
}

export async function loadStatus(): Promise<void> {
  await load(status, () => json<Status>("/v1/status", {}), new AbortController());
  const found = status.value.data;
  if (found && found.coins.length > 0 && !found.coins.some((one) => one.coin === coin.value)) coin.value = found.coins[0]!.coin;
}

/** The window: its end is the moment, its begin the range before. */
export function window_(): { from: number; to: number } {
  const to = moment.value ?? now.peek();
  return { from: to - days.value * 86400000, to };
}

function asked(withSince: boolean): Parameters {
  const { from } = window_();
  const version = status.peek().data?.version;
  return {
    coin: coin.value,
    at: moment.value === null ? undefined : iso(moment.value),
    since: withSince ? iso(from) : undefined,
    version: moment.value === null ? undefined : version,
  };
}

/** What is asked of a venue. */
const askedOf = (): Parameters => ({ ...asked(true), venue: venue.value });

/** Open interest is over all venues until one is chosen. */
const askedInterest = (): Parameters => ({ ...asked(true), columns: 200, venue: venue.value === venues.value[0] ? undefined : venue.value });

/** Load what the screen shows; models come last, as they take seconds. */
export function loadAll(): void {
  if (!status.peek().data || status.peek().data!.state === "empty") return;
  turn.abort();
  const mine = (turn = new AbortController());
  const { signal: ending } = mine;
  const windowed = asked(true), momentary = asked(false);
  const table = <Row>(resource: string, parameters: Parameters) => () => json<Table<Row>>(resource, parameters, ending);
  void load(candles, table<Candle>("/v1/candles", askedOf()), mine);
  void load(liquidations, table<Sides>("/v1/liquidations", { ...windowed, columns: 200 }), mine).then(() => (whole = mine));
  void load(interest, table<Interest>("/v1/open-interest", askedInterest()), mine);
  void load(funding, table<Funding>("/v1/funding", windowed), mine);
  void load(depth, table<Depth>("/v1/depth", windowed), mine);
  void load(gaps, table<Gap>("/v1/coverage", askedOf()), mine);
  void load(feeds, table<Feed>("/v1/coverage/feeds", momentary), mine);
  void load(tape, table<Event>("/v1/tape", { ...momentary, events: 200, least_usd: leastUsd.value || undefined }), mine);
  loadModels(mine);
}

let modelled = 0, streamed = 0, observed = 0;

/** What models say: all of it of one map, which the server computes once. */
function loadModels(mine: AbortController): void {
  modelled = Date.now();
  loadLevels(mine);
  void load(ladder, () => json<Table<Move>>("/v1/whatif/ladder", askedOf(), mine.signal), mine);
  void load(brief, () => json<Brief>("/v1/bulletin", { ...asked(false), format: "brief" }, mine.signal), mine);
}

function loadLevels(mine: AbortController): void {
  const parameters = { ...askedOf(), model: model.value === "inferred" ? undefined : model.value }, { signal: ending } = mine;
  void load(tile, async () => readTile(await bytes("/v1/map/heat", parameters, ending)), mine);
  void load(clusters, () => json<Table<Cluster>>("/v1/clusters", parameters, ending), mine);
  void load(sweeps, () => json<Table<Sweep>>("/v1/sweeps", parameters, ending), mine);
}

function clear(...parts: object[]): void {
  for (const shown of parts as Signal<Part<unknown>>[]) shown.value = { data: null, loading: true, problem: "", status: 0 };
}

/** Show the market of another venue; what is of the former one goes at once. */
export function chooseVenue(name: string): void {
  if (name === venue.value) return;
  clear(candles, interest, tile, clusters, sweeps, ladder);
  askedVenue.value = name === venues.value[0] ? "" : name;
}

/** Show the levels of another model; those of the former one go at once. */
export function chooseModel(name: TileHeader["model"]): void {
  if (name === model.value) return;
  model.value = name;
  clear(tile, clusters, sweeps);
  if (status.peek().data && status.peek().data!.state !== "empty") loadLevels(turn);
}

export function loadScreener(): void {
  void load(screener, () => json<Table<Ranked>>("/v1/screener", { at: moment.value === null ? undefined : iso(moment.value) }), turn);
}

export function loadTape(): void {
  const parameters = { ...asked(false), events: 200, least_usd: leastUsd.value || undefined };
  void load(tape, () => json<Table<Event>>("/v1/tape", parameters), turn);
}

/** Bars of liquidations from the last two on, beside those shown: an event costs what is new, however wide the range. */
async function withLatest(windowed: Parameters, signal: AbortSignal): Promise<Table<Sides>> {
  const { from } = window_(), shown = liquidations.peek().data, last = shown?.rows.at(-1);
  if (!shown || !last || whole !== turn) return json<Table<Sides>>("/v1/liquidations", { ...windowed, columns: 200 }, signal);
  const span = last.span / 1e6, since = Date.parse(last.event_time) - 2 * span;
  const columns = Math.max(2, Math.ceil((now.peek() + 5000 - since) / span)); // so many need steps of this span
  const within = (end: number) => end > from && end <= since;
  const latest = await json<Table<Sides>>("/v1/liquidations", { ...windowed, since: iso(since), columns }, signal);
  const rows = [...shown.rows.filter((one) => within(Date.parse(one.event_time))), ...latest.rows];
  const reproduce = shown.reproduce.replace(/at=[^&]*$/, `at=${encodeURIComponent(latest.as_of)}`);
  return { ...latest, reproduce, rows, count: rows.length };
}

/** Live: what the tables say at once; models again as bars come, once a minute. */
function refresh(kinds: string[]): void {
  const mine = turn, windowed = asked(true);
  const table = <Row>(resource: string, parameters: Parameters) => () => json<Table<Row>>(resource, parameters, mine.signal);
  if (kinds.includes("bars")) void load(candles, table<Candle>("/v1/candles", askedOf()), mine);
  if (kinds.includes("liquidations")) {
    void load(liquidations, () => withLatest(windowed, mine.signal), mine);
    if (Date.now() - streamed > 3000) loadTape(); // rows that came late are no news, and are not sent by themselves
  }
  if (kinds.includes("open_interest")) void load(interest, table<Interest>("/v1/open-interest", askedInterest()), mine);
  if (kinds.includes("funding")) void load(funding, table<Funding>("/v1/funding", windowed), mine);
  if (kinds.includes("depth")) void load(depth, table<Depth>("/v1/depth", windowed), mine);
  if (kinds.includes("gaps") || Date.now() - observed > 10000) {
    observed = Date.now();
    void load(gaps, table<Gap>("/v1/coverage", askedOf()), mine);
  }
  void load(feeds, table<Feed>("/v1/coverage/feeds", asked(false)), mine);
  if (kinds.includes("bars") && Date.now() - modelled > 60000 && !tile.peek().loading) loadModels(mine);
}

export const onEvents = new Set<(events: Event[]) => void>();

function receive(message: Message): void {
  const difference = Date.parse(message.time) - Date.now();
  ahead = Math.abs(difference) > 3000 ? difference : 0;
  if (message.channel === "gap") {
    lost.value = `Messages were lost at ${message.time}; the page has asked for them again.`;
    void loadStatus().then(loadAll);
    return;
  }
  if (message.channel === "lake") {
    const kinds = (message.data["kinds"] as string[] | undefined) ?? [];
    const following = live.peek();
    if (following) refresh(kinds); // not after the status: a liquidation is to be in its bar within a second
    void loadStatus().then(() => {
      if (live.peek() && !following) refresh(kinds);
    });
  }
  if (message.channel === "liquidations" && live.peek()) {
    streamed = Date.now();
    const mine = (message.data["rows"] as Event[]).filter((one) => one.coin === coin.peek() && one.value_usd >= leastUsd.peek());
    if (mine.length === 0) return;
    const found = tape.peek();
    if (!found.data || found.loading) loadTape(); // what is being fetched may be from before
    else {
      const rows = [...mine.map((one) => ({ ...one, fresh: true })).reverse(), ...found.data.rows].slice(0, 200);
      tape.value = { ...found, data: { ...found.data, rows } };
    }
    for (const tell of onEvents) tell(mine);
  }
}

export function goTo(time: number | null): void {
  at.value = time;
}

/** Start: read the lake's state, follow its news, and keep address and answers in step with what is chosen. */
export function begin(): void {
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", () => (systemDark.value = media.matches));
  setInterval(() => (now.value = Date.now() + ahead), 1000);
  void loadStatus().then(() => {
    effect(() => {
      void [coin.value, days.value, moment.value, venue.value];
      untracked(loadAll);
    });
    effect(() => {
      if (view.value === "coins") {
        void moment.value;
        untracked(loadScreener);
      }
    });
  });
  effect(() => {
    const query = new URLSearchParams();
    if (coin.value !== "BTC") query.set("coin", coin.value);
    if (days.value !== 7) query.set("days", String(days.value));
    if (at.value !== null) query.set("at", iso(at.value));
    if (view.value !== "map") query.set("view", view.value);
    if (askedVenue.value) query.set("venue", askedVenue.value);
    if (model.value !== "inferred") query.set("model", model.value);
    const text = query.toString();
    history.replaceState(null, "", text ? `?${text}` : location.pathname);
  });
  effect(() => {
    document.documentElement.dataset["theme"] = dark.value ? "dark" : "light";
    localStorage.setItem("runout-theme", theme.value);
    localStorage.setItem("runout-palette", palette.value);
    localStorage.setItem("runout-axis", logarithmic.value ? "log" : "linear");
    localStorage.setItem("runout-least", String(leastUsd.value));
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && live.peek()) void loadStatus().then(loadAll);
  });
  void follow(receive, (state) => (alive.value = state), new AbortController().signal);
}
