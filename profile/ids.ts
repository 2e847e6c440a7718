/**
 * Ids that are pure functions of what they name, so that the same records in any order, on any machine, after any
 * crash, get the same ids. They are RFC 9562 version 8 UUIDs: the first 16 bytes of a SHA-256 with version and variant set.
 */
import { hash } from "node:crypto";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type InstallationId = Branded<"InstallationId">;
export type WorkspaceId = Branded<"WorkspaceId">;
export type ConnectionId = Branded<"ConnectionId">;
export type RecordId = Branded<"RecordId">;
export type ProfileId = Branded<"ProfileId">;
export type PlanId = Branded<"PlanId">;
export type RunId = Branded<"RunId">;

/** Hashes the parts in order; a separator that cannot occur in ids keeps ("a", "bc") apart from ("ab", "c"). */
export function uuidOf(...parts: string[]): string {
  const hex = hash("sha256", parts.join("\u0000"), "hex");
  // Two bits of the variant, the others stay.
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0b11) | 0b1000).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const workspaceIdOf = (slug: string) => uuidOf("workspace", slug) as WorkspaceId;

/** `name` tells two connections of one connector in one workspace apart. */
export const connectionIdOf = (workspace: WorkspaceId, connector: string, name: string) =>
  uuidOf("connection", workspace, connector, name) as ConnectionId;

export const recordIdOf = (connection: ConnectionId, stream: string, vendorId: string) =>
  uuidOf("record", connection, stream, vendorId) as RecordId;

/** A run is named after the workflow run that makes it. */
export const runIdOf = (workspace: WorkspaceId, workflowRunId: string) =>
  uuidOf("run", workspace, workflowRunId) as RunId;

/** A profile is named after its oldest record. */
export const profileIdOf = (anchor: RecordId) => uuidOf("profile", anchor) as ProfileId;

/** A normalised identifier value, whatever its length. A merge at the source names a record: its id will do. */
export const valueIdOf = (kind: string, value: string): string =>
  kind === "merged_into" ? value : uuidOf("value", kind, value);
