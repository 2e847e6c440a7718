import { valueWords } from "../../trait-words.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { badge } from "./layout.ts";

/** @param value of `churn_risk_band`; the word says it, the colour only repeats it */
export function riskBadge(value: unknown): Html {
  const words = valueWords("churn_risk_band", value);
  if (words === null) return html`<span class="soft">–</span>`;
  return badge(value === "high" ? "bad" : value === "medium" ? "attention" : "good", words);
}
