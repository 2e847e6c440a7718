/**
 * A stateful stand-in of an Acme account, over real HTTP on loopback: our written understanding of the vendor. When Acme
 * disagrees, this is corrected first.
 */
import { deeds } from "#connectors/core/twin/account.ts";
import { fields, listPage, markup, page } from "#connectors/core/twin/html.ts";
import { rollingWindow } from "#connectors/core/twin/limiter.ts";
import type { Paging } from "#connectors/core/twin/route.ts";
import { startTwin } from "#connectors/core/twin/twin.ts";
import type { Twin, TwinOptions } from "#connectors/core/twin/twin.ts";
import { LIMITS } from "../limits.ts";
import { accessTo } from "./access.ts";
import type { Access } from "./access.ts";
import { AcmeAccount } from "./account.ts";
import { errors } from "./errors.ts";
import { routesOf } from "./routes.ts";
import type { AcmeSeed } from "./seed.ts";

export interface AcmeTwinOptions extends TwinOptions {
  /** The token it accepts. */
  token?: string;
}

const DEEDS = ["changePerson", "addPerson", "deletePerson", "changeOrder", "addOrder"] as const;

/** Everything besides the wire happens "at the vendor". */
export interface AcmeTwin extends Twin<AcmeSeed>, Access, Pick<AcmeAccount, (typeof DEEDS)[number]> {
  readonly faults: AcmeAccount["faults"];
  /** Epoch milliseconds, by the vendor's clock. */
  now(): number;
  /** How the account holds a field of people. */
  field(name: string): { type: string; hidden: boolean };
}

const paging: Paging = {
  cursors: ["cursor"],
  rows: (body) => Object.values(body as object).find((part) => Array.isArray(part)) ?? null,
  // A cursor is opaque: written in another way it is another cursor to the same place.
  promiseMore: (body, call) => Object.assign(body as object, { next_cursor: `~${call.query.get("cursor") ?? ""}` }),
  stub: (row) => ({ id: (row as { id: string }).id, deleted: true }),
  bad: (row) => ({ id: (row as { id: string }).id, email: 7 }),
};

export async function startAcmeTwin(options: AcmeTwinOptions = {}): Promise<AcmeTwin> {
  const account = new AcmeAccount(options.now);
  const { access, definition } = accessTo(account, options.token);
  const { calls, windowMs } = LIMITS.main;
  const { requestsPerSecond } = options;
  const allowance =
    requestsPerSecond === undefined ? rollingWindow(calls, windowMs) : rollingWindow(requestsPerSecond, 1_000);
  const twin = await startTwin(
    {
      ...definition,
      title: "Acme",
      account,
      routes: routesOf(account),
      errors,
      admit() {
        if (allowance.take() === null) throw errors.throttled(undefined);
        return {};
      },
      headers: () => ({ date: new Date(account.now()).toUTCString() }),
      paging,
      pages: {
        "/people": (_, query) => peoplePage(account, query),
        "/people/:id": ({ id = "" }) => personPage(account, id),
      },
    },
    options,
  );
  return {
    ...twin,
    ...access,
    faults: account.faults,
    now: () => account.now(),
    load: (seed) => account.load(seed),
    ...deeds(account, ...DEEDS),
    field: (name) => ({ type: account.fields.get(name)?.type ?? "", hidden: false }),
  };
}

function peoplePage(account: AcmeAccount, query: URLSearchParams): string {
  const name = ({ first_name, last_name }: { first_name: string | null; last_name: string | null }) =>
    `${first_name ?? ""} ${last_name ?? ""}`.trim();
  return listPage(
    {
      ...{ vendor: "Acme", title: "People", path: "/people", heads: ["Name", "E-mail"] },
      row: ({ id, shown }) => [markup`<a href="/people/${id}">${name(shown)}</a>`, shown.email ?? ""],
      words: ({ shown }) => `${name(shown)} ${shown.email ?? ""}`,
    },
    account.everybody.slice(0, account.everybody.length),
    query,
  );
}

function personPage(account: AcmeAccount, id: string): string | null {
  const person = account.people.get(id);
  if (person === undefined || person.deletedAt !== null) return null;
  const { email, phone, marketing_email: marketing } = person.shown;
  const own = fields("Person", [
    ["E-mail", email],
    ["Phone", phone],
    ["E-mail marketing", marketing.status],
  ]);
  const ours = fields("Fields", Object.entries(person.fields), true);
  return page("Acme", person.id, markup`${own}${ours}`);
}
