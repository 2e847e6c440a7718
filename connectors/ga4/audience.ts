/**
 * Members of audiences: the one place where Google tells of single users, and only by the ids that the site itself sends. A
 * snapshot is ordered, waited for to its real end and read to its own count; one that is there already is used again.
 */
import { z } from "zod";
import { ConnectorError } from "#connectors/core/errors.ts";
import { lookUntil } from "#connectors/core/look-until.ts";
import type { CanonicalRecord, ExternalId } from "#connectors/core/records.ts";
import { defineStream } from "#connectors/core/stream.ts";
import type { RawPage } from "#connectors/core/stream.ts";
import type { Ga4Client } from "./client.ts";
import { MEMBER_DIMENSIONS } from "./client.ts";
import { TITLE } from "./errors.ts";
import { PAGE_ROWS } from "./limits.ts";
import type { AudienceExport } from "./schema.ts";
import { holdsAddress } from "./without-people.ts";

const cursor = z.strictObject({
  /** Which of the settings' audiences is being read. */
  audience: z.string(),
  /** The snapshot under way; empty: none was found or ordered yet. */
  snapshot: z.string(),
  /** Rows of it that were read. */
  offset: z.number().int().nonnegative(),
  /** When the last round over all audiences began. */
  startedAt: z.iso.datetime(),
});
type Cursor = z.infer<typeof cursor>;

const HOUR = 3_600_000;
/** A snapshot takes minutes: it is looked at a few times, and then again with the next refresh. */
const LOOK_PAUSES_MS = Array.from({ length: 5 }, () => 5_000);

const row = z.object({
  takenAt: z.iso.datetime(),
  userIdIsAccountNumber: z.boolean(),
  dimensionValues: z.tuple([
    z.object({ value: z.string().default("") }),
    z.object({ value: z.string().default("") }),
    z.object({ value: z.string().default("") }),
  ]),
});
type Row = z.infer<typeof row>;

export const audienceMembers = defineStream<Ga4Client, Row, Cursor>({
  title: "Audience members",
  kind: "person",
  // Who leaves an audience is still a customer.
  deletes: "none",
  cursor,
  row,
  read,
  idOf: (raw) => {
    const parsed = row.safeParse(raw);
    return parsed.success ? idOf(parsed.data) : null;
  },
  toRecords,
});

async function* read(client: Ga4Client, from: Cursor | null): AsyncGenerator<RawPage<Cursor>> {
  const { audiences, audienceHours } = client.settings;
  const isRecent = from !== null && client.now() < Date.parse(from.startedAt) + audienceHours * HOUR;
  // A snapshot that takes longer than it is good for is given up.
  const isUnderWay = isRecent && from.audience !== "" && audiences.includes(from.audience);
  if (isRecent && !isUnderWay) {
    yield { raw: [], next: from, atEnd: true };
    return;
  }
  const startedAt = isUnderWay ? from.startedAt : new Date(client.now()).toISOString();
  const done: Cursor = { audience: "", snapshot: "", offset: 0, startedAt };
  const rest = isUnderWay ? audiences.slice(audiences.indexOf(from.audience)) : audiences;
  if (rest.length === 0) yield { raw: [], next: done, atEnd: true };
  for (const [at, audience] of rest.entries()) {
    const place = isUnderWay && at === 0 ? from : { audience, snapshot: "", offset: 0, startedAt };
    const following = rest[at + 1];
    const after: Cursor = following === undefined ? done : { audience: following, snapshot: "", offset: 0, startedAt };
    const snapshot = await finished(client, audience, place, startedAt);
    if (snapshot.state === "ACTIVE") yield* membersOf(client, snapshot, place, after);
    else if (snapshot.state !== "FAILED") {
      // Google is at work, or says what we do not know: the next refresh looks again.
      yield { raw: [], next: { ...place, snapshot: snapshot.name }, atEnd: true };
      return;
    } else {
      const reason = `Google could not make the snapshot of audience ${audience}; the next one is ordered in ${audienceHours} hours.`;
      const rejects = [
        { ref: `audience ${audience}`, id: `audience ${audience}`, reason, kept: true as const, raw: null },
      ];
      yield { raw: [], rejects, next: after, atEnd: following === undefined };
    }
  }
}

/** The snapshot as it stands after some patience: one of this round, or one that somebody had made not long before. */
async function finished(
  client: Ga4Client,
  audience: string,
  place: Cursor,
  startedAt: string,
): Promise<AudienceExport> {
  const name = place.snapshot === "" ? await found(client, audience, startedAt) : place.snapshot;
  const look = () =>
    client.exportOf(name).catch((error: unknown) => {
      if (place.snapshot !== "" && error instanceof ConnectorError && error.details.status === 404)
        throw new ConnectorError("cursor_expired", `${TITLE} no longer has the snapshot that was being read.`);
      throw error;
    });
  return lookUntil(look, ({ state }) => state === "ACTIVE" || state === "FAILED", LOOK_PAUSES_MS, client.pause);
}

async function found(client: Ga4Client, audience: string, startedAt: string): Promise<string> {
  const wanted = `${client.property}/audiences/${audience}`;
  const since = Date.parse(startedAt) - client.settings.audienceHours * HOUR;
  const usable = (await client.exports())
    .filter(
      ({ name, audience: of, state, dimensions, beginCreatingTime = "" }) =>
        of === wanted &&
        name.startsWith(`${client.property}/audienceExports/`) &&
        (state === "ACTIVE" || state === "CREATING") &&
        dimensions.map(({ dimensionName }) => dimensionName).join() === MEMBER_DIMENSIONS.join() &&
        Date.parse(beginCreatingTime) > since,
    )
    .toSorted((a, b) => Date.parse(b.beginCreatingTime ?? "") - Date.parse(a.beginCreatingTime ?? ""));
  const [newest] = usable;
  if (newest !== undefined) return newest.name;
  const { name } = await client.createExport(audience);
  // The operation's name is that of the export, with its own beneath.
  const [, made = ""] = /^(properties\/\d+\/audienceExports\/[\w-]+)/.exec(name) ?? [];
  if (!made.startsWith(`${client.property}/`))
    throw new ConnectorError("contract", `${TITLE} did not say which snapshot it is making.`);
  return made;
}

async function* membersOf(
  client: Ga4Client,
  snapshot: AudienceExport,
  place: Cursor,
  after: Cursor,
): AsyncGenerator<RawPage<Cursor>> {
  const { userIdIsAccountNumber } = client.settings;
  const takenAt = new Date(Date.parse(snapshot.beginCreatingTime ?? place.startedAt)).toISOString();
  const isLast = after.audience === "";
  const seen = new Set<string>();
  let { offset } = place;
  for (let expected = snapshot.rowCount; ;) {
    const { audienceRows, rowCount } = await client.members(snapshot.name, offset, PAGE_ROWS);
    // What is snapped does not change.
    if (expected !== rowCount && snapshot.rowCount !== 0)
      throw new ConnectorError("transient", `${TITLE} changed the count of a finished snapshot.`);
    expected = rowCount;
    if (audienceRows.length === 0 && offset < expected)
      throw new ConnectorError("transient", `${TITLE} stopped before the snapshot's own count of users was reached.`);
    const page = JSON.stringify(audienceRows);
    if (audienceRows.length > 0 && seen.has(page))
      throw new ConnectorError("contract", `${TITLE} gave the same users on several pages, so others are missing.`);
    seen.add(page);
    offset += audienceRows.length;
    if (offset > expected) throw new ConnectorError("contract", `${TITLE} gave more users than the snapshot holds.`);
    const ended = offset >= expected;
    const known = audienceRows.filter((one) => namesUser(one));
    yield {
      raw: known.map((one) => ({ ...Object(one), takenAt, userIdIsAccountNumber })),
      next: ended ? after : { ...place, snapshot: snapshot.name, offset },
      atEnd: ended && isLast,
    };
    if (ended) return;
  }
}

/** What Google writes where there is none. */
const NOTHING = new Set(["", "(not set)", "(other)"]);
const idIn = (text: string): string | null => (NOTHING.has(text.trim()) ? null : text.trim());

/** Devices of which the site told no user are nobody we could know, and stay with Google. What cannot be read is looked at. */
function namesUser(raw: unknown): boolean {
  const values = z.object({ dimensionValues: row.shape.dimensionValues }).safeParse(raw);
  return !values.success || idIn(values.data.dimensionValues[1].value) !== null;
}

const idOf = ({ dimensionValues: [device, user] }: Row): string | null => {
  const id = `${user.value.trim()} ${device.value.trim()}`.trim();
  return holdsAddress(id) || id.length > 255 ? null : id;
};

/** Pure. One record a user and device, joined by the user id they share. */
function toRecords(one: Row): CanonicalRecord[] {
  const [device, user, ads] = one.dimensionValues.map(({ value }) => value);
  const [clientId, userId] = [idIn(device ?? ""), idIn(user ?? "")];
  const id = idOf(one);
  if (userId === null) throw new Error("the row names no user");
  if (id === null)
    throw new Error("the user id holds an e-mail address, which Google forbids: the site must send another id");
  const scope = one.userIdIsAccountNumber ? "workspace" : "connection";
  const externalIds: ExternalId[] = [
    { kind: "account_id", value: userId, scope },
    ...(clientId === null ? [] : [{ kind: "client_id", value: clientId, scope: "workspace" } as const]),
  ];
  const base = { id, updatedAt: one.takenAt, deleted: false };
  return [
    {
      ...{ ...base, kind: "person", createdAt: null, emails: [], phones: [], firstName: null, lastName: null },
      ...{ company: null, country: null, postcode: null, city: null, externalIds, mergedInto: null },
    },
    ...(ads === "false" ? [noAds(id, base)] : []),
  ];
}

/** Only a no is repeated: that Google would allow it is nobody's yes. */
function noAds(id: string, base: { id: string; updatedAt: string; deleted: boolean }): CanonicalRecord {
  return {
    ...{ ...base, kind: "consent", id: `${id} ads`.slice(0, 255), person: { stream: "audience_members", id } },
    ...{ address: null, channel: "ads", purpose: "ad_audience", state: "denied", basis: "none", explicit: false },
    // The snapshot says that it is so, not since when.
    ...{ effectiveAt: null, expiresAt: null },
    proof: "Google Analytics does not allow personalised advertising for this user (audience export)",
  };
}
