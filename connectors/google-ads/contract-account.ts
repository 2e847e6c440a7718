/** A Google Ads account for the contract suite: each figure and click of a campaign of its own. */
import type { ContractAccount } from "#connectors/core/contract-suite/account.ts";
import { hostTwin } from "#connectors/core/contract-suite/twin-host.ts";
import { figureId } from "#connectors/core/figures.ts";
import { ADS_SCOPE } from "./auth.ts";
import { campaignSeed, clickSeed, dayBefore, figureSeed, seedOf } from "./fixtures.ts";
import { startGoogleAdsTwin } from "./twin/index.ts";
import type { ClickSeed, FigureSeed, GoogleAdsSeed } from "./twin/seed.ts";

const ADDED = 900_000;
/** Days before today that are read at first; figures stand on the last one that is over, clicks on this one and today. */
const BACK = 20;

type Stream = "spend" | "clicks";
const dayOf = (stream: Stream, now: number, index: number) => dayBefore(now, stream === "spend" ? 1 : index % 2);
const idOf = (stream: Stream, index: number) =>
  stream === "spend" ? figureId({ campaign_id: campaignSeed(index).id }) : (clickSeed(index, "").gclid ?? "");

export async function startContractAccount(size: number, now: () => number): Promise<ContractAccount> {
  const begun = now();
  const seed = filled(size, begun);
  const host = await hostTwin(now, async (options) => {
    const twin = await startGoogleAdsTwin(options);
    twin.load(seed);
    return twin;
  });
  const figure = (index: number, fields: Partial<FigureSeed> = {}) =>
    figureSeed(index, dayOf("spend", begun, index), fields);
  return host.account({
    settings: { backfillDays: BACK, clickDays: 4 },
    credentials: { key: host.twin.accessToken },
    idOf: (stream, index) => idOf(streamOf(stream), index),
    async change(stream, index) {
      if (streamOf(stream) === "spend") host.twin.setFigure(figure(index, { costMicros: 77 }));
      // A click never changes; what its campaign is called does.
      else host.twin.renameCampaign(campaignSeed(index).id, `Renamed ${index}`);
    },
    async add(stream) {
      host.twin.addCampaign(campaignSeed(ADDED));
      if (streamOf(stream) === "spend") host.twin.setFigure(figure(ADDED));
      else host.twin.addClick(clickSeed(ADDED, dayOf("clicks", begun, ADDED)));
      return idOf(streamOf(stream), ADDED);
    },
    remove: async (_, index) => host.twin.dropFigure(figure(index)),
    load(stream, row) {
      if (streamOf(stream) === "spend") loadOne({ figures: [row as FigureSeed] });
      else loadOne({ clicks: [row as ClickSeed] });
      function loadOne(parts: Partial<GoogleAdsSeed>): void {
        const named = [...(parts.figures ?? []), ...(parts.clicks ?? [])].map(({ campaign }) => campaign);
        host.twin.load(seedOf({ ...parts, campaigns: named.map((id) => campaignSeed(0, { id, name: "Brand" })) }));
      }
    },
    vendor: { permissionOf: () => ADS_SCOPE },
  });
}

function streamOf(name: string): Stream {
  if (name === "spend" || name === "clicks") return name;
  throw new Error(`Google Ads has no stream ${name}.`);
}

function filled(size: number, now: number): GoogleAdsSeed {
  const indexes = Array.from({ length: size }, (_, index) => index);
  return seedOf({
    campaigns: indexes.map((index) => campaignSeed(index)),
    figures: indexes.map((index) => figureSeed(index, dayOf("spend", now, index))),
    clicks: indexes.map((index) => clickSeed(index, dayOf("clicks", now, index))),
  });
}
