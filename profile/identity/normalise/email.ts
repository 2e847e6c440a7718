import { domainToASCII } from "node:url";
import { disposableEmailBlocklistSet } from "disposable-email-domains-js";
import { parse } from "tldts";
import { isPlaceholderEmail, LONGEST_EMAIL } from "#connectors/core/placeholders.ts";
import { furtherDisposableDomains, placeholderDomains, placeholderLocalParts, roleBoxes } from "../blocked-values.ts";
import { type Normalised, unusable } from "./normalised.ts";

export interface NormalisedEmail extends Normalised {
  /** The mailbox behind dots and plus tags; equals `key` when there are none. */
  canonical: string | null;
  /** Strong where the provider promises that tags and dots lead to one mailbox; elsewhere a tag may be another mailbox. */
  canonicalQuality: "strong" | "weak";
  /** Stands for another address, and only within one business: it says nothing of a person elsewhere, nor is it a name. */
  isRelay: boolean;
}

/** Known throw-away mailboxes: a list that is versioned as a package, and what it lacks. */
let disposable: ReadonlySet<string> | undefined;
const isDisposable = (domain: string): boolean =>
  (disposable ??= disposableEmailBlocklistSet()).has(domain) || furtherDisposableDomains.has(domain);

/** Addresses that hide one: Apple's, Mozilla's, DuckDuckGo's, and those that marketplaces make for a buyer at one seller. */
const RELAYS =
  /^(?:privaterelay\.appleid\.com|relay\.firefox\.com|mozmail\.com|duck\.com|marketplace\.amazon\.[a-z.]{2,6}|members\.ebay\.[a-z.]{2,6})$/;

/** Providers whose plus tags lead to the same mailbox, as their help pages say. */
const TAGGING = new Set(
  `gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk live.com live.co.uk icloud.com me.com mac.com
   fastmail.com proton.me protonmail.com pm.me`.split(/\s+/),
);
const GMAIL = new Set(["gmail.com", "googlemail.com"]);
// RFC 5321 dot-string, and letters beyond ASCII (RFC 6531). Quoted local parts are not worth the risk.
const LOCAL_PART = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;

/** With `mailto:`, angle brackets, quotes and space around it. Characters. */
const LONGEST_RAW = LONGEST_EMAIL + 40;

/**
 * Turns any spelling of an address into the key it is compared by. The local part is lowered too: the standard would
 * allow telling cases apart, no provider does.
 */
export function normaliseEmail(raw: string): NormalisedEmail {
  // Before anything else looks at it: a cell of 400 kB once held up identity for minutes.
  if (raw.length > LONGEST_RAW) return refuse("It is too long for an e-mail address.");
  const address = raw
    .normalize("NFKC")
    .trim()
    .replace(/^mailto:/i, "")
    .replace(/^[<"']+|[>"'.,;:]+$/g, "")
    .trim();
  const at = address.lastIndexOf("@");
  if (at <= 0 || at === address.length - 1) return refuse("It is not an e-mail address.");
  const local = address.slice(0, at).toLowerCase();
  const domain = domainToASCII(address.slice(at + 1).toLowerCase());
  if (local.length > 64 || !LOCAL_PART.test(local)) return refuse("It is not an e-mail address.");
  const parsed = parse(domain);
  if (parsed.domain === null || parsed.domainWithoutSuffix === null || parsed.isIp) {
    return refuse("Its domain cannot receive mail.");
  }

  const key = `${local}@${domain}`;
  const canonical = canonicalOf(local, domain);
  const canonicalQuality = TAGGING.has(domain) ? "strong" : "weak";
  const isRelay = RELAYS.test(domain);
  const blocked = (reason: string): NormalisedEmail => ({
    key,
    quality: "blocked",
    reason,
    canonical,
    canonicalQuality,
    isRelay,
  });
  const mailbox = canonical.slice(0, canonical.lastIndexOf("@"));
  if (placeholderDomains.has(parsed.domainWithoutSuffix)) return blocked("Its domain is a placeholder.");
  if (parsed.isIcann !== true && parsed.isPrivate !== true) return blocked("Its domain cannot receive mail.");
  if (placeholderLocalParts.has(local) || placeholderLocalParts.has(mailbox) || isPlaceholderEmail(key))
    return blocked("It is a placeholder.");
  if (roleBoxes.has(local) || roleBoxes.has(mailbox)) return blocked("It is a shared role inbox.");
  if (isDisposable(parsed.domain) || isDisposable(domain)) return blocked("It is a throw-away mailbox.");
  return { key, quality: "strong", reason: null, canonical, canonicalQuality, isRelay };
}

function canonicalOf(local: string, domain: string): string {
  const plus = local.indexOf("+");
  const base = plus > 0 ? local.slice(0, plus) : local;
  return GMAIL.has(domain) ? `${base.replaceAll(".", "")}@gmail.com` : `${base}@${domain}`;
}

const refuse = (reason: string): NormalisedEmail => ({
  ...unusable(reason),
  canonical: null,
  canonicalQuality: "weak",
  isRelay: false,
});
