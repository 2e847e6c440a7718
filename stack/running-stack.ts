/** What the parts of `npm start` hand to each other once everything runs. */
import { z } from "zod";
import type { MasterKeys } from "#profile/store/credentials.ts";
import type { TemporalService } from "./services.ts";

/** A stand-in of a vendor, filled with the demo business. */
const twin = z.object({
  url: z.url(),
  /** Where a person can look at what is in it. */
  page: z.url(),
  /** What a sign-in asks for besides: which of the person's accounts is meant. */
  given: z.record(z.string(), z.string()),
  /** Of a connection that fits the demo's account. */
  settings: z.record(z.string(), z.unknown()),
});

/** The line the twins print when they answer (`stack/demo-shop/twins.ts --help`). */
export const twinsLine = z.object({
  /** By connector. */
  tools: z.record(z.string(), twin),
  /** What no vendor has: counts of requests, and making things happen on the vendors' side. */
  control: z.url(),
  csvFolder: z.string(),
  /** The demo business' till exports. */
  files: z.array(z.object({ path: z.string(), kind: z.enum(["people", "orders"]) })),
  /** Who is who in the demo, kept aside for grading. */
  truthFolder: z.string(),
});
export type Twins = z.infer<typeof twinsLine>;

export interface RunningStack {
  dataDir: string;
  /** As the application's role. */
  databaseUrl: string;
  /** As the schema's owner. */
  ownerUrl: string;
  temporal: TemporalService;
  consoleUrl: string;
  /** Null without the demo. */
  twins: Twins | null;
  masterKeys: MasterKeys;
}
