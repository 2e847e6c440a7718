import { ICON, LOCAL_TIMES, STYLESHEET } from "../assets.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";

export type Section = "overview" | "profiles" | "plans" | "connections";

const SECTIONS: [Section, string, string][] = [
  ["overview", "/", "Overview"],
  ["profiles", "/profiles", "Customers"],
  ["plans", "/plans", "Plans"],
  ["connections", "/connect", "Connections"],
];

export function page(input: { title: string; workspace: string; at: Section | null; body: Html }): string {
  const { title, workspace, at, body } = input;
  const links = SECTIONS.map(([section, address, words]) =>
    section === at
      ? html`<a href="${address}" aria-current="page">${words}</a>`
      : html`<a href="${address}">${words}</a>`,
  );
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title} · Tributary</title>
          <link rel="icon" href="${ICON.address}" />
          <link rel="stylesheet" href="${STYLESHEET.address}" />
          <script src="${LOCAL_TIMES.address}" defer></script>
        </head>
        <body>
          <a class="skip" href="#content">Skip to the content</a>
          <header class="top">
            <div>
              <strong>Tributary</strong>
              <span class="soft">${workspace}</span>
              <nav aria-label="Main">${links}</nav>
            </div>
          </header>
          <main id="content">${body}</main>
          <footer>These pages only show. Plans are approved and undone with <code>npx tributary plan</code>.</footer>
        </body>
      </html>`,
  );
}

/** A table that scrolls by itself on a narrow screen, also by keyboard. `label` says what it holds. */
export function table(label: string, headers: (string | { number: string })[], rows: Html[]): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table>
      <thead>
        <tr>
          ${headers.map((header) =>
            typeof header === "string"
              ? html`<th scope="col">${header}</th>`
              : html`<th scope="col" class="number">${header.number}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

export function section(title: string, body: Html): Html {
  return html`<section>
    <h2>${title}</h2>
    ${body}
  </section>`;
}

export function instant(value: Date | string | null): Html {
  if (value === null) return html`<span class="soft">never</span>`;
  const iso = new Date(value).toISOString();
  return html`<time datetime="${iso}">${iso.replace("T", " ").slice(0, 16)} UTC</time>`;
}

export function badge(mood: "plain" | "good" | "attention" | "bad", words: string): Html {
  return html`<span class="badge ${mood}">${words}</span>`;
}

/** An empty state says what to do next. */
export function empty(sentence: string): Html {
  return html`<p class="soft">${sentence}</p>`;
}

export const count = (value: number): string => value.toLocaleString("en");
