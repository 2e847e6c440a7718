/** Objects by id, and ids replaced by their objects where `expand` asks for it. */
import type { Account } from "./account.ts";
import type { Change } from "./journal.ts";
import type { Kind } from "./objects.ts";
import { deletedCustomer, render } from "./render.ts";
import type { Rendered } from "./render.ts";

export function objectOf(account: Account, kind: Kind, id: string): Rendered | undefined {
  if (kind === "customers" && account.deletedCustomers.has(id)) return deletedCustomer(id);
  const state = account[kind].get(id);
  // The collection of a kind holds that kind's states.
  return state === undefined ? undefined : render({ kind, state } as Change, account.livemode);
}

/** Paths come checked: `customer`, `charge`, `charge.customer`. */
export function expanded(account: Account, object: Rendered, paths: string[]): Rendered {
  let result = object;
  for (const path of paths) {
    const [name = "", ...rest] = path.split(".");
    const present = result[name];
    const inner =
      typeof present === "string" ? objectOf(account, name === "charge" ? "charges" : "customers", present) : present;
    if (typeof inner !== "object" || inner === null) continue;
    // An object in the place of an id: made by `objectOf`, hence a rendered one.
    const value = inner as Rendered;
    result = { ...result, [name]: rest.length > 0 ? expanded(account, value, [rest.join(".")]) : value };
  }
  return result;
}
