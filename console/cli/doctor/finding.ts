export interface Finding {
  check: string;
  /** `skip`: could not be looked at because of another finding. */
  state: "ok" | "fail" | "skip";
  says: string;
  /** What to do about it; null when nothing. */
  todo: string | null;
}

export const ok = (check: string, says: string): Finding => ({ check, state: "ok", says, todo: null });
export const fail = (check: string, says: string, todo: string): Finding => ({ check, state: "fail", says, todo });
export const skip = (check: string, says: string): Finding => ({ check, state: "skip", says, todo: null });
