/** Acme's calls, as strict as Acme. */
import { z } from "zod";
import { pageByPlace } from "#connectors/core/twin/paging.ts";
import { ok } from "#connectors/core/twin/route.ts";
import type { Call, Reply, Routes } from "#connectors/core/twin/route.ts";
import type { Row, View } from "#connectors/core/twin/table.ts";
import { BATCH_SIZE, LONGEST_VALUE, PAGE_SIZE } from "../limits.ts";
import type { AcmeAccount, Person } from "./account.ts";
import { refusal } from "./errors.ts";

export const ACCOUNT = { id: "acc_1", name: "Acme twin", mode: "test" };

const LIST_PARAMETERS = new Set(["limit", "cursor", "updated_since"]);

export function routesOf(account: AcmeAccount): Routes {
  return {
    "GET /v1/account": { handle: () => ok(ACCOUNT) },
    "GET /v1/people": {
      permission: "people:read",
      handle: (call) => listed(call, account, account.everybody, account.peopleByChange, shownPerson),
    },
    "GET /v1/orders": {
      permission: "orders:read",
      handle: (call) => listed(call, account, account.allOrders, account.ordersByChange, ({ shown }) => ({ ...shown })),
    },
    "GET /v1/fields": { permission: "people:read", handle: () => ok({ data: [...account.fields.values()] }) },
    "POST /v1/fields": { permission: "people:write", handle: (call) => createField(call, account) },
    "POST /v1/people/lookup": { permission: "people:read", handle: (call) => lookup(call, account) },
    "POST /v1/people/update": { permission: "people:write", batch: true, handle: (call) => update(call, account) },
  };
}

function shownPerson({ id, shown, deletedAt }: Person): object {
  return deletedAt === null ? { ...shown } : { id, deleted: true, deleted_at: deletedAt };
}

function listed<Item extends Row>(
  { query }: Call,
  { faults }: AcmeAccount,
  all: View<Item>,
  byChange: View<Item>,
  present: (row: Item) => object,
): Reply {
  for (const name of query.keys())
    if (!LIST_PARAMETERS.has(name)) throw refusal(400, "invalid_parameter", `There is no parameter ${name}.`);
  const asked = Number(query.get("limit") ?? "20");
  if (!Number.isInteger(asked) || asked < 1 || asked > PAGE_SIZE)
    throw refusal(400, "invalid_parameter", `A page has 1 to ${PAGE_SIZE} rows.`);
  const since = query.get("updated_since");
  const from = since === null ? undefined : Date.parse(since);
  if (Number.isNaN(from)) throw refusal(400, "invalid_parameter", "updated_since is no instant.");
  const limit = Math.min(asked, faults.shortPage);
  const page = pageByPlace(since === null ? all : byChange, { token: query.get("cursor"), from, limit });
  if (page === null) throw refusal(400, "invalid_cursor", "This cursor is none of ours.");
  return ok({ data: page.rows.map(present), next_cursor: page.next });
}

const newField = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/),
  label: z.string().min(1),
  description: z.string(),
  type: z.enum(["text", "number", "date_time", "choice"]),
  options: z.array(z.string()),
});

function createField(call: Call, account: AcmeAccount): Reply {
  const { name, label, type, options } = call.body(newField);
  if (account.fields.get(name) !== undefined) throw refusal(409, "field_exists", "There is such a field.");
  account.fields.put({ id: name, name, label, type, options, ours: true });
  return { status: 201, body: { data: [...account.fields.values()] } };
}

const ids = z.array(z.string()).min(1).max(BATCH_SIZE);

/** Whoever never existed is answered for like somebody who was deleted. */
function lookup(call: Call, account: AcmeAccount): Reply {
  const asked = call.body(z.strictObject({ ids })).ids.map((id) => ({ id, person: account.people.get(id) }));
  return ok({
    data: asked.map(({ id, person }) =>
      person === undefined || person.deletedAt !== null ? { id, deleted: true } : { id, fields: person.fields },
    ),
  });
}

const values = z.record(z.string(), z.union([z.string().max(LONGEST_VALUE), z.number(), z.null()]));
const updates = z.strictObject({
  people: z
    .array(z.strictObject({ id: z.string(), fields: values }))
    .min(1)
    .max(BATCH_SIZE),
});

function update(call: Call, account: AcmeAccount): Reply {
  const { people } = call.body(updates);
  return ok({ results: people.map(({ id, fields }) => ({ id, status: updated(account, id, fields) })) });
}

function updated(account: AcmeAccount, id: string, fields: z.infer<typeof values>): string {
  const { faults } = account;
  const person = account.people.get(id);
  if (person === undefined || person.deletedAt !== null) return "not_found";
  if (faults.entryError.has(id)) return "refused";
  if (faults.silentNoOp.has(id)) return "updated";
  for (const [name, value] of Object.entries(fields)) if (!fits(account, name, value)) return "refused";
  account.setFields(person, fields);
  return "updated";
}

function fits(account: AcmeAccount, name: string, value: string | number | null): boolean {
  const field = account.fields.get(name);
  if (field === undefined || value === null) return field !== undefined;
  if (field.type === "number") return typeof value === "number";
  if (typeof value === "number") return false;
  if (field.type === "choice") return field.options.includes(value);
  return field.type === "text" || !Number.isNaN(Date.parse(value));
}
