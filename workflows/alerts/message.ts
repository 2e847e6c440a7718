/** What is told, whatever the way: true, without personal data, with what to do. */
import { hash } from "node:crypto";
import type { DueAlert } from "#profile/store/alerts.ts";

export interface AlertMessage {
  /** The same for each try of one message, so that a receiver can tell a repeat. */
  id: string;
  phase: DueAlert["phase"] | "test";
  kind: string;
  /** Its short name; null: it concerns the whole installation. */
  workspace: string | null;
  subject: string;
  says: string;
  /** Null: nothing, it is over. */
  todo: string | null;
  since: string;
  at: string;
}

export function messageOf(
  alert: DueAlert,
  { workspace, todo, at }: { workspace: string | null; todo: string | null; at: Date },
): AlertMessage {
  const { kind, subject, phase, says, since } = alert;
  const parts = [workspace ?? "", kind, subject, phase, since.toISOString(), phase === "still" ? at.toISOString() : ""];
  return {
    id: hash("sha256", parts.join("\n"), "hex").slice(0, 32),
    ...{ phase, kind, workspace, subject, says },
    todo: phase === "resolved" ? null : todo,
    ...{ since: since.toISOString(), at: at.toISOString() },
  };
}

export const testMessage = (at: Date): AlertMessage => ({
  id: hash("sha256", `test\n${at.toISOString()}`, "hex").slice(0, 32),
  ...{ phase: "test", kind: "test", workspace: null, subject: "test" },
  ...{ says: "This is a test: alerts of this Tributary arrive here.", todo: null },
  ...{ since: at.toISOString(), at: at.toISOString() },
});

const PHASES: Record<AlertMessage["phase"], string> = {
  opened: "",
  still: "still: ",
  resolved: "over: ",
  test: "",
};

export const titleOf = ({ phase, kind, workspace }: AlertMessage): string =>
  `Tributary${workspace === null ? "" : ` ${workspace}`}: ${PHASES[phase]}${kind.replaceAll("_", " ")}`;

export const textOf = ({ phase, says, todo, since }: AlertMessage): string =>
  [
    phase === "resolved" ? `It is over: ${says}` : says,
    ...(todo === null ? [] : [`What to do: ${todo}`]),
    ...(phase === "test" ? [] : [`Since ${since}. docs/operating.md explains each alert.`]),
  ].join("\n\n");
