/** Profiles with consent and traits as CSV, one row each, for spreadsheets and for tools without a connector. */
import type { Writable } from "node:stream";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { stringify } from "csv-stringify";
import type { Grant } from "../core/grant.ts";
import { neutralised } from "./formulas.ts";

/** How a person is reached and called. It leaves only with the ledger's word: the type asks for it. */
export interface ExportedContact {
  grant: Grant;
  firstName: string | null;
  lastName: string | null;
  company: string | null;
  country: string | null;
  /** Best first. */
  emails: readonly string[];
  phones: readonly string[];
}

/** One profile; `consents` by `channel purpose` (`email marketing`), `traits` by name. */
export interface ExportRow {
  profileId: string;
  /** Null: the person objected, and nothing by which they could be known goes out. */
  contact: ExportedContact | null;
  consents: Readonly<Record<string, string>>;
  /** A refused trait has the value null and says why in its reasons. */
  traits: Readonly<Record<string, { value: string | number | boolean | null; reasons: readonly string[] }>>;
}

export interface ExportOptions {
  /** Which consents and traits become columns, in this order: a stream cannot know what later rows will hold. */
  consents: readonly string[];
  traits: readonly string[];
  /** UTF-8 byte order mark: without it Excel misreads accents. */
  byteOrderMark?: boolean;
}

/**
 * Writes a header and one row per profile, as fast as `out` takes them; ends `out`.
 *
 * A text that a spreadsheet would run as a formula gets a leading apostrophe (so does a phone number with its +); reading
 * it back with this connector takes it off again. Numbers stay numbers.
 *
 * @returns how many profiles were written
 */
export async function exportProfiles(
  rows: AsyncIterable<ExportRow> | Iterable<ExportRow>,
  out: Writable,
  options: ExportOptions,
): Promise<number> {
  let written = 0;
  const header = [
    "profile_id",
    "first_name",
    "last_name",
    "company",
    "country",
    "email",
    "other_emails",
    "phone",
    "other_phones",
    ...options.consents.map((name) => `consent_${name.replaceAll(" ", "_")}`),
    ...options.traits.flatMap((name) => [name, `${name}_reasons`]),
  ];
  async function* cells(): AsyncGenerator<string[]> {
    yield header;
    for await (const row of rows) {
      written++;
      yield cellsOf(row, options).map(protect);
    }
  }
  await pipeline(Readable.from(cells()), stringify({ bom: options.byteOrderMark ?? false }), out);
  return written;
}

type Cell = string | number | boolean | null;

function cellsOf(row: ExportRow, options: ExportOptions): Cell[] {
  const { contact } = row;
  const [email = null, ...emails] = contact?.emails ?? [];
  const [phone = null, ...phones] = contact?.phones ?? [];
  return [
    row.profileId,
    contact?.firstName ?? null,
    contact?.lastName ?? null,
    contact?.company ?? null,
    contact?.country ?? null,
    email,
    emails.join("; "),
    phone,
    phones.join("; "),
    ...options.consents.map((name) => row.consents[name] ?? "unknown"),
    ...options.traits.flatMap((name) => {
      const trait = row.traits[name];
      return [trait?.value ?? null, trait?.reasons.join(" ") ?? ""];
    }),
  ];
}

function protect(cell: Cell): string {
  if (typeof cell !== "string") return cell === null ? "" : String(cell);
  return neutralised(cell);
}
