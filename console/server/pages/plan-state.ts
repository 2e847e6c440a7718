import type { Html } from "../html.ts";
import { badge } from "./layout.ts";

const MOODS: Record<string, "good" | "attention" | "bad"> = {
  waiting: "attention",
  applied: "good",
  applied_with_failures: "bad",
  partly_undone: "bad",
  failed: "bad",
};

/** Of a plan or of one of its changes. */
export const stateBadge = (state: string): Html => badge(MOODS[state] ?? "plain", state.replaceAll("_", " "));
