import { userInfo } from "node:os";
import { globals } from "./context.ts";

/** Who is acting, for the audit log. */
export const actor = (): string => `${globals.by ?? userName()} (command line)`;

/** A container may run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
