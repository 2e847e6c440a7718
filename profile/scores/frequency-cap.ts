/** How many messages somebody gets at most, counting what any tool sent. */
import type { MessageChannel } from "./permission.ts";
import type { ProfileFacts } from "./types.ts";

const DAY_MS = 86_400_000;

interface Cap {
  channel: MessageChannel | "any";
  most: number;
  days: number;
}

/** Sliding windows. */
const CAPS: readonly Cap[] = [
  { channel: "email", most: 2, days: 7 },
  { channel: "email", most: 6, days: 30 },
  { channel: "sms", most: 1, days: 7 },
  { channel: "any", most: 3, days: 7 },
];

/** When a further message is within all caps: null is now, else the instant (ms) from which it is. */
export function blockedUntil(
  messages: ProfileFacts["messages"],
  channel: MessageChannel,
  asOfMs: number,
): number | null {
  let until: number | null = null;
  for (const cap of CAPS) {
    if (cap.channel !== "any" && cap.channel !== channel) continue;
    const frees = messages
      .filter((message) => cap.channel === "any" || message.channel === cap.channel)
      .map((message) => Date.parse(message.at) + cap.days * DAY_MS)
      .filter((free) => free > asOfMs)
      .toSorted((a, b) => b - a)[cap.most - 1];
    if (frees !== undefined && (until === null || frees > until)) until = frees;
  }
  return until;
}
