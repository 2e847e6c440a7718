/** What an endpoint is. */
import type { Call } from "#connectors/core/twin/route.ts";
import type { Params } from "#connectors/core/twin/form.ts";
import type { Rendered } from "./render.ts";

export interface Asked {
  params: Params;
  /** The id in the path, empty where there is none. */
  id: string;
  call: Call;
}

export interface Endpoint {
  permission: string;
  params: readonly string[];
  /** What `expand` may name. */
  expandable?: readonly string[];
  answer(asked: Asked): Rendered;
}

/** Endpoints by method and path: `GET /v1/customers/:id`. */
export type Endpoints = Record<string, Endpoint>;
