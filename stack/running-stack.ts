/** What the parts of `npm start` hand to each other once everything runs. */
import { z } from "zod";
import type { Environment } from "#config.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";

/** The line the twins print when they answer (`stack/twins.ts --help`). */
export const twinsLine = z.object({
  hubspot: z.url(),
  stripe: z.url(),
  /** What no vendor has: counts of requests, and making things happen on the vendors' side. */
  control: z.url(),
  csvFolder: z.string(),
  /** The demo business' till exports. */
  files: z.array(z.object({ path: z.string(), kind: z.enum(["people", "orders"]) })),
  /** Who is who in the demo, kept aside for grading. */
  truthFolder: z.string(),
  /** Settings of the HubSpot connection that fit the demo's account. */
  hubspotSettings: z.record(z.string(), z.unknown()),
});

/** The twins and which of them to use; `hubspot` or `stripe` is null where the vendor itself is used. */
export type Twins = Omit<z.infer<typeof twinsLine>, "hubspot" | "stripe"> & {
  hubspot: string | null;
  stripe: string | null;
};

export interface RunningStack {
  dataDir: string;
  /** As the application's role. */
  databaseUrl: string;
  /** As the schema's owner. */
  ownerUrl: string;
  temporal: { address: string; namespace: string; uiUrl: string | null };
  consoleUrl: string;
  /** Null when both vendors themselves are used: then nothing of the demo runs. */
  twins: Twins | null;
  masterKeys: MasterKeys;
  /** Vendor credentials among others. */
  environment: Environment;
}
