/** Values that say nothing about who somebody is. Data, not logic: extend it here. */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

export { placeholderDomains, placeholderLocalParts, roleBoxes } from "#connectors/core/placeholders.ts";

/** Throw-away mailboxes that the list of `disposable-email-domains-js` lacks. */
export const furtherDisposableDomains = words(`
  tempmail.com spamgourmet.com
`);

/** Name fields that hold no name. */
export const placeholderNames = words(`
  test tester testing none null undefined guest customer unknown anonymous anon walkin walk-in asdf qwerty xxx x
  na n-a noname user dummy sample fake nobody cash client person
`);

export const nameTitles = words(`
  mr mrs ms miss mx dr prof professor sir dame lord lady rev herr frau hr fr mme mlle monsieur madame sig sra senor senora
  reverend honourable colonel captain lieutenant admiral viscount baroness
`);

export const nameSuffixes = words("phd md esq mba bsc msc");

/** What tells people of one name apart, by how it is written. */
export const generations: ReadonlyMap<string, string> = new Map(
  Object.entries({
    sr: "sr",
    senior: "sr",
    sen: "sr",
    jr: "jr",
    junior: "jr",
    jun: "jr",
    ii: "ii",
    iii: "iii",
    iv: "iv",
  }),
);

/** Legal forms that mark an organisation. Forms that are also surnames (`sa`, `ag`) are left out. */
export const companyForms = words(`
  ltd limited llc llp inc incorporated gmbh srl bv plc oy pty kg corp corporation sarl spa aps ohg ug
`);
