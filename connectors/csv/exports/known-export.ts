/** What is known about the exports of other tools by name: which columns mean what, so that nothing need be guessed. */
import type { Field, FileKind, Reading } from "../settings.ts";

/** A state of an order as far as money goes. `partly_*`: other columns say how much. */
export type OrderState = "paid" | "pending" | "failed" | "cancelled" | "refunded" | "partly_refunded" | "partly_paid";

/**
 * What a row of an order file is: `sale` counts, `detail` lists what the sale's row has counted already, `tender` says
 * how it was paid, `refund` gives money back whatever its sign, `void` never came to be, `other` is no sale at all.
 */
export type RowRole = "sale" | "detail" | "tender" | "refund" | "void" | "other";

/** What being listed in a file says, for tools that write one file for each state; dated by the first column filled. */
interface EveryoneSays {
  channel: "email" | "sms";
  /** `undeliverable`: mail to them came back. */
  state: "granted" | "withdrawn" | "undeliverable";
  /** Column names. */
  at: readonly string[];
}

export interface KnownExport {
  /** Kept in the settings of a file. */
  id: string;
  title: string;
  kind: FileKind;
  /** Column names that must all be there; `a|b`: either. Upper case, signs and spaces do not count. */
  has: readonly string[];
  /** Column names of a sibling: with one of them it is not this export. */
  lacks?: readonly string[];
  /** The file's name must fit as well: the columns alone do not tell. */
  fileName?: RegExp;
  /**
   * Columns by field, best first, those a file lacks left out. Money, states and ids come from the first the file has;
   * other fields from the first that is filled in a row. `Date + Time`: joined.
   */
  columns: Partial<Record<Field, readonly string[]>>;
  /** Folded words of the status column; words not listed are read as in any file. */
  states?: Readonly<Record<string, OrderState>>;
  /** Folded words of the column that says what a row is. */
  roles?: Readonly<Record<string, RowRole>>;
  reading?: Partial<Pick<Reading, "amountPer" | "decimal" | "dayOrder" | "timeZone" | "defaultChannel">>;
  /** Rows that are no business of ours: a folded word in a column, and what to say about them. */
  leftOut?: { column: string; words: readonly string[]; reason: string };
  /** Rows that give money back name the customer here instead of in the first of the two columns. */
  refundsGoTo?: { from: string; to: string };
  /** A sale with a negative amount is money the business paid to others. */
  negativeIsPaidOut?: boolean;
  /** Phone numbers are written with their country code but without its plus sign. */
  phonesLackPlus?: boolean;
  /** The id column numbers rows of a list: it names a record, never a person's account. */
  idIsRowKey?: boolean;
  everyone?: EveryoneSays;
}
