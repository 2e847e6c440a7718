import { html } from "../html.ts";
import type { Html } from "../html.ts";

const STYLE = html`
  :root { --ink: #1d2b2a; --soft: #5b6b69; --line: #dfe6e4; --paper: #fbfcfb; --tint: #eef4f2; --mark: #0f6b5c; --warn:
  #9a4a00; } * { box-sizing: border-box; } body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); } header { border-bottom: 1px solid var(--line); background: #fff; } header > div, main {
  max-width: 68rem; margin: 0 auto; padding: 1rem 1.5rem; } header > div { display: flex; gap: 1.5rem; align-items:
  baseline; } header strong { font-size: 1.1rem; color: var(--mark); } a { color: var(--mark); } h1 { font-size: 1.6rem;
  margin: 1rem 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; } p.lead { color: var(--soft); margin: 0 0
  1rem; } table { border-collapse: collapse; width: 100%; background: #fff; border: 1px solid var(--line); } th, td {
  text-align: left; padding: .45rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; } th {
  font-weight: 600; color: var(--soft); font-size: .85rem; background: var(--tint); } td.number, th.number { text-align:
  right; font-variant-numeric: tabular-nums; } .cards { display: flex; flex-wrap: wrap; gap: .75rem; } .card { flex: 1 1
  10rem; background: #fff; border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; } .card b {
  display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; } .card span { color: var(--soft); font-size:
  .85rem; } .warn { color: var(--warn); } .soft { color: var(--soft); } .bar { background: var(--tint); height: .6rem;
  border-radius: .3rem; min-width: 6rem; } .bar i { display: block; height: 100%; background: var(--mark);
  border-radius: .3rem; } ul { margin: .25rem 0; padding-left: 1.2rem; } form { display: flex; gap: .5rem; margin: .5rem
  0 1rem; } input { font: inherit; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: .4rem; flex: 1;
  max-width: 24rem; } button { font: inherit; padding: .4rem .9rem; border: 0; border-radius: .4rem; background:
  var(--mark); color: #fff; cursor: pointer; } code { background: var(--tint); padding: .1rem .3rem; border-radius:
  .25rem; font-size: .9em; }
`;

/** Times are rendered by the reader's browser in the reader's zone; without scripts they show in UTC. */
const LOCAL_TIMES = html`
  <script>
    for (const time of document.querySelectorAll("time"))
      time.textContent = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  </script>
`;

export function page(title: string, workspace: string, body: Html): string {
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title} · Tributary</title>
          <style>
            ${STYLE}
          </style>
        </head>
        <body>
          <header>
            <div>
              <strong>Tributary</strong>
              <span class="soft">${workspace}</span>
              <nav><a href="/">Overview</a> · <a href="/profiles">Profiles</a> · <a href="/plans">Plans</a></nav>
            </div>
          </header>
          <main>${body}</main>
          ${LOCAL_TIMES}
        </body>
      </html>`,
  );
}

export function instant(value: Date | string | null): Html {
  if (value === null) return html`<span class="soft">never</span>`;
  const date = new Date(value);
  return html`<time datetime="${date.toISOString()}">${date.toISOString().replace("T", " ").slice(0, 16)} UTC</time>`;
}

/** An empty state says what to do next. */
export function empty(sentence: string): Html {
  return html`<p class="soft">${sentence}</p>`;
}
