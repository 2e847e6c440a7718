/** The calls to Acme that we make, one function each. Where the vendor has an SDK, it is made and used here. */
import type { AccountIdentity, ConnectEnvironment, FieldDefinition } from "#connectors/core/contract.ts";
import { requestReply } from "#connectors/core/http.ts";
import type { JsonRequest } from "#connectors/core/http.ts";
import type { ListedPage } from "#connectors/core/list-then-changes.ts";
import { servedAtOf } from "#connectors/core/retry-after.ts";
import type { z } from "zod";
import { PAGE_SIZE } from "./limits.ts";
import { accountReply, fieldsReply, lookupReply, pageReply, updateReply } from "./schema.ts";
import type { Field } from "./schema.ts";
import type { Credentials, Settings } from "./settings.ts";

export type FieldValues = Record<string, string | number | null>;

export interface AcmeClient {
  readonly settings: Settings;
  now(): number;
  account(): Promise<AccountIdentity>;
  /** What changed at that time or later, epoch milliseconds; null: everything. */
  list(what: "people" | "orders", since: number | null, after: string | null): Promise<ListedPage>;
  fields(): Promise<Field[]>;
  createField(field: Pick<Field, "name" | "label" | "type" | "options">, description: string): Promise<void>;
  /** The fields of at most a batch; `deleted`: Acme says that it has them no more. */
  lookup(ids: readonly string[]): Promise<z.infer<typeof lookupReply>["data"]>;
  update(people: readonly { id: string; fields: FieldValues }[]): Promise<z.infer<typeof updateReply>["results"]>;
}

/** Our words for types, and Acme's. */
export const TYPES: Record<FieldDefinition["type"], string> = {
  text: "text",
  number: "number",
  datetime: "date_time",
  enumeration: "choice",
};

export function connect(environment: ConnectEnvironment<Settings, Credentials>): AcmeClient {
  const headers = { authorization: `Bearer ${environment.credentials.token}` };
  const ask = <Schema extends z.ZodType>(operation: string, schema: Schema, request: JsonRequest) =>
    environment.call("main", operation, async (signal) => {
      const reply = await requestReply(environment.baseUrl, { ...request, headers, signal });
      return { body: schema.parse(reply.body), servedAt: servedAtOf(reply.headers) };
    });

  return {
    settings: environment.settings,
    now: environment.now,
    async account() {
      const { body } = await ask("account", accountReply, { method: "GET", path: "/v1/account" });
      return { account: body.id, title: body.name, mode: body.mode };
    },
    async list(what, since, after) {
      const query = {
        limit: String(PAGE_SIZE),
        ...(since === null ? {} : { updated_since: new Date(since).toISOString() }),
        ...(after === null ? {} : { cursor: after }),
      };
      const { body, servedAt } = await ask(`${what}.list`, pageReply, { method: "GET", path: `/v1/${what}`, query });
      return { rows: body.data, next: body.next_cursor, servedAt };
    },
    async fields() {
      return (await ask("fields.list", fieldsReply, { method: "GET", path: "/v1/fields" })).body.data;
    },
    async createField({ name, label, type, options }, description) {
      const body = { name, label, description, type, options };
      await ask("fields.create", fieldsReply, { method: "POST", path: "/v1/fields", body });
    },
    async lookup(ids) {
      const request = { method: "POST", path: "/v1/people/lookup", body: { ids } };
      return (await ask("people.lookup", lookupReply, request)).body.data;
    },
    async update(people) {
      const request = { method: "POST", path: "/v1/people/update", body: { people } };
      return (await ask("people.update", updateReply, request)).body.results;
    },
  };
}
