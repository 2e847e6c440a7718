import { html } from "../html.ts";
import type { Html } from "../html.ts";

export function messagePage(title: string, sentence: string): Html {
  return html`<h1>${title}</h1>
    <p class="lead">${sentence}</p>
    <p><a href="/">Overview</a></p>`;
}
