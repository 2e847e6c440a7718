/** What every endpoint has in common: its parameters, what `expand` may name, and the failures that only writes have. */
import { strikes } from "#connectors/core/twin/faults.ts";
import { KeptFailure } from "#connectors/core/twin/idempotency.ts";
import { ok } from "#connectors/core/twin/route.ts";
import type { Call, Route, Routes } from "#connectors/core/twin/route.ts";
import type { StripeAccount } from "./account.ts";
import type { Endpoint } from "./endpoint.ts";
import { SERVER_ERROR, lockTimeout, stripeError } from "./errors.ts";
import { parseForm } from "#connectors/core/twin/form.ts";
import { expandParam, rejectUnknown } from "./params.ts";
import { readEndpoints } from "./reads.ts";
import type { Rendered } from "./render.ts";
import { writeEndpoints } from "./writes.ts";

/** @param accountOf whose credentials a request carries */
export function routesOf(account: StripeAccount, accountOf: (call: Call) => string): Routes {
  const endpoints = { ...readEndpoints(account, accountOf), ...writeEndpoints(account) };
  return Object.fromEntries(
    Object.entries(endpoints).map(([operation, endpoint]) => [
      operation,
      routeOf(account, endpoint, !operation.startsWith("GET ")),
    ]),
  );
}

function routeOf(account: StripeAccount, endpoint: Endpoint, writes: boolean): Route {
  const { permission, params: known, expandable = [], answer } = endpoint;
  const { faults } = account;
  const failure = () => new KeptFailure(500, SERVER_ERROR, { error: { type: "api_error", message: SERVER_ERROR } });
  return {
    permission,
    idempotent: writes,
    handle(call) {
      const params = parseForm(call.method === "POST" ? call.text : call.query, (param) =>
        stripeError(400, "Invalid parameter name.", { param }),
      );
      rejectUnknown(params, [...known, "expand"]);
      const paths = expandParam(params, expandable);
      if (writes && strikes(faults, "lockTimeoutNext")) throw lockTimeout();
      if (writes && strikes(faults, "failAndKeepNext")) throw failure();
      const body = answer({ params, id: call.params.id ?? "", call });
      if (writes && strikes(faults, "failAfterWriteNext")) throw failure();
      return ok(Array.isArray(body.data) ? expandedList(account, body, paths) : expanded(account, body, paths));
    },
  };
}

function expandedList(account: StripeAccount, list: Rendered, paths: string[]): Rendered {
  if (paths.length === 0) return list;
  const inside = paths.map((path) => path.slice("data.".length));
  return { ...list, data: (list.data as Rendered[]).map((row) => expanded(account, row, inside)) };
}

/** Ids replaced by their objects. Paths come checked: `customer`, `charge`, `charge.customer`. */
function expanded(account: StripeAccount, object: Rendered, paths: string[]): Rendered {
  let result = object;
  for (const path of paths) {
    const [name = "", ...rest] = path.split(".");
    const present = result[name];
    const inner =
      typeof present === "string" ? account.shown(name === "charge" ? "charges" : "customers", present) : present;
    if (typeof inner !== "object" || inner === null) continue;
    // An object in the place of an id: made by `shown`, hence a rendered one.
    const value = inner as Rendered;
    result = { ...result, [name]: rest.length > 0 ? expanded(account, value, [rest.join(".")]) : value };
  }
  return result;
}
