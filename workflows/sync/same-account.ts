import type { OpenConnection } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { Connection } from "#profile/store/connections.ts";

/**
 * Before a full read: another account's list would look like everything deleted, and bring strangers in besides.
 *
 * @throws ConnectorError `auth` when the credentials are not of the account, or of the mode, the connection was made with
 */
export async function refuseOtherAccount(
  known: Pick<Connection, "externalAccount" | "mode" | "baseUrl">,
  connection: Pick<OpenConnection, "check">,
): Promise<void> {
  if (known.externalAccount === null) return;
  const { account, mode = null } = await connection.check();
  const what =
    account !== known.externalAccount
      ? "to another account than"
      : // A stand-in counts as a test whatever the account it plays.
        known.baseUrl === null && mode !== null && known.mode !== null && mode !== known.mode
        ? `to ${mode} data and not to the ${known.mode} data that`
        : null;
  if (what === null) return;
  throw new ConnectorError(
    "auth",
    `The credentials belong ${what} this connection was made with, so nothing was read. Reconnect it with the right ones, or connect the other account beside it.`,
  );
}

/** Streams that begin together are told once: some vendors answer this question every few seconds only. */
const GOOD_FOR_MS = 30_000;

type Asked = { until: number; answer: ReturnType<OpenConnection["check"]> };

/** The vendor's word on whose account it is, shared by whoever asks about one connection within a while; a refusal is not. */
export function createAccountQuestion(now: () => number) {
  const asked = new Map<string, Asked>();
  return (connectionId: string, connection: Pick<OpenConnection, "check">): Pick<OpenConnection, "check"> => ({
    check() {
      for (const [id, { until }] of asked) if (until <= now()) asked.delete(id);
      const known = asked.get(connectionId);
      if (known !== undefined) return known.answer;
      const answer = connection.check().catch((error: unknown) => {
        asked.delete(connectionId);
        throw error;
      });
      asked.set(connectionId, { until: now() + GOOD_FOR_MS, answer });
      return answer;
    },
  });
}
