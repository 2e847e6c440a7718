/** Workspaces as a person makes and changes them: every value checked before it is stored. */
import { countryCodeOf } from "#connectors/core/countries.ts";
import type { SensitiveName } from "#connectors/core/sensitive.ts";
import { isCurrency } from "#connectors/core/currency.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import type { ConnectionStore, Workspace } from "#profile/store/connections.ts";
import type { Retention } from "#profile/retention.ts";
import type { Rhythm } from "#profile/store/rhythm.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { Refusal } from "./refusal.ts";
import { parseRetention, type RetentionWords } from "./retention-words.ts";
import { parseRefresh } from "./rhythm-words.ts";
import { parseSensitive, type SensitiveWords } from "./sensitive-words.ts";

/** The fictitious shop's; nobody else may live in it. */
export const DEMO_WORKSPACE = "demo";

/** As a person writes them; what is left out is not changed. */
export interface WorkspaceWords {
  name?: string;
  country?: string;
  currency?: string;
  timeZone?: string;
  weekStart?: string;
  refresh?: string;
}

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/** @throws Refusal naming everything that is wrong or missing */
export async function createWorkspace(store: ConnectionStore, slug: string, words: WorkspaceWords): Promise<Workspace> {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(slug))
    throw new Refusal(
      `"${slug}" cannot be a workspace's short name: use up to 40 lower-case letters, digits and hyphens, beginning with a letter.`,
      "words",
    );
  if (slug === DEMO_WORKSPACE)
    throw new Refusal(
      'The workspace "demo" belongs to the fictitious shop of `npm start`: choose another name.',
      "words",
    );
  if ((await store.listWorkspaces()).some((known) => known.slug === slug))
    throw new Refusal(
      `There is a workspace "${slug}" already; \`tributary workspace set ${slug}\` changes it.`,
      "words",
    );
  const { country, currency, timeZone } = words;
  const missing = Object.entries({ "--country": country, "--currency": currency, "--time-zone": timeZone })
    .filter(([, value]) => value === undefined)
    .map(([option]) => option);
  // A wrong guess would misread telephone numbers and purchases for ever after.
  if (country === undefined || currency === undefined || timeZone === undefined)
    throw new Refusal(
      `A workspace needs ${missing.join(", ")}: they decide how numbers, money and days are read.`,
      "words",
    );
  const checked = parseWords({ name: slug, ...words, country, currency, timeZone });
  const refreshMinutes = words.refresh === undefined ? null : parseRefresh(words.refresh);
  return store.createWorkspace({
    ...{ slug, name: slug, defaultCountry: "", currency: "", timeZone: "", ...checked },
    ...(refreshMinutes === null ? {} : { refreshMinutes }),
  });
}

/** A workspace, how often it is refreshed, how long it keeps what, and which sensitive facts of persons at all. */
export interface KeptWorkspace extends Workspace {
  keeps: Retention;
  rhythm: Rhythm;
  sensitive: SensitiveName[];
}

/** @throws Refusal when there is no such workspace, nothing is to be changed, or a value is wrong */
export async function setWorkspace(
  stores: Pick<Dependencies, "connections" | "retention" | "rhythm" | "sensitive">,
  slug: string,
  words: WorkspaceWords & RetentionWords & SensitiveWords,
  actor: string,
): Promise<KeptWorkspace> {
  const { connections, retention, rhythm, sensitive } = stores;
  const all = await connections.listWorkspaces();
  const before = all.some((known) => known.slug === slug) ? await connections.getWorkspace(workspaceIdOf(slug)) : null;
  if (before === null) {
    const known = all.map(({ slug }) => slug).join(", ");
    throw new Refusal(`There is no workspace "${slug}"${known === "" ? "" : `; there are: ${known}`}.`, "missing");
  }
  // How often it is refreshed changes by itself: handed on it would be set.
  const { workspaceId, refreshMinutes: _, ...input } = before;
  const checked = parseWords(words);
  const keeps = parseRetention(words);
  const refresh = words.refresh === undefined ? undefined : parseRefresh(words.refresh);
  const facts = parseSensitive(words);
  const changes = Object.keys({ ...checked, ...keeps }).length + facts.use.length + facts.stop.length;
  if (changes === 0 && refresh === undefined)
    throw new Refusal(
      "Nothing to change: name at least one of --name, --country, --currency, --time-zone, --week-start, --refresh, " +
        "--keep-runs, --keep-plans, --keep-versions, --keep-figures, --use, --stop-using.",
      "words",
    );
  const { reason } = facts;
  if (facts.use.length > 0) await sensitive.use(workspaceId, { names: facts.use, actor, reason });
  if (facts.stop.length > 0) await sensitive.stop(workspaceId, { names: facts.stop, actor, reason });
  const { everywhere } = await sensitive.inUse(workspaceId);
  const kept = { keeps: await retention.keep(workspaceId, keeps), sensitive: everywhere };
  const now = refresh === undefined ? await rhythm.read(workspaceId) : await rhythm.fix(workspaceId, refresh);
  return { ...(await connections.createWorkspace({ ...input, ...checked })), ...kept, rhythm: now };
}

interface Checked {
  name?: string;
  defaultCountry?: string;
  currency?: string;
  timeZone?: string;
  weekStart?: number;
}

function parseWords(words: WorkspaceWords): Checked {
  const problems: string[] = [];
  const take = <Value>(text: string | undefined, parse: (text: string) => Value | null, problem: string) => {
    if (text === undefined) return undefined;
    const value = parse(text.trim());
    if (value === null) problems.push(problem.replace("{}", JSON.stringify(text.slice(0, 60))));
    return value ?? undefined;
  };
  const checked = {
    name: take(words.name, nameOf, "{} cannot be a name: use 1 to 100 printable characters."),
    defaultCountry: take(words.country, countryOf, "{} is not a country code: use two letters of ISO 3166, as in GB."),
    currency: take(words.currency, currencyOf, "{} is not a currency: use three letters of ISO 4217, as in GBP."),
    timeZone: take(words.timeZone, timeZoneOf, "{} is not a time zone: use an IANA name, as in Europe/London."),
    weekStart: take(words.weekStart, weekStartOf, "{} is not a day of the week: use its English name, as in monday."),
  };
  if (problems.length > 0) throw new Refusal(problems.join("\n"), "words");
  return Object.fromEntries(Object.entries(checked).filter(([, value]) => value !== undefined));
}

function nameOf(text: string): string | null {
  return /^\P{C}{1,100}$/u.test(text) ? text : null;
}

function countryOf(text: string): string | null {
  const code = text.toUpperCase();
  return /^[A-Z]{2}$/.test(code) && countryCodeOf(code) === code ? code : null;
}

function currencyOf(text: string): string | null {
  const code = text.toUpperCase();
  return isCurrency(code) ? code : null;
}

/** Names of places only: an offset or an abbreviation knows nothing of summer time. */
function timeZoneOf(text: string): string | null {
  if (text !== "UTC" && !/^[A-Za-z_]+\/[\w+/-]+$/.test(text)) return null;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions();
    // Only capitals are corrected; an older name of the same place would only surprise.
    return timeZone.toLowerCase() === text.toLowerCase() ? timeZone : text;
  } catch {
    return null;
  }
}

function weekStartOf(text: string): number | null {
  const day = DAYS.indexOf(text.toLowerCase());
  return day === -1 ? null : day + 1;
}

export const weekStartName = (weekStart: number): string => DAYS[weekStart - 1] ?? "monday";
