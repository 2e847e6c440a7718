/** Plain pages for people: what somebody at the vendor would see of a record. */

const STYLE = `
:root{color-scheme:light dark;--ink:#1f2933;--soft:#52606d;--line:#d9e2ec;--paper:#fff;--back:#f5f7fa;--accent:#b3431e}
@media(prefers-color-scheme:dark){:root{--ink:#f0f4f8;--soft:#9fb3c8;--line:#334e68;--paper:#1b2a3a;--back:#102030;--accent:#ff9e73}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem}h1{margin:.2rem 0 0;font-size:1.6rem}a{color:var(--accent)}
.soft{color:var(--soft)}section{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;margin:1rem 0;padding:1rem 1.25rem}
section.ours{border-color:var(--accent);border-width:2px}h2{font-size:1.05rem;margin:0 0 .5rem}
dl{display:grid;grid-template-columns:minmax(10rem,16rem) 1fr;gap:.35rem 1.25rem;margin:0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media(max-width:34rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}}
table{width:100%;border-collapse:collapse}th,td{text-align:left;padding:.45rem .6rem;border-bottom:1px solid var(--line)}
form{display:flex;gap:.5rem;margin:1rem 0}input{flex:1;min-width:0;font:inherit;padding:.5rem .7rem;border:1px solid var(--line);border-radius:.4rem;background:var(--paper);color:inherit}
button{font:inherit;padding:.5rem 1rem;border:0;border-radius:.4rem;background:var(--accent);color:var(--paper)}`;

/** Text that is markup already. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Piece = string | number | Markup | readonly Markup[];

/** A template whose holes are escaped, unless they are markup themselves. */
export function markup(strings: TemplateStringsArray, ...pieces: Piece[]): Markup {
  return new Markup(strings.map((part, n) => part + (n < pieces.length ? written(pieces[n] ?? "") : "")).join(""));
}

function written(piece: Piece): string {
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === "object") return piece.map(({ text }) => text).join("");
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(piece).replace(/[&<>"']/g, (character) => names[character] ?? "");
}

export function page(vendor: string, title: string, body: Markup): string {
  const head = markup`<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title} – ${vendor} twin</title><style>${new Markup(STYLE)}</style>`;
  const whole = markup`<!doctype html><html lang="en"><head>${head}</head><body><main><h1>${title}</h1>${body}</main></body></html>`;
  return whole.text;
}

/** Names and values. `ours`: what an app added; it stands out. */
export function fields(title: string, rows: [name: string, value: Piece | null][], ours = false): Markup {
  const all = rows.map(
    ([name, value]) => markup`<dt>${name}</dt><dd>${value ?? markup`<span class="soft">not set</span>`}</dd>`,
  );
  return markup`<section${new Markup(ours ? ' class="ours"' : "")}><h2>${title}</h2><dl>${all}</dl></section>`;
}

export function table(heads: string[], rows: Piece[][]): Markup {
  const head = heads.map((name) => markup`<th scope="col">${name}</th>`);
  const body = rows.map((cells) => markup`<tr>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>`);
  return markup`<section><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></section>`;
}

const LISTED = 50;

/** The records of a list that hold the words looked for: the first fifty, and where the rest is. */
export function listPage<Item>(
  list: {
    vendor: string;
    title: string;
    path: string;
    heads: string[];
    row(item: Item): Piece[];
    words(item: Item): string;
  },
  items: Item[],
  query: URLSearchParams,
): string {
  const text = query.get("q") ?? "";
  const found = items.filter((item) => list.words(item).toLowerCase().includes(text.trim().toLowerCase()));
  const from = Math.max(0, Number(query.get("from")) || 0);
  const shown = found.slice(from, from + LISTED);
  const next = new URLSearchParams({ q: text, from: String(from + LISTED) }).toString();
  const more = from + LISTED < found.length ? markup`<p><a href="${list.path}?${new Markup(next)}">Next</a></p>` : "";
  return page(
    list.vendor,
    list.title,
    markup`<form action="${list.path}"><input type="search" name="q" aria-label="Search" value="${text}"><button>Search</button></form>
<p class="soft">Showing ${shown.length} of ${found.length}.</p>${table(list.heads, shown.map(list.row))}${more}`,
  );
}
