/** How much a value says about who somebody is. */
export type Quality = "strong" | "weak" | "blocked";

export interface Normalised {
  /** What equal values are compared by; null when nothing usable was given. */
  key: string | null;
  quality: Quality;
  /** Why it is not strong; null when it is. */
  reason: string | null;
}

export const unusable = (reason: string): Normalised => ({ key: null, quality: "blocked", reason });
