/**
 * A stateful stand-in of a HubSpot account, over real HTTP on loopback: our written understanding of the vendor. When
 * HubSpot disagrees, this is mended first.
 */
import type { Twin, TwinOptions } from "../../core/twin.ts";
import { Account } from "./account.ts";
import { noFaults } from "./faults.ts";
import type { HubspotFaults } from "./faults.ts";
import type { ObjectType, SubscriptionStatus } from "./journal.ts";
import { valueOf } from "./object-store.ts";
import type { HubspotSeed } from "./seed.ts";
import { createTwinServer } from "./server.ts";

export interface HubspotTwinOptions extends TwinOptions {
  /** The one token the account accepts. */
  accessToken?: string;
}

type Values = Record<string, string | null>;

/** Everything besides the wire happens "at the vendor": somebody edits, deletes or merges in HubSpot itself. */
export interface HubspotTwin extends Twin<HubspotSeed> {
  readonly accessToken: string;
  readonly faults: HubspotFaults;
  /** Adds a record; answers its id. `contactIds` for companies and deals. */
  create(type: ObjectType, properties: Values, contactIds?: string[]): string;
  /** Changes properties and moves the modified date. */
  change(type: ObjectType, id: string, properties: Values): void;
  archive(type: ObjectType, id: string): void;
  restore(type: ObjectType, id: string): void;
  /** The loser is archived and its id answers with the winner. */
  merge(winner: string, loser: string): void;
  /** Sets one subscription status, as the person's preference page does. */
  setStatus(contactId: string, status: SubscriptionStatus): void;
  /** A value as it stands now; null where unset or unknown. */
  value(contactId: string, property: string): string | null;
  /** Everything of a contact that is set; null where there is no such contact. */
  properties(contactId: string): Values | null;
  contactIds(): string[];
}

const DEFAULT_ACCESS_TOKEN = "pat-twin-00000000-0000-0000-0000-000000000000";
const PORTAL_ID = 48_151_623;

export async function startHubspotTwin(options: HubspotTwinOptions = {}): Promise<HubspotTwin> {
  const faults = noFaults();
  const account = new Account(faults, options.now ?? Date.now, options.journal);
  const requests = new Map<string, number>();
  const accessToken = options.accessToken ?? DEFAULT_ACCESS_TOKEN;
  const server = createTwinServer({
    account,
    faults,
    accessToken,
    portalId: PORTAL_ID,
    requestsPerSecond: options.requestsPerSecond,
    requests,
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The twin has no port.");

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    accessToken,
    faults,
    load: (seed) => account.load(seed),
    create(type, values, contactIds = []) {
      account.replay();
      const id = account.nextId();
      account.commit([{ op: "create", type, id, at: account.now, values, contactIds }]);
      return id;
    },
    change: (type, id, values) => account.commit([{ op: "set", type, id, at: account.now, values }]),
    archive: (type, id) => account.commit([{ op: "archive", type, id, at: account.now }]),
    restore: (type, id) => account.commit([{ op: "restore", type, id, at: account.now }]),
    merge: (winner, loser) => account.commit([{ op: "merge", winner, loser, at: account.now }]),
    setStatus: (id, status) => account.commit([{ op: "status", id, at: account.now, status }]),
    value(id, property) {
      account.replay();
      const contact = account.contact(id);
      return contact === undefined ? null : valueOf("contacts", contact, property);
    },
    properties(id) {
      account.replay();
      const contact = account.contact(id);
      return contact === undefined ? null : { ...contact.properties };
    },
    contactIds() {
      account.replay();
      return [...account.stores.contacts.byId.keys()];
    },
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
      account.close();
    },
  };
}
