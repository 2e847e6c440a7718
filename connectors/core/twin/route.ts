/** What a vendor's twin declares. */
import type { z } from "zod";
import type { TwinAccount } from "./account.ts";
import type { Faults } from "./faults.ts";
import type { VendorErrors } from "./vendor-error.ts";

/** One request, as a route sees it. */
export interface Call {
  method: string;
  path: string;
  /** The route as declared: `GET /v1/customers/:id`. */
  operation: string;
  params: Record<string, string>;
  query: URLSearchParams;
  text: string;
  headers: Record<string, string | string[] | undefined>;
  requestId: string;
  /** Parses a JSON body as strictly as the vendor: what the schema does not know is refused. */
  body<Body>(schema: z.ZodType<Body>): Body;
}

export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
  /** A page for people in place of the body. */
  page?: string;
  /** It is done, and whoever asked never hears of it. */
  lost?: true;
}

export interface Route {
  /** Scope or permission that the credentials need. */
  permission?: string;
  /** Which of the vendor's budgets it costs; the main one unless given. */
  budget?: string;
  /** Its reply holds one answer for each entry of the request. */
  batch?: boolean;
  /** Repeats under one idempotency key have one effect. */
  idempotent?: boolean;
  /** How long this route's answer waits, milliseconds. */
  delayMs?(): number;
  handle(call: Call): Reply;
}

export type Routes = Record<string, Route>;

/** Routes that a part brings along: an authorization server, webhook subscriptions. */
export interface TwinPart {
  /** Not behind the vendor's credentials. */
  readonly open: Routes;
  close(): Promise<void>;
}

export interface Paging {
  /** Query parameters that say where to go on. */
  cursors: string[];
  /** The rows of a reply, the array itself; null where it holds none. */
  rows(body: unknown): unknown[] | null;
  /** Makes a page that holds nothing say that there is more, in a way that a careful reader loses nothing by. */
  promiseMore(body: unknown, call: Call): void;
  stub(row: unknown): unknown;
  bad(row: unknown): unknown;
  /** The row as one of the other mode; left out where rows do not tell. */
  otherMode?(row: unknown): unknown;
}

export interface TwinDefinition {
  /** What people call the vendor. */
  title: string;
  account: TwinAccount<Faults>;
  routes: Routes;
  errors: VendorErrors;
  /** Whether a request carries the credentials of this account. */
  authorised(headers: Call["headers"]): boolean;
  /** Whether a request's credentials were granted a route's permission; left out: they are good for everything. */
  grants?(headers: Call["headers"], permission: string): boolean;
  /** Takes one call from the account's budgets; answers headers for the reply. Throws when there is none left. */
  admit(call: Call, route: Route): Record<string, string>;
  /** Headers of every reply. */
  headers(call: Call): Record<string, string>;
  paging: Paging;
  /** Idempotency keys: the header that carries them, and what a key used for another request is answered. */
  idempotency?: { header: string; keptMs: number; maxLength: number; conflict(key: string): Error; tooLong(): Error };
  /** Pages for people, by path: the record as somebody at the vendor sees it. Null: no such page. */
  pages: Record<string, (params: Record<string, string>, query: URLSearchParams) => string | null>;
  parts?: TwinPart[];
}

export const ok = (body: unknown): Reply => ({ status: 200, body });
