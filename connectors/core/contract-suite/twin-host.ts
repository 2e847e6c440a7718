/** What every contract account needs around its twin: a history in a folder of its own, restarts, and no throttling. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Faults } from "../twin/faults.ts";
import type { Twin, TwinOptions } from "../twin/twin.ts";
import type { ContractAccount, ContractVendor } from "./account.ts";

/** High enough that only the switches throttle; a vendor's own figures are tested with its twin. */
const UNTHROTTLED = 100_000;

type HostedTwin = Omit<Twin<never>, "load"> & { readonly faults: Faults };

/** What only the twin's author knows of the account. */
export interface Hands extends Omit<ContractAccount, "settings" | "baseUrl" | "now" | "vendor" | "close"> {
  /** None unless given. */
  settings?: unknown;
  vendor: Pick<ContractVendor, "permissionOf" | "permissionToWrite" | "fieldOf">;
}

export interface TwinHost<Hosted extends HostedTwin> {
  /** The running one: another one after each restart. */
  readonly twin: Hosted;
  account(hands: Hands): ContractAccount;
}

/** @param start starts the twin with these options and loads its seed; asked again at each restart */
export async function hostTwin<Hosted extends HostedTwin>(
  now: () => number,
  start: (options: Required<Pick<TwinOptions, "journal" | "now" | "requestsPerSecond">>) => Promise<Hosted>,
): Promise<TwinHost<Hosted>> {
  const folder = mkdtempSync(join(tmpdir(), "tributary-contract-"));
  const options = { journal: join(folder, "twin.jsonl"), now, requestsPerSecond: UNTHROTTLED };
  let twin = await start(options);
  const vendorOf = (hands: Hands["vendor"]): ContractVendor => ({
    ...hands,
    get requests() {
      return twin.requests;
    },
    get answers() {
      return twin.answers;
    },
    get missingRoutes() {
      return twin.missingRoutes;
    },
    get said() {
      return twin.said;
    },
    get idempotencyKeys() {
      return twin.idempotencyKeys;
    },
    get faults() {
      return twin.faults;
    },
    async restart() {
      await twin.close();
      twin = await start(options);
    },
  });
  return {
    get twin() {
      return twin;
    },
    account: ({ vendor, ...hands }) => ({
      settings: {},
      ...hands,
      now,
      get baseUrl() {
        return twin.url;
      },
      vendor: vendorOf(vendor),
      async close() {
        try {
          await twin.close();
        } finally {
          rmSync(folder, { recursive: true });
        }
      },
    }),
  };
}
