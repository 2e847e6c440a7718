/** What a column's name says about consent: which way its yes points, for which channel, and whether that is certain. */
import anyAscii from "any-ascii";
import type { ConsentChannel, ConsentPurpose } from "../../core/records.ts";
import { LONGEST_PHRASE, OUT_STEMS, vocabulary, type TokenKind } from "./vocabulary.ts";

export interface ConsentHeader {
  role: "statement" | "status" | "date" | "source" | "reason" | "undeliverable";
  /**
   * `in`: a yes in the column is a yes to being written to. `out`: it is a no. `unclear`: a double negation; nothing in
   * the column is a yes. Of a date: which statement it dates; `either`: whichever the row makes.
   */
  polarity: "in" | "out" | "unclear" | "either";
  /** The name can be read in one way only. A yes is taken from such columns alone. */
  certain: boolean;
  /** It also speaks of something that is not advertising: terms, invoices, a third party. */
  foreign: boolean;
  /** Empty: the name says none. */
  channels: ConsentChannel[];
  /** `mail` in the name: e-mail or letters, as other columns of the file decide. */
  mail: boolean;
  purpose: ConsentPurpose;
}

interface Token {
  text: string;
  kind: TokenKind | "unknown";
}

/** Longer names are sentences, and read in pieces only as far as this. Characters. */
const LONGEST_HEADER = 300;

/** Null: the name says nothing about consent. */
export function readConsentHeader(name: string): ConsentHeader | null {
  const tokens = tokensOf(name);
  const has = (...kinds: Token["kind"][]): boolean => tokens.some(({ kind }) => kinds.includes(kind));
  const negation = negationOf(tokens);
  const purpose = purposeOf(tokens);
  const channels = channelsOf(tokens);
  const role = roleOf(tokens, negation !== "none");
  if (role === null) return null;
  const foreign = has("unknown", "other", "detail", "elsewhere", "sharing", "profiling", "analytics", "reason");
  const base = { role, channels, mail: has("mail") && channels.length === 0, purpose, foreign };
  const clean = !foreign && !has("mail");
  if (role === "undeliverable") return { ...base, polarity: "out", certain: true };
  if (negation !== "none") return { ...base, polarity: negation, certain: true };
  const about = has("newsletter", "marketing") || channels.length > 0;
  const said = has("subscribed") || (has("agreed", "registered") && about);
  switch (role) {
    case "date": {
      // A bare "consent date" dates what the row says, whatever that is; "subscribed at" is never the date of a no.
      if (tokens.every(({ kind }) => kind === "confirmed" || kind === "date" || kind === "when")) {
        return { ...base, polarity: "in", certain: true };
      }
      if (!said && !has("agreed")) return null;
      const turning =
        has("subscribed", "registered") || tokens.some(({ text }) => /^(sub|susc|abo|accept|aceit)/.test(text));
      return { ...base, polarity: turning ? "in" : "either", certain: clean };
    }
    case "source":
      return said || has("agreed") ? { ...base, polarity: "either", certain: clean } : null;
    case "status": {
      const clear = has("subscribed") || (about && tokens.some(({ kind, text }) => kind === "agreed" && text !== "ok"));
      if (!clean && !has("subscribed", "agreed", "newsletter", "marketing")) return null;
      return clear && clean
        ? { ...base, role: "statement", polarity: "in", certain: true }
        : { ...base, polarity: "in", certain: clean };
    }
    default: {
      if (said) return { ...base, polarity: "in", certain: clean };
      // "Newsletter" and "SMS marketing" are questions enough; "Marketing" or "E-mail" alone may be anything.
      const named = has("newsletter") || (has("marketing") && channels.length > 0);
      if (named) return { ...base, polarity: "in", certain: clean && !isBroad(tokens) };
      return has("agreed") ? { ...base, polarity: "in", certain: false } : null;
    }
  }
}

/** "Marketing information" is a list's name; whether a yes there is a subscription or its end, the name does not say. */
function isBroad(tokens: readonly Token[]): boolean {
  return tokens.some(({ text }) => /^(infos?|informations?|list|messages?|communications?|contacts?)$/.test(text));
}

/**
 * `none`, `out`, or `unclear` where one no turns another around ("not unsubscribed", "opt-out revoked"): that may be a
 * yes, and is read as none.
 */
function negationOf(tokens: readonly Token[]): "none" | "out" | "unclear" {
  const context = tokens.some(({ kind }) => CONTEXT.has(kind));
  const [only, ...more] = tokens.filter(({ kind }) => kind !== "filler");
  if (only?.kind === "ended" && more.length === 0 && ALONE.test(only.text)) return "out";
  const dated = [only, ...more].filter(
    (token) => token !== undefined && token.kind !== "date" && token.kind !== "when",
  );
  if (dated.length === 1 && DATED_ALONE.test(dated[0]?.text ?? "")) return "out";
  const asks = tokens.some(({ kind }) => ASKING.has(kind));
  const signs: { at: number; kind: "out" | "ended" | "not" }[] = [];
  tokens.forEach(({ kind, text }, at) => {
    if (kind === "out") signs.push({ at, kind });
    // "SMS No" and "No. of e-mails" are numbers, "E-mail consent: no" is none.
    const ends = at > 0 && at === tokens.length - 1 && !asks;
    const number = text === "no" && (tokens[at + 1]?.text === "of" || ends);
    if (
      (kind === "ended" || (kind === "not" && !number)) &&
      (context || tokens.some((token) => token.kind === "out"))
    ) {
      signs.push({ at, kind });
    }
  });
  if (signs.length === 0) return "none";
  const outs = signs.filter(({ kind }) => kind === "out").length;
  const ended = signs.filter(({ kind }) => kind === "ended").length;
  const nots = joinedNots(
    tokens,
    signs.filter(({ kind }) => kind === "not").map(({ at }) => at),
  );
  // "do not contact, unsubscribed" says one thing twice; "not unsubscribed" and "suppression removed" undo it.
  const undone = (outs > 0 && ended > 0) || ended > 1 || (ended > 0 && nots.length > 0) || nots.length > 1;
  const turned = nots.some((at) => {
    const next = tokens.slice(at + 1).find(({ kind }) => kind !== "filler" && kind !== "not");
    return next?.kind === "out" || next?.kind === "ended" || next?.kind === "undeliverable";
  });
  return undone || turned ? "unclear" : "out";
}

/** "ne ... pas", "do not": one negation in two words. */
function joinedNots(tokens: readonly Token[], positions: readonly number[]): number[] {
  const french = positions.some((at) => tokens[at]?.text === "ne");
  return positions.filter((at, index) => {
    if (french && tokens[at]?.text === "pas") return false;
    return positions[index - 1] !== at - 1;
  });
}

const CONTEXT: ReadonlySet<Token["kind"]> = new Set<TokenKind>([
  "email",
  "sms",
  "call",
  "post",
  "push",
  "mail",
  "elsewhere",
  "newsletter",
  "marketing",
  "sharing",
  "profiling",
  "analytics",
  "subscribed",
  "agreed",
  "registered",
  "contact",
]);

/** What has a yes and a no, and no number. */
const ASKING: ReadonlySet<Token["kind"]> = new Set<TokenKind>([
  "newsletter",
  "marketing",
  "subscribed",
  "agreed",
  "out",
]);

const DATED_ALONE = /^(withdrawn|withdrawal|revoked|revocation|deactivated|deactivation|deaktiviert)$/;

/** Words that, alone as a name in a list of people, speak of being written to. */
const ALONE =
  /^(withdrawn|withdrawal|revoked|removed|excluded|stop|stopped|blocked|cancelled|canceled|deactivated|deaktiviert|gesperrt|geblokkeerd|blockerad|sparrad|blokeret|spaerret|blokkert|sperret|estetty|bloque|bloquee|bloqueado|bloqueada|bloccato|bloccata|zablokowany|zablokowana|revoque|revocado|revocato|ingetrokken|revogado|cancelado|cancelada)$/;

function roleOf(tokens: readonly Token[], negated: boolean): ConsentHeader["role"] | null {
  const has = (kind: TokenKind): boolean => tokens.some((token) => token.kind === kind);
  if (has("undeliverable") && !has("detail")) return "undeliverable";
  if (has("undeliverable") && !negated) return null;
  if (!negated && !tokens.some(({ kind }) => CONTEXT.has(kind) || kind === "status" || kind === "confirmed"))
    return null;
  const last = tokens.at(-1);
  if (has("detail")) return negated && !isBesideAStatement(tokens) ? "statement" : null;
  if (has("reason")) return negated ? "reason" : null;
  if (has("date") || (tokens.length > 1 && last?.kind === "when")) return "date";
  if (has("source")) return negated ? null : "source";
  if (has("status") && !negated) return "status";
  return "statement";
}

/** Everybody has a link; whoever has used it has left. */
function isBesideAStatement(tokens: readonly Token[]): boolean {
  const text = tokens.map((token) => token.text).join(" ");
  return NEVER_A_STATEMENT.test(text.replace(/\blink (?=clicked\b|used\b)/, ""));
}

/** Links, counters and campaigns beside an opt-out are there for everybody, or say nothing without it. */
const NEVER_A_STATEMENT =
  /\b(id|ip|url|uri|link|lien|enlace|lank|token|campaigns?|kampagne|title|count|counts|counter|number|num|rate|total|percent|percentage|page|template|key|hash|version|wording|required|owner|agent|form|start|plan|price|opens|clicks|days|anzahl|nombre)\b/;

function channelsOf(tokens: readonly Token[]): ConsentChannel[] {
  const found = new Set<ConsentChannel>();
  for (const { kind } of tokens) {
    if (kind === "email" || kind === "sms" || kind === "call" || kind === "post" || kind === "push") found.add(kind);
    if (kind === "newsletter" && !tokens.some((token) => token.kind === "sms" || token.kind === "post"))
      found.add("email");
  }
  return [...found];
}

function purposeOf(tokens: readonly Token[]): ConsentPurpose {
  const has = (kind: TokenKind): boolean => tokens.some((token) => token.kind === kind);
  if (has("marketing") || has("newsletter")) return "marketing";
  if (has("sharing")) return "ad_audience";
  if (has("profiling")) return "personalisation";
  return has("analytics") ? "analytics" : "marketing";
}

/** Lower case, ASCII, camel case and underscores taken apart: `HasOptedOutOfEmail`, `SMSOptOut`, `E-Mail`. */
export function wordsOf(name: string): string[] {
  const folded = anyAscii(name.slice(0, LONGEST_HEADER))
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase();
  return folded.split(/[^a-z]+/).filter((word) => word !== "");
}

function tokensOf(name: string): Token[] {
  const words = wordsOf(name).flatMap((word) => (vocabulary.has(word) ? [word] : takenApart(word)));
  const tokens: Token[] = [];
  for (let at = 0; at < words.length;) {
    const token = phraseAt(words, at);
    tokens.push({ text: token.text, kind: token.kind });
    at += token.length;
  }
  return tokens;
}

function phraseAt(words: readonly string[], at: number): Token & { length: number } {
  for (let length = Math.min(LONGEST_PHRASE, words.length - at); length > 0; length--) {
    const text = words.slice(at, at + length).join(" ");
    const kind = vocabulary.get(text);
    if (kind !== undefined) return { text, kind, length };
  }
  const text = words[at] ?? "";
  return { text, kind: OUT_STEMS.some((stem) => text.includes(stem)) ? "out" : "unknown", length: 1 };
}

const glued: ReadonlyMap<string, string> = new Map(
  [...vocabulary.keys()].map((phrase) => [phrase.replaceAll(" ", ""), phrase]),
);
/** Parts of compounds; shorter ones are found inside any word. */
const SHORTEST_PART = 3;
const LONGEST_PART = 24;

/** `donotcontact`, `emailoptin`, `newsletterabmeldung`: words written as one, if all of it is known; else as it is. */
function takenApart(word: string): string[] {
  if (word.length < 6 || word.length > 60) return [word];
  const best: (string[] | undefined)[] = [[]];
  for (let end = 1; end <= word.length; end++) {
    for (let start = Math.max(0, end - LONGEST_PART); start < end; start++) {
      const before = best[start];
      const part = glued.get(word.slice(start, end));
      if (before === undefined || part === undefined) continue;
      if (end - start < SHORTEST_PART && part !== "do" && part !== "no" && part !== "s") continue;
      const known = best[end];
      if (known === undefined || before.length + 1 < known.length) best[end] = [...before, part];
    }
  }
  const parts = best[word.length];
  return parts === undefined ? [word] : parts.flatMap((part) => part.split(" "));
}
