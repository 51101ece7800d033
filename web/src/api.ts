/** Asking the server: answers, problems, and the stream. */

export interface About {
  as_of: string;
  scope: string;
  series: string[];
  capture: string;
  inferred: boolean;
  synthetic: boolean;
  note: string;
  reproduce: string;
  count: number;
}

export interface Table<Row> extends About {
  rows: Row[];
}

export class Problem extends Error {
  constructor(readonly status: number, readonly title: string, readonly detail: string) {
    super(detail || title);
  }
}

const KEY = "runout-token";
let token = sessionStorage.getItem(KEY) ?? "";

export function setToken(text: string): void {
  token = text.trim();
  sessionStorage.setItem(KEY, token);
}

function headers(): Record<string, string> {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

export type Parameters = Record<string, string | number | undefined>;

export function path(resource: string, parameters: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined && value !== "") query.set(name, String(value));
  const text = query.toString();
  return text ? `${resource}?${text}` : resource;
}

async function ask(resource: string, parameters: Parameters, signal?: AbortSignal): Promise<Response> {
  const answer = await fetch(path(resource, parameters), { headers: headers(), ...(signal ? { signal } : {}) });
  if (answer.ok) return answer;
  let title = answer.statusText, detail = "";
  try {
    const problem = (await answer.json()) as { title?: string; detail?: string };
    title = problem.title ?? title;
    detail = problem.detail ?? "";
  } catch {
    /* no document came with it */
  }
  throw new Problem(answer.status, title, detail);
}

export async function json<T>(resource: string, parameters: Parameters, signal?: AbortSignal): Promise<T> {
  return (await (await ask(resource, parameters, signal)).json()) as T;
}

export async function bytes(resource: string, parameters: Parameters, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await ask(resource, parameters, signal)).arrayBuffer();
}

export interface Message {
  id: string;
  channel: "lake" | "liquidations" | "candles" | "gap" | "beat";
  time: string;
  data: Record<string, unknown>;
}

/** How long the server may be silent: it beats every two seconds. */
export const SILENCE_MS = 4500;

/**
 * Read the stream for ever, reconnecting with `Last-Event-ID`. Not EventSource: it can send no token, and does not say
 * when the line is dead.
 */
export async function follow(
  onMessage: (message: Message) => void,
  onState: (alive: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = "";
  let wait = 500;
  while (!signal.aborted) {
    const one = new AbortController();
    const stop = () => one.abort();
    signal.addEventListener("abort", stop);
    let timer = setTimeout(stop, SILENCE_MS);
    try {
      const sent = last ? { ...headers(), "Last-Event-ID": last } : headers();
      const answer = await fetch("/v1/stream", { headers: sent, signal: one.signal, cache: "no-store" });
      if (!answer.ok || !answer.body) throw new Problem(answer.status, answer.statusText, "");
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        clearTimeout(timer);
        timer = setTimeout(stop, SILENCE_MS);
        onState(true);
        wait = 500;
        text += value;
        for (let at = text.indexOf("\n\n"); at >= 0; at = text.indexOf("\n\n")) {
          const event = text.slice(0, at);
          text = text.slice(at + 2);
          const data = event.split("\n").find((line) => line.startsWith("data: "));
          if (!data) continue;
          const message = JSON.parse(data.slice(6)) as Message;
          if (message.id) last = message.id;
          onMessage(message);
        }
      }
    } catch {
      /* tried again below */
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
    if (signal.aborted) return;
    onState(false);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, 10000);
  }
}
