/** Every number opens what it rests on: source, scope, moment, what to beware of, and where to get it again. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { About } from "./api";
import { moment as say } from "./format";

export interface Evidence { title: string; about: Partial<About>; more?: string; link?: string }

export const shown = signal<Evidence | null>(null);

export function Figure({ title, about, more, link, children }: Evidence & { children: ComponentChildren }) {
  const open = () => (shown.value = { title, about, ...(more ? { more } : {}), ...(link ? { link } : {}) });
  return <button type="button" class="figure" onClick={open} title="Evidence">{children}</button>;
}

export function Drawer() {
  const found = shown.value;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (found && !dialog.current?.open) dialog.current?.showModal();
    if (!found && dialog.current?.open) dialog.current.close();
  }, [found]);
  const path = found?.link ?? found?.about.reproduce;
  return (
    <dialog ref={dialog} class="drawer" aria-labelledby="evidence-title" onClose={() => (shown.value = null)}>
      {found && (
        <>
          <header><h2 id="evidence-title">{found.title}</h2><button type="button" onClick={() => (shown.value = null)}>Close</button></header>
          <dl>
            {found.more && <><dt>Meaning</dt><dd>{found.more}</dd></>}
            {found.about.inferred !== undefined && <><dt>Kind</dt><dd>{found.about.inferred ? "Inferred: modelled, not published by anyone" : "Reported"}{found.about.synthetic ? "; SYNTHETIC market, observed nowhere" : ""}</dd></>}
            {found.about.as_of && <><dt>As of</dt><dd>{say(found.about.as_of)}: nothing known later is inside</dd></>}
            {found.about.scope && <><dt>Scope</dt><dd>{found.about.scope}</dd></>}
            {found.about.capture && found.about.capture !== "not-applicable" && <><dt>Feeds</dt><dd>{capture(found.about.capture)}</dd></>}
            {found.about.note && <><dt>Note</dt><dd>{found.about.note}</dd></>}
            {found.about.series && found.about.series.length > 0 && (
              <><dt>Series</dt><dd><ul>{found.about.series.slice(0, 12).map((name) => <li key={name}><code>{name}</code></li>)}</ul>{found.about.series.length > 12 && `and ${found.about.series.length - 12} more`}</dd></>
            )}
            {path && <><dt>Again</dt><dd><a href={path} target="_blank" rel="noreferrer"><code>{path}</code></a></dd></>}
          </dl>
        </>
      )}
    </dialog>
  );
}

function capture(word: string): string {
  if (word.includes("capped")) return "capped: they show at most one order a second and symbol, so totals are a lower bound";
  return word === "complete" ? "complete: every event is shown" : word;
}
