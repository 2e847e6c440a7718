/** A property for the contract suite, every report of it with so many rows on the last day that is over. */
import type { ContractAccount } from "#connectors/core/contract-suite/account.ts";
import { hostTwin } from "#connectors/core/contract-suite/twin-host.ts";
import { figureId } from "#connectors/core/figures.ts";
import { hitsOn } from "./fixtures.ts";
import { REPORTS } from "./reports.ts";
import type { Report } from "./reports.ts";
import type { Hits } from "./twin/account.ts";
import { startGa4Twin } from "./twin/index.ts";

export const STREAMS = Object.keys(REPORTS);

const ADDED = 900_000;
/** By our name of a dimension. */
const VALUES: Record<string, (hits: Hits) => string> = {
  channel: ({ channel }) => channel,
  source: ({ source }) => source,
  medium: ({ medium }) => medium,
  campaign: ({ campaign }) => campaign,
  landing_page: ({ landingPage }) => landingPage,
  event: ({ event }) => event,
};

/** A noon, so that no test meets a midnight that it did not ask for. */
export const NOON = Date.parse("2026-11-15T12:00:00Z");
export const YESTERDAY = "2026-11-14";

export async function startContractAccount(size: number, real: () => number): Promise<ContractAccount> {
  const begun = real();
  const now = () => NOON + real() - begun;
  const day = YESTERDAY;
  const seed = () => ({ hits: Array.from({ length: size }, (_, n) => hitsOn(day, n)), members: [] });
  const host = await hostTwin(now, async (options) => {
    const twin = await startGa4Twin(options);
    twin.load(seed());
    return twin;
  });
  const idOf = (stream: string, index: number): string => {
    const report = (REPORTS as Record<string, Report>)[stream];
    const hits = hitsOn(day, index);
    return figureId(
      Object.fromEntries(Object.values(report?.dimensions ?? {}).map((name) => [name, VALUES[name]?.(hits) ?? ""])),
    );
  };
  return host.account({
    settings: { backfillDays: 3 },
    credentials: { propertyId: host.twin.property.id, key: host.twin.accessToken },
    idOf,
    change: async (_, index) => host.twin.recordMore(hitsOn(day, index).id),
    async add(stream) {
      host.twin.record(hitsOn(day, ADDED));
      return idOf(stream, ADDED);
    },
    remove: async (_, index) => host.twin.takeBack(hitsOn(day, index).id),
    load: (_, row) => host.twin.load({ hits: [row as Hits], members: [] }),
    vendor: { permissionOf: () => "analytics.readonly" },
  });
}
