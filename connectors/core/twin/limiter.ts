/** What an account may call, in the ways vendors count. Real time on purpose: a test's frozen clock must not stop a quota from refilling. */

export interface Allowance {
  /** How many calls are left after this one; null: none was left for it. */
  take(): number | null;
}

/** A full bucket at rest, filled again at a steady pace. */
export function tokenBucket(perSecond: number, burst = perSecond): Allowance {
  let tokens = burst;
  let at = performance.now();
  return {
    take() {
      const now = performance.now();
      tokens = Math.min(burst, tokens + ((now - at) / 1000) * perSecond);
      at = now;
      if (tokens < 1) return null;
      tokens -= 1;
      return Math.floor(tokens);
    },
  };
}

const SLOTS = 20;

/** So many in any stretch of this length, counted in twentieths of it: memory does not grow with the rate. */
export function rollingWindow(limit: number, windowMs: number): Allowance {
  const counts = new Map<number, number>();
  return {
    take() {
      const current = Math.floor(performance.now() / (windowMs / SLOTS));
      let used = 0;
      for (const [slot, count] of counts) {
        if (slot <= current - SLOTS) counts.delete(slot);
        else used += count;
      }
      if (used >= limit) return null;
      counts.set(current, (counts.get(current) ?? 0) + 1);
      return limit - used - 1;
    },
  };
}

/** So many from midnight to midnight of the account's day; `day` names the day it is there. */
export function dailyAllowance(limit: number, day: () => string): Allowance {
  let today = "";
  let used = 0;
  return {
    take() {
      const current = day();
      if (current !== today) [today, used] = [current, 0];
      if (used >= limit) return null;
      used += 1;
      return limit - used;
    },
  };
}
