/** What an account of the twin is filled with, in Acme's own form. */
import type { OrderRow, PersonRow } from "../schema.ts";

export interface AcmeSeed {
  people: PersonRow[];
  orders: OrderRow[];
}
