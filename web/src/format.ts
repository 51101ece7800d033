/** Numbers as a desk says them: the same rounding as the command line. */

const MINUS = "−";

function scaled(magnitude: number): string {
  for (const [scale, suffix] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]] as const) {
    const digits = magnitude / scale < 100 && (suffix === "T" || suffix === "B") ? 2 : 1;
    if (Number((magnitude / scale).toFixed(digits)) >= 1) return (magnitude / scale).toFixed(digits) + suffix;
  }
  return magnitude.toFixed(0);
}

function sign(value: number, signed: boolean): string {
  return value < 0 ? MINUS : signed && value > 0 ? "+" : "";
}

export function dollars(value: number | null | undefined, signed = false): string {
  return value == null ? "n/a" : `${sign(value, signed)}$${scaled(Math.abs(value))}`;
}

export function percent(fraction: number | null | undefined, digits = 1, signed = false): string {
  return fraction == null ? "n/a" : `${sign(fraction, signed)}${(Math.abs(fraction) * 100).toFixed(digits)}%`;
}

export function price(value: number | null | undefined): string {
  if (value == null) return "n/a";
  const size = Math.abs(value);
  if (size >= 1000) return `$${value.toLocaleString("en-US", { maximumFractionDigits: 0 })}`;
  return `$${size >= 10 ? value.toFixed(2) : value.toPrecision(4)}`;
}

export function age(seconds: number | null | undefined): string {
  if (seconds == null) return "n/a";
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400).toLocaleString("en-US")} days`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A moment in UTC: `18 Aug 2025, 12:00 UTC`. */
export function moment(at: string | number | Date, seconds = false): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return "n/a";
  const two = (n: number) => String(n).padStart(2, "0");
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}${seconds ? `:${two(time.getUTCSeconds())}` : ""}`;
  return `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]} ${time.getUTCFullYear()}, ${clock} UTC`;
}

/** Time of day in UTC, with the day where it is another than that of `now`: `24 Aug 15:22:55`. */
export function clock(at: string | number, now: number): string {
  const time = new Date(at), text = time.toISOString();
  const day = text.slice(0, 10) === new Date(now).toISOString().slice(0, 10) ? "" : `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]} `;
  return `${day}${text.slice(11, 19)}`;
}

/** `2025-08-18T12:00Z`, as the API takes it. */
export function iso(ms: number): string {
  const text = new Date(Math.floor(ms / 1000) * 1000).toISOString();
  return text.slice(17, 19) === "00" ? `${text.slice(0, 16)}Z` : `${text.slice(0, 19)}Z`;
}
