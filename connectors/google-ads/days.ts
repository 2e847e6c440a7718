/** Reading account by account and day by day: what both streams have in common. */
import { z } from "zod";
import type { Reject } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { dayAfter } from "#connectors/core/figures.ts";
import { dayAt } from "#connectors/core/local-time.ts";
import type { RawPage } from "#connectors/core/stream.ts";
import { hierarchy } from "./accounts.ts";
import type { Account } from "./accounts.ts";
import type { GoogleAdsClient } from "./client.ts";

export const cursor = z.strictObject({
  /** By account: the first day that the next read begins at. */
  since: z.record(z.string(), z.iso.date()),
  /** In the middle of a read: where it goes on. */
  at: z
    .strictObject({
      account: z.string(),
      day: z.iso.date(),
      /** Google's word for the place within the day; null: its beginning. */
      page: z.string().nullable(),
    })
    .nullable(),
});
export type Cursor = z.infer<typeof cursor>;

/** Rows, and where what follows them begins. */
export interface Part extends Pick<RawPage<Cursor>, "raw" | "rejects" | "days"> {
  /** Null: the account's last day is over. */
  next: { day: string; page: string | null } | null;
}

export interface Span {
  /** Today, in the account's own time zone, by the clock that is behind. */
  today: string;
  /** Where this read begins. */
  day: string;
  page: string | null;
  root: string;
}

export interface ByDay {
  /** The first day of an account that was never read. */
  first(today: string): string;
  /** So many days before today are read again next time. */
  again: number;
  /** From a day on to today. */
  parts(client: GoogleAdsClient, account: Account, span: Span): AsyncGenerator<Part>;
}

/** The accounts are asked for anew in each read, so that one that joined is read from its own first day. */
export async function* readByDay(
  client: GoogleAdsClient,
  from: Cursor | null,
  { first, again, parts }: ByDay,
): AsyncGenerator<RawPage<Cursor>> {
  const { root, accounts, closed, servedAt } = await hierarchy(client);
  const now = Math.min(client.now(), servedAt ?? Infinity);
  const at = from?.at ?? null;
  const since = { ...from?.since };
  const waiting = accounts.filter(({ id }) => at === null || id >= at.account);
  // Said once a read, not once a page.
  let remarks = at === null ? closed.map(closedRemark) : [];
  if (waiting.length === 0) yield { raw: [], days: [], rejects: remarks, next: { since, at: null }, atEnd: true };
  for (const [index, account] of waiting.entries()) {
    const today = dayAt(now, account.timeZone);
    const begin = at?.account === account.id ? at : { day: since[account.id] ?? first(today), page: null };
    const span = { today, root: root.id, day: begin.day, page: begin.page };
    for await (const { next, rejects = [], ...part } of parts(client, account, span)) {
      if (next === null) since[account.id] = earlier(dayAfter(today, -again), today);
      const following = waiting[index + 1];
      const atEnd = next === null && following === undefined;
      yield { ...part, rejects: [...remarks, ...rejects], next: { since: { ...since }, at: placeAfter() }, atEnd };
      remarks = [];
      function placeAfter(): Cursor["at"] {
        if (next !== null) return { account: account.id, ...next };
        if (following === undefined) return null;
        const timeZone = following.timeZone;
        return { account: following.id, day: since[following.id] ?? first(dayAt(now, timeZone)), page: null };
      }
    }
  }
}

const earlier = (a: string, b: string): string => (a < b ? a : b);

function closedRemark({ id, status }: { id: string; status: string }): Reject {
  return {
    ...{ ref: `account ${id}`, kept: true, raw: { id, status } },
    reason: `The account ${id} is ${status.toLowerCase()}: Google lets nobody read it, and what was read of it before stays.`,
  };
}

/** What a query answers does not say which account it is of. */
export function ofAccount({ id, currency, timeZone }: Account, row: unknown): unknown {
  return typeof row === "object" && row !== null ? { ...row, account: id, currency, timeZone } : row;
}

const dated = z.object({ segments: z.object({ date: z.iso.date() }) });

/** @throws ConnectorError `contract` where it has none: it could belong to any day */
export function dayOf(row: unknown): string {
  const parsed = dated.safeParse(row);
  if (parsed.success) return parsed.data.segments.date;
  throw new ConnectorError("contract", "Google Ads answered with a row that names no day, so no day is whole.");
}
