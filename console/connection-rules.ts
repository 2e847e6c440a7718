/** What may be connected beside what: the rules that keep one business' accounts apart and its customers real. */
import type { AccountIdentity, Connector } from "#connectors/core/contract.ts";
import { isLoopback } from "#connectors/core/loopback.ts";
import { workspaceIdOf, type WorkspaceId } from "#profile/ids.ts";
import type { Connection } from "#profile/store/connections.ts";
import { Refusal } from "./refusal.ts";
import { DEMO_WORKSPACE } from "./workspaces.ts";

/** The name of a tool's first account; the second needs one of its own. */
export const FIRST_NAME = "main";

/** @param of the connection it is for; the shop's own stand-ins are no real customers' */
export function refuseDemo(workspaceId: WorkspaceId, of: Pick<Connection, "baseUrl"> | null = null): void {
  if (workspaceId !== workspaceIdOf(DEMO_WORKSPACE)) return;
  if (of?.baseUrl != null && isLoopback(new URL(of.baseUrl).hostname)) return;
  throw new Refusal(
    "This workspace is the fictitious shop's, and real customers must not be merged with it: make your own with `tributary workspace create`.",
    "state",
  );
}

export function freeName(connector: Connector, given: string | undefined, all: readonly Connection[]): string {
  const name = given ?? FIRST_NAME;
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,59}$/u.test(name))
    throw new Refusal("A connection's name can have up to 60 letters, digits, spaces, dots and hyphens.", "words");
  const ofTool = all.filter((each) => each.connector === connector.id && each.status !== "disconnected");
  const taken = ofTool.find((each) => each.name === name) ?? (given === undefined ? ofTool[0] : undefined);
  if (taken === undefined) return name;
  const account = taken.externalAccount === null ? "" : ` (account ${taken.externalAccount})`;
  throw new Refusal(
    `${connector.title} is connected already as "${taken.name}"${account}. For another account give it a name of its own: ` +
      `\`tributary connect ${connector.id} --name NAME\`. For new credentials for the same account: \`tributary reconnect ${connector.id}\`.`,
    "state",
  );
}

export function refuseOtherAccount(
  { id, title }: Connector,
  { name, externalAccount }: Connection,
  now: AccountIdentity,
) {
  if (externalAccount === null || externalAccount === now.account) return;
  throw new Refusal(
    `These credentials belong to another account (${now.account}): "${name}" was made with ${title} account ${externalAccount}, ` +
      "and its records, reading positions and plans belong to that one. " +
      `Connect the other account beside it: \`tributary connect ${id} --name NAME\`.`,
    "state",
  );
}

export function refuseSameAccount(
  { id, title }: Connector,
  name: string,
  now: AccountIdentity,
  all: readonly Connection[],
) {
  const same = all.find((each) => each.connector === id && each.name !== name && each.externalAccount === now.account);
  if (same === undefined) return;
  const again =
    same.status === "disconnected"
      ? `It is disconnected: \`tributary connect ${id} --name "${same.name}"\` connects it again.`
      : `For new credentials: \`tributary reconnect ${id} --name "${same.name}"\`.`;
  throw new Refusal(
    `This ${title} account (${now.account}) belongs to the connection "${same.name}". ${again}`,
    "state",
  );
}

/** A host of the operator's own is a stand-in: whatever it says, no real customers live there. */
export function modeOf(identity: AccountIdentity, baseUrl: string | null): Connection["mode"] {
  return baseUrl === null ? (identity.mode ?? null) : "test";
}

/** Made-up customers merged into real ones could not be told apart again. */
export function refuseMixing(
  connector: Connector,
  mode: Connection["mode"],
  name: string,
  all: readonly Connection[],
): void {
  const other = all.find(
    (each) =>
      !(each.connector === connector.id && each.name === name) &&
      each.status !== "disconnected" &&
      each.mode !== null &&
      mode !== null &&
      each.mode !== mode,
  );
  if (other === undefined) return;
  const words = (what: Connection["mode"]) => (what === "live" ? "a live account" : "a test account or stand-in");
  throw new Refusal(
    `This is ${words(mode)}, and "${other.name}" (${other.connector}) of this workspace is ${words(other.mode)}: ` +
      "made-up customers would be merged with real ones. Make a workspace of its own: `tributary workspace create`.",
    "state",
  );
}

export function checkedSettings(connector: Connector, settings: Record<string, unknown>): Record<string, unknown> {
  try {
    connector.parseSettings(settings);
    return settings;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal(`${connector.title} cannot be set up like that: ${why}`, "words", { cause: error });
  }
}

export function checkedUrl({ title }: Connector, text: string | null): string | null {
  if (text === null) return null;
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new Refusal("--base-url must be an address such as https://host:port, without user or query.", "words");
  // Credentials would cross the network in the clear.
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname)))
    throw new Refusal(
      `--base-url must begin with https:// (http:// only for this machine): ${title}'s credentials go there.`,
      "words",
    );
  return url.href.replace(/\/$/, "");
}
