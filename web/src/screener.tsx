/** All coins side by side, each against its own past year or against the others. */

import { signal } from "@preact/signals";
import { Figure } from "./evidence";
import { dollars, percent, price } from "./format";
import { Missing } from "./panels";
import * as state from "./state";

const against = signal<"own" | "market">("own");
const MEASURES: [string, string, (value: number) => string][] = [
  ["change_24h", "Price, 24 h", (value) => percent(value, 1, true)],
  ["liquidations_usd", "Liquidated, day", (value) => dollars(value)],
  ["open_interest_usd", "Open interest", (value) => dollars(value)],
  ["open_interest_change_24h", "its change, 24 h", (value) => percent(value, 1, true)],
  ["funding_rate", "Funding", (value) => percent(value, 4, true)],
];

export function Screener() {
  const part = state.screener.value, table = part.data;
  return (
    <section class="screener" aria-labelledby="coins-title" aria-busy={part.loading}>
      <header>
        <h2 id="coins-title">All coins</h2>
        <fieldset><legend class="sr">Rank against</legend>
          {(["own", "market"] as const).map((name) => (
            <label key={name}><input type="radio" name="against" checked={against.value === name} onChange={() => (against.value = name)} /> {name === "own" ? "against its own past year" : "against the other coins"}</label>
          ))}
        </fieldset>
      </header>
      {!table ? <Missing part={part} what="table of coins" /> : (
        <div class="scroll" tabIndex={0} role="region" aria-label="All coins">
          <table>
            <thead><tr><th scope="col">Coin</th><th scope="col" class="n wide">Price</th>{MEASURES.map(([name, title]) => <th key={name} scope="col" class="n">{title}</th>)}</tr></thead>
            <tbody>{table.rows.map((row) => (
              <tr key={String(row["coin"])}>
                <th scope="row"><button type="button" class="figure" onClick={() => { state.coin.value = String(row["coin"]); state.view.value = "map"; }}>{row["coin"]}</button><small class="narrow">{price(row["price_usd"] as number | null)}</small></th>
                <td class="n wide">{price(row["price_usd"] as number | null)}</td>
                {MEASURES.map(([name, title, text]) => {
                  const value = row[name] as number | null | undefined, rank = row[`${name}_${against.value}_rank`] as number | null | undefined;
                  return (
                    <td key={name} class="n rank" style={rank == null ? {} : { "--rank": String(rank) }}>
                      {value == null ? <span class="quiet">n/a</span> : <Figure title={`${row["coin"]}: ${title}`} about={table}>{text(value)}</Figure>}
                      {rank != null && <small>{Math.round(rank * 100)}<span class="wide"> of 100</span></small>}
                    </td>
                  );
                })}
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
      <p class="quiet">Rank, of 100: share of values that are at or below this one. {table?.scope}. {table?.note}</p>
    </section>
  );
}
