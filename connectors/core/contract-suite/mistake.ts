/**
 * A mistake that a connector's author could make: a small edit of the connector's source, which its contract tests must notice.
 * A suite that passes a wrong connector is worth nothing.
 */
export interface Mistake {
  what: string;
  /** From the connector's folder; `../core/...` is what the kit does in its name. */
  file: string;
  /** Text that stands there exactly once, and what takes its place. */
  edits: readonly (readonly [find: string, replace: string])[];
}

export const mistake = (what: string, file: string, ...edits: Mistake["edits"]): Mistake => ({ what, file, edits });
