/** Audience exports: ordered, made in time, queried page by page. */
import { z } from "zod";
import type { Call, Reply } from "#connectors/core/twin/route.ts";
import { ok } from "#connectors/core/twin/route.ts";
import { strikes } from "#connectors/core/twin/faults.ts";
import type { Ga4Account, Snapshot } from "./account.ts";
import { googleError, invalid, notFound } from "./errors.ts";

const KNOWN = new Set(["deviceId", "userId", "isAdsPersonalizationAllowed", "isLimitedAdTracking"]);

const order = z.strictObject({
  audience: z.string(),
  dimensions: z.array(z.strictObject({ dimensionName: z.string() })).min(1),
});
const page = z.strictObject({
  offset: z.string().regex(/^\d+$/).default("0"),
  limit: z.string().regex(/^\d+$/).default("10000"),
});

export function createExport(account: Ga4Account, call: Call): Reply {
  const { audience, dimensions } = call.body(order);
  const prefix = `properties/${account.property.id}/audiences/`;
  if (!audience.startsWith(prefix)) throw invalid(`Audience ${audience} is not of this property.`);
  const names = dimensions.map(({ dimensionName }) => dimensionName);
  const unknown = names.find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw invalid(`Field ${unknown} is not a valid audience dimension.`);
  const members = [...account.members.values()].filter((one) => prefix + one.audience === audience && !one.left);
  if (![...account.members.values()].some((one) => prefix + one.audience === audience))
    throw notFound(`Audience ${audience}`);
  account.spend(50);
  const snapshot: Snapshot = {
    ...{ id: String(account.next("exports")), audience, dimensions: names, beganAt: account.now() },
    ...{ failed: strikes(account.faults, "failExports"), members },
  };
  account.snapshots.put(snapshot);
  const name = nameOf(account, snapshot);
  return ok({
    name: `${name}/operations/1`,
    metadata: { "@type": "type.googleapis.com/google.analytics.data.v1beta.AudienceExportMetadata" },
    done: false,
  });
}

export function listExports(account: Ga4Account, call: Call): Reply {
  const all = [...account.snapshots.values()];
  const size = Math.min(Number(call.query.get("pageSize") ?? "200"), 1_000);
  const token = call.query.get("pageToken");
  const at = token === null ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isSafeInteger(at) || at < 0 || !(size > 0)) throw invalid("The page token is not valid.");
  const shown = all.slice(at, at + size);
  return ok({
    ...(shown.length === 0 ? {} : { audienceExports: shown.map((one) => described(account, one)) }),
    ...(at + size < all.length ? { nextPageToken: Buffer.from(String(at + size)).toString("base64url") } : {}),
  });
}

export function getExport(account: Ga4Account, id: string): Reply {
  return ok(described(account, snapshotOf(account, id)));
}

export function queryExport(account: Ga4Account, id: string, call: Call): Reply {
  const snapshot = snapshotOf(account, id);
  const { offset, limit } = call.body(page);
  if (account.stateOf(snapshot) !== "ACTIVE")
    throw googleError(400, "FAILED_PRECONDITION", `The audience export ${id} is not in the ACTIVE state.`);
  account.spend(5);
  const from = account.faults.stuckCursor ? 0 : Number(offset);
  const rows = snapshot.members.slice(from, from + Math.min(Number(limit), account.faults.shortPage));
  return ok({
    audienceExport: described(account, snapshot),
    ...(rows.length === 0
      ? {}
      : {
          audienceRows: rows.map((member) => ({
            dimensionValues: snapshot.dimensions.map((name) => ({ value: valueOf(name, member) })),
          })),
        }),
    ...(snapshot.members.length === 0 ? {} : { rowCount: snapshot.members.length }),
  });
}

function valueOf(name: string, { deviceId, userId, adsAllowed }: Snapshot["members"][number]): string {
  if (name === "deviceId") return deviceId;
  if (name === "userId") return userId === "" ? "(not set)" : userId;
  return String(adsAllowed);
}

function snapshotOf(account: Ga4Account, id: string): Snapshot {
  const found = account.snapshots.get(id);
  if (found === undefined) throw notFound(`Audience export ${id}`);
  return found;
}

const nameOf = ({ property }: Ga4Account, { id }: Snapshot): string =>
  `properties/${property.id}/audienceExports/${id}`;

function described(account: Ga4Account, snapshot: Snapshot): object {
  const state = account.stateOf(snapshot);
  return {
    ...{ name: nameOf(account, snapshot), audience: snapshot.audience, audienceDisplayName: "Members", state },
    dimensions: snapshot.dimensions.map((dimensionName) => ({ dimensionName })),
    ...{ beginCreatingTime: new Date(snapshot.beganAt).toISOString(), creationQuotaTokensCharged: 50 },
    ...(state === "CREATING" ? { percentageCompleted: 40 } : { percentageCompleted: 100 }),
    ...(state === "ACTIVE" ? { rowCount: snapshot.members.length } : {}),
    ...(state === "FAILED" ? { errorMessage: "Quota exhausted while creating the audience export." } : {}),
  };
}
