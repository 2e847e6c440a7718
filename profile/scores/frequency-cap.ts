/** How many messages somebody gets at most, counting what any tool sent. */
import { CHANNELS, type MessageChannel } from "./message-channels.ts";
import type { ProfileFacts } from "./types.ts";

const DAY_MS = 86_400_000;

/** Over all channels together. Sliding windows, as each channel's own. */
const OVERALL = [{ most: 3, days: 7 }];

/** When a further message is within all caps: null is now, else the instant (ms) from which it is. */
export function blockedUntil(
  messages: ProfileFacts["messages"],
  channel: MessageChannel,
  asOfMs: number,
): number | null {
  let until: number | null = null;
  const own = messages.filter((message) => message.channel === channel);
  const caps = [
    ...CHANNELS[channel].caps.map((cap) => ({ ...cap, counted: own })),
    ...OVERALL.map((cap) => ({ ...cap, counted: messages })),
  ];
  for (const cap of caps) {
    const frees = cap.counted
      .map((message) => Date.parse(message.at) + cap.days * DAY_MS)
      .filter((free) => free > asOfMs)
      .toSorted((a, b) => b - a)[cap.most - 1];
    if (frees !== undefined && (until === null || frees > until)) until = frees;
  }
  return until;
}
