/** Who a row is about, and the person record that stands for them. */
import { hash } from "node:crypto";
import type { ExternalId, PersonRecord } from "../core/records.ts";
import { countryCodeOf } from "../core/countries.ts";
import { isPlaceholderEmail, isPlaceholderId, isRoleEmail } from "../core/placeholders.ts";
import type { Columns } from "./columns.ts";
import { knownExport } from "./exports/index.ts";
import { furtherOf } from "./further.ts";
import { emailsOf, idOf, phonesOf } from "./identifiers.ts";
import type { CsvFile, Field } from "./settings.ts";
import { foldWords } from "./words.ts";

export interface RowPerson {
  /** Vendor id within the stream; never an address or number itself. */
  id: string;
  record: PersonRecord;
}

interface PersonTimes {
  createdAt: string | null;
  updatedAt: string | null;
}

interface PersonContext {
  idField: Field;
  sharedIds: boolean;
  times: PersonTimes;
  /** Filled with what was refused as an identifier, in sentences. */
  notes?: string[];
}

const LONGEST_ID = 200;

/** 32 hex digits of sha256; enough that two people never share one, and the value cannot be read off it. */
export function keyOf(...parts: string[]): string {
  return hash("sha256", parts.join("\u0000"), "hex").slice(0, 32);
}

/** An id that may be shown and stored as a key: an address used as an id, or a very long one, is replaced by its hash. */
export function safeId(id: string): string {
  return id.includes("@") || id.length > LONGEST_ID ? `key-${keyOf("id", id.toLowerCase())}` : id;
}

/**
 * The person of a row, or null where nothing says who it was.
 *
 * The record belongs to the stream of its own file, so that a till's few facts never overwrite the customer list's; the
 * customer id is also an external id, by which identity joins the records of all files. `idField` says which column
 * holds it: `id` in a list of people, `customer_id` elsewhere.
 */
export function personOfRow(
  cells: readonly string[],
  columns: Columns,
  file: CsvFile,
  context: PersonContext,
): RowPerson | null {
  const shortened = (field: Field): boolean =>
    file.mapping[field]?.some((name) => file.shortened.includes(name)) === true;
  const given = idOf(columns.text(cells, context.idField), shortened(context.idField));
  const loyalty = idOf(columns.text(cells, "loyalty_id"), shortened("loyalty_id"));
  const written = emailsOf(columns.texts(cells, "email"));
  const dialled = phonesOf(columns.texts(cells, "phone"));
  const customerId = given.value;
  const loyaltyId = loyalty.value;
  const emails = written.value;
  const phones = dialled.value;
  noteRefused(context.notes, columns, [
    [context.idField, given.refused],
    ["loyalty_id", loyalty.refused],
    ["email", written.refused],
    ["phone", dialled.refused],
  ]);
  const idIsAddress = customerId.includes("@");
  if (idIsAddress && !isPlaceholderEmail(customerId) && !emails.includes(customerId)) emails.unshift(customerId);
  const names = namesOf(cells, columns, file);
  const spelled = foldWords(`${names.firstName ?? ""} ${names.lastName ?? ""}`);
  const isNoKey = idIsAddress && (isPlaceholderEmail(customerId) || isRoleEmail(customerId));
  const known = { customerId: isNoKey ? "" : customerId, loyaltyId, emails, phones, spelled };
  const id = personId(known, context.idField, cells);
  if (id === null) return null;
  const scope = context.sharedIds ? "workspace" : "connection";
  const externalIds: ExternalId[] = [];
  if (customerId !== "" && !idIsAddress && !isRowKey(context.idField, file)) {
    externalIds.push({ kind: "account_id", value: customerId, scope });
  }
  if (loyaltyId !== "") externalIds.push({ kind: "loyalty_id", value: loyaltyId, scope });
  const record: PersonRecord = {
    kind: "person",
    id,
    updatedAt: context.times.updatedAt,
    deleted: false,
    createdAt: context.times.createdAt,
    emails,
    phones,
    ...names,
    company: orNull(columns.text(cells, "company")),
    country: countryOf(columns.text(cells, "country"), file.defaultCountry),
    postcode: orNull(columns.text(cells, "postcode")),
    city: orNull(columns.text(cells, "city")),
    externalIds,
    mergedInto: null,
    ...(columns.hasFurther ? furtherOf(cells, columns, file, context.notes) : {}),
  };
  return { id, record };
}

/** Two records of one person from rows of the same page: the later row wins, but says nothing by being blank. */
export function mergePersons(earlier: PersonRecord, later: PersonRecord): PersonRecord {
  const [old, fresh] = (later.updatedAt ?? "") < (earlier.updatedAt ?? "") ? [later, earlier] : [earlier, later];
  return {
    // What the later row does not know it does not deny.
    ...old,
    ...fresh,
    emails: several([...fresh.emails, ...old.emails]),
    phones: several([...fresh.phones, ...old.phones]),
    firstName: fresh.firstName ?? old.firstName,
    lastName: fresh.lastName ?? old.lastName,
    company: fresh.company ?? old.company,
    country: fresh.country ?? old.country,
    postcode: fresh.postcode ?? old.postcode,
    city: fresh.city ?? old.city,
    externalIds: uniqueIds([...fresh.externalIds, ...old.externalIds]),
  };
}

/** A number behind which a till books everybody names hundreds: no record holds them, and they say nothing of one person. */
const SEVERAL = 100;

function several(values: string[]): string[] {
  return [...new Set(values)].slice(0, SEVERAL);
}

function uniqueIds(ids: ExternalId[]): ExternalId[] {
  return [...new Map(ids.map((id) => [`${id.kind} ${id.value}`, id])).values()].slice(0, SEVERAL);
}

interface Known {
  customerId: string;
  loyaltyId: string;
  emails: string[];
  phones: string[];
  spelled: string;
}

/**
 * The best of what names the person. In a list of people the name is part of a derived key, so that a couple sharing an
 * address stays two records; a sale's address is enough, but for an inbox many people stand behind. A name alone joins
 * nobody: there the whole row is the key.
 */
function personId(known: Known, idField: Field, cells: readonly string[]): string | null {
  const list = idField === "id";
  if (known.customerId !== "") return list ? safeId(known.customerId) : `customer-${safeId(known.customerId)}`;
  if (known.loyaltyId !== "") return `loyalty-${safeId(known.loyaltyId)}`;
  const name = list ? known.spelled : "";
  const email = list ? known.emails[0] : known.emails.find((address) => !isRoleEmail(address));
  if (email !== undefined) return `email-${keyOf("email", email.toLowerCase(), name)}`;
  const digits = known.phones[0]?.replace(/\D/g, "").replace(/^00/, "") ?? "";
  if (digits !== "") return `phone-${keyOf("phone", digits, name)}`;
  if (!list || name === "" || isPlaceholderId(name)) return null;
  return `row-${keyOf("row", ...cells.map((cell) => cell.trim()))}`;
}

/** Columns that number the rows of a list: they name a record there, and nobody elsewhere. */
const ROW_KEYS =
  /^(?:nr|no|number|nummer|row|row id|row no|row number|line|line no|index|record id|rec id|recid|unique id|uid|uuid|guid|list id|subscriber id)$/;

function isRowKey(idField: Field, file: CsvFile): boolean {
  if (idField !== "id") return false;
  return knownExport(file.export)?.idIsRowKey === true || ROW_KEYS.test(foldWords(file.mapping.id?.[0] ?? ""));
}

/** One sentence for each column and reason, so that they can be counted. */
function noteRefused(
  notes: string[] | undefined,
  columns: Columns,
  refused: readonly (readonly [Field, readonly string[]])[],
): void {
  if (notes === undefined) return;
  for (const [field, reasons] of refused) {
    if (reasons.length === 0) continue;
    for (const reason of new Set(reasons))
      notes.push(`Kept without ${field}: ${columns.label(field)} holds ${reason}.`);
  }
}

const PARTICLES = new Set([
  "van",
  "von",
  "der",
  "den",
  "de",
  "da",
  "di",
  "del",
  "della",
  "la",
  "le",
  "ter",
  "ten",
  "zu",
  "bin",
  "dos",
]);

interface Names {
  firstName: string | null;
  lastName: string | null;
}

/** A column's name that says in which order the two names stand: `Nachname Vorname`. */
const LAST_FIRST =
  /^\W*(?:(?:nach)?name\W+vorname|(?:last|sur|family)\W*name\b.*\bfirst|nom\W+pr[e\u00e9]nom|cognome\W+nome|apellidos?\W)/i;

function namesOf(cells: readonly string[], columns: Columns, { mapping }: CsvFile): Names {
  const firstName = orNull(columns.text(cells, "first_name"));
  const lastName = orNull(columns.text(cells, "last_name"));
  const full = columns.text(cells, "full_name");
  if (firstName !== null || lastName !== null || full === "") return { firstName, lastName };
  const words = full.split(/\s+/);
  const [first, second] = words;
  if (second === undefined || words.length > 2 || full.includes(",")) return splitName(full);
  return LAST_FIRST.test(mapping.full_name?.[0] ?? "")
    ? { firstName: second, lastName: first ?? null }
    : splitName(full);
}

const GENERATION = /^(?:jr|sr|jun|sen|junior|senior|ii|iii|iv)\.?$/i;

/** `Weber, Anna` and `Anna van der Berg`; a single word is taken for the first name. */
export function splitName(full: string): Names {
  const comma = full.indexOf(",");
  if (comma > 0) return { firstName: orNull(full.slice(comma + 1).trim()), lastName: full.slice(0, comma).trim() };
  const words = full.split(/\s+/);
  if (words.length === 1) return { firstName: full, lastName: null };
  const particle = words.findIndex((word, index) => index > 0 && PARTICLES.has(word.toLowerCase()));
  // "George Hale Jr" is a Hale.
  const end = words.length > 2 && GENERATION.test(words.at(-1) ?? "") ? words.length - 2 : words.length - 1;
  const cut = particle > 0 && particle < end ? particle : end;
  return { firstName: words.slice(0, cut).join(" "), lastName: words.slice(cut).join(" ") };
}

/** A country we do not know is not the default one: it decides how phone numbers are read. */
function countryOf(text: string, fallback: string | null): string | null {
  return text === "" ? fallback : countryCodeOf(text);
}

function orNull(text: string): string | null {
  return text === "" ? null : text;
}
