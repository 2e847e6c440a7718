/** Heartbeats: an activity whose worker died is tried again within seconds, one that only waits a long time is left alone. */
import type { ActivityInterceptorsFactory } from "@temporalio/worker";

/** Several in every heartbeat time-out, so that one late beat does not count as a death. */
const BEAT_MS = 2_000;

/**
 * Temporal holds beats back to four fifths of the heartbeat time-out, which leaves a worker under load no room for being
 * late; this is the most it may hold back.
 */
export const BEAT_THROTTLE = "2 seconds";

/**
 * Beats for every activity from its start to its end, a slow vendor call or a wait for quota included: each of those has
 * a time-out of its own. A beat also learns that the activity was cancelled or given to another worker.
 */
export const beating: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      const timer = setInterval(() => context.heartbeat(), BEAT_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  },
});
