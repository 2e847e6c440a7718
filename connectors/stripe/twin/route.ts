/** What an endpoint is. */
import type { Account, RequestFacts } from "./account.ts";
import type { StripeFaults } from "./faults.ts";
import type { Params } from "./form.ts";
import type { Change } from "./journal.ts";
import type { Rendered } from "./render.ts";

export interface Context {
  account: Account;
  faults: StripeFaults;
  params: Params;
  /** The id in the path, empty where there is none. */
  id: string;
  request: RequestFacts;
}

interface Route {
  /** `GET /v1/customers/:id` */
  operation: string;
  permission: string;
  params: readonly string[];
  /** What `expand` may name. */
  expandable: readonly string[];
}

export interface ReadRoute extends Route {
  read(context: Context): Rendered;
}

export interface WriteRoute extends Route {
  write(context: Context): Change;
}
