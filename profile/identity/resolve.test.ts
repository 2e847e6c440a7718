import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connectionIdOf, recordIdOf, type RecordId, workspaceIdOf } from "#profile/ids.ts";
import { identifiersOf, type PersonFacts } from "./identifiers.ts";
import type { Joins } from "./linkage/tighten.ts";
import { normaliseName } from "./normalise/name.ts";
import { type HumanLink, type IdentityRecord, resolve, type ResolveInput } from "./resolve.ts";

const connectionId = connectionIdOf(workspaceIdOf("test"), "csv", "till");
const context = { connectionId, stream: "people", defaultCountry: "GB" };

const idOf = (id: string): RecordId => recordIdOf(connectionId, "people", id);

function record(id: string, fields: Partial<PersonFacts> & { createdAtMs?: number | null } = {}): IdentityRecord {
  const facts: PersonFacts = {
    emails: [],
    phones: [],
    firstName: null,
    lastName: null,
    company: null,
    city: null,
    country: null,
    postcode: null,
    externalIds: [],
    mergedInto: null,
    ...fields,
  };
  return {
    recordId: idOf(id),
    createdAtMs: fields.createdAtMs ?? null,
    name: normaliseName(facts.firstName, facts.lastName),
    postcode: facts.postcode,
    identifiers: identifiersOf(facts, context),
  };
}

const person = (id: string, name: string, fields: Parameters<typeof record>[1] = {}): IdentityRecord => {
  const [firstName = null, lastName = null] = name.split(" ");
  return record(id, { firstName, lastName, ...fields });
};

const run = (records: IdentityRecord[], more: Partial<ResolveInput> = {}) =>
  resolve({ records, overflowing: new Set(), cuts: [], mustLinks: [], ...more });

/** Clusters as sets of our short ids, smallest first. */
function groups(records: IdentityRecord[], ids: string[], more: Partial<ResolveInput> = {}): string[] {
  const short = new Map(ids.map((id) => [idOf(id), id]));
  return run(records, more)
    .clusters.map((cluster) =>
      cluster.recordIds
        .map((id) => short.get(id) ?? "?")
        .toSorted()
        .join(""),
    )
    .toSorted();
}

const anna = "anna@brightleaf.co.uk";
const mobile = "07911 123456";

describe("keeps apart at one address or phone", () => {
  const at = (id: string, firstName: string, lastName: string, fields: Parameters<typeof record>[1] = {}) =>
    record(id, { firstName, lastName, emails: ["thehills@brightleaf.co.uk"], ...fields });

  it("fathers and sons of one name", () => {
    expect(groups([at("a", "George", "Hill Sr"), at("b", "George", "Hill Jr")], ["a", "b"])).toEqual(["a", "b"]);
    expect(
      groups([at("a", "Peter", "Hill"), at("b", "Peter", "Hill Jr."), at("c", "Peter", "Hill")], ["a", "b", "c"]),
    ).toEqual(["ac", "b"]);
    const phone = { emails: [], phones: [mobile] };
    expect(groups([at("a", "Henry", "Hill", phone), at("b", "Henry", "Hill II", phone)], ["a", "b"])).toEqual([
      "a",
      "b",
    ]);
  });

  it("names of their own, however alike", () => {
    expect(groups([at("a", "Ella", "Hill"), at("b", "Elsa", "Hill")], ["a", "b"])).toEqual(["a", "b"]);
    expect(groups([at("a", "Marc", "Hill"), at("b", "Mark", "Hill")], ["a", "b"])).toEqual(["ab"]);
  });

  it("two full names that one short form would bridge", () => {
    const family = (fields: Parameters<typeof record>[1] = {}) => [
      at("a", "Chris", "Hill", fields),
      at("b", "Christine", "Hill", fields),
      at("c", "Christopher", "Hill", fields),
    ];
    expect(groups(family(), ["a", "b", "c"])).toEqual(["a", "b", "c"]);
    expect(groups(family({ emails: [], phones: ["0121 303 9944"] }), ["a", "b", "c"])).toEqual(["a", "b", "c"]);
    const [short, long] = family();
    expect(
      groups(
        [short, long].filter((one) => one !== undefined),
        ["a", "b"],
      ),
    ).toEqual(["ab"]);
    expect(
      groups([at("a", "Sam", "Hill"), at("b", "Samuel", "Hill"), at("c", "Samantha", "Hill")], ["a", "b", "c"]),
    ).toEqual(["a", "b", "c"]);
  });
});

describe("joins", () => {
  it("records with the same e-mail address, misspelt names and new surnames included", () => {
    const records = [
      person("a", "Anna Hill", { emails: [anna] }),
      person("b", "Anna Hlil", { emails: ["ANNA@Brightleaf.co.uk"] }),
      person("c", "Anna Stone", { emails: [anna] }),
      record("d", { emails: [anna] }),
    ];
    expect(groups(records, ["a", "b", "c", "d"])).toEqual(["abcd"]);
  });

  it("records with the same mobile and the same first name after a marriage", () => {
    expect(
      groups(
        [person("a", "Anna Hill", { phones: [mobile] }), person("b", "Anna Stone", { phones: [mobile] })],
        ["a", "b"],
      ),
    ).toEqual(["ab"]);
  });

  it("plus tags and dots where the provider ignores them, elsewhere when the full names agree", () => {
    const plain = (domain: string) => person("a", "Anna Hill", { emails: [`anna@${domain}`] });
    const tagged = (domain: string, name: string) => person("b", name, { emails: [`anna+shop@${domain}`] });
    expect(groups([plain("gmail.com"), record("b", { emails: ["an.na+shop@gmail.com"] })], ["a", "b"])).toEqual(["ab"]);
    expect(groups([plain("gmail.com"), tagged("gmail.com", "Tom Hill")], ["a", "b"])).toEqual(["a", "b"]);
    expect(groups([plain("brightleaf.co.uk"), tagged("brightleaf.co.uk", "Anna Hill")], ["a", "b"])).toEqual(["ab"]);
    expect(groups([plain("brightleaf.co.uk"), tagged("brightleaf.co.uk", "Anna")], ["a", "b"])).toEqual(["a", "b"]);
  });

  it("a landline when the full names agree, and not when they are near", () => {
    const phones = ["0121 303 9944"];
    expect(groups([person("a", "Bob Hill", { phones }), person("b", "Robert Hill", { phones })], ["a", "b"])).toEqual([
      "ab",
    ]);
    expect(groups([person("a", "Anna Hill", { phones }), person("b", "Anita Hill", { phones })], ["a", "b"])).toEqual([
      "a",
      "b",
    ]);
  });

  it("a record that the source merged into another one", () => {
    expect(groups([record("a", { mergedInto: "b" }), person("b", "Anna Hill")], ["a", "b"])).toEqual(["ab"]);
  });

  it("a card of one family name or postcode, and not of strangers", () => {
    const externalIds = [{ kind: "card_fingerprint", value: "f1", scope: "connection" }] as const;
    const card = { externalIds: [...externalIds] };
    expect(groups([person("a", "Anna Hill", card), person("b", "Anna Hill", card)], ["a", "b"])).toEqual(["ab"]);
    expect(groups([record("a", card), record("b", card)], ["a", "b"])).toEqual(["a", "b"]);
    expect(
      groups([record("a", { ...card, postcode: "B1" }), record("b", { ...card, postcode: "B1" })], ["a", "b"]),
    ).toEqual(["ab"]);
    expect(groups([person("a", "Anna Hill", card), person("b", "Tom Hill", card)], ["a", "b"])).toEqual(["a", "b"]);
  });
});

describe("keeps apart and says why", () => {
  it("a couple with one phone, and whoever could be either", () => {
    const phones = [mobile];
    const records = [
      person("a", "Anna Hill", { phones }),
      person("b", "Tom Hill", { phones }),
      person("c", "Anna Hill", { phones }),
      record("d", { phones }),
    ];
    expect(groups(records, ["a", "b", "c", "d"])).toEqual(["ac", "b", "d"]);
    const { refusals } = run(records);
    expect(refusals.map((refusal) => refusal.rule).toSorted()).toEqual(["ambiguous", "names_conflict"]);
    for (const refusal of refusals) expect(refusal.explanation).not.toContain("7911");
  });

  it("namesakes of one household with a landline, and a nameless person with somebody's mobile, who have their own addresses", () => {
    const own = (name: string, phone: string) => ({ emails: [`${name}@brightleaf.co.uk`], phones: [phone] });
    const landline = "0121 303 9944";
    expect(
      groups(
        [person("a", "John Hill", own("john", landline)), person("b", "John Hill", own("j.hill", landline))],
        ["a", "b"],
      ),
    ).toEqual(["a", "b"]);
    const records = [
      person("a", "John Hill", own("john", mobile)),
      record("b", own("peter", mobile)),
      person("c", "John Hill", own("johnny", mobile)),
    ];
    expect(groups(records, ["a", "b", "c"])).toEqual(["ac", "b"]);
    expect(run(records).refusals).toMatchObject([{ rule: "own_addresses", kind: "phone" }]);
  });

  it("a family with one e-mail address", () => {
    const emails = ["hills@brightleaf.co.uk"];
    expect(groups([person("a", "Anna Hill", { emails }), person("b", "Tom Hill", { emails })], ["a", "b"])).toEqual([
      "a",
      "b",
    ]);
  });

  it("everybody behind an address that four different people use, however alike two of them are", () => {
    const emails = ["studio@brightleaf.co.uk"];
    const names = ["Anna Hill", "Tom Stone", "Maria Rossi", "Peter Long", "Anna Hill"];
    const records = names.map((name, index) => person(String(index), name, { emails }));
    expect(run(records).clusters).toHaveLength(5);
    expect(run(records).refusals).toMatchObject([{ rule: "shared_value", kind: "email" }]);
  });

  it("role inboxes, placeholders and test records", () => {
    const records = ["a", "b"].map((id) =>
      person(id, "Test Customer", { emails: ["info@brightleaf.co.uk", "test@test.com"], phones: ["00000000000"] }),
    );
    expect(run(records)).toMatchObject({ clusters: [{}, {}], refusals: [] });
  });

  it("profiles that would hold more addresses than one person has", () => {
    const hub = (index: number) => `anna${index}@brightleaf.co.uk`;
    const chain = Array.from({ length: 8 }, (_, index) =>
      record(String(index), { emails: [hub(index), hub(index + 1)] }),
    );
    const { clusters, refusals } = run(chain);
    for (const cluster of clusters) expect(cluster.recordIds.length).toBeLessThanOrEqual(4);
    expect(refusals.some((refusal) => refusal.rule === "too_many_identifiers")).toBe(true);
  });

  it("everybody nameless at an address that more account numbers stand behind than one person has", () => {
    const records = Array.from({ length: 5 }, (_, index) =>
      record(String(index), {
        emails: [anna],
        externalIds: [{ kind: "account_id", value: String(index), scope: "connection" }],
      }),
    );
    expect(run(records).clusters).toHaveLength(5);
    expect(run(records).refusals).toMatchObject([{ rule: "too_many_identifiers", kind: "email" }]);
    const named = records.map((one) => ({ ...one, name: { first: "anna", last: "hill" } }));
    expect(run(named).clusters).toHaveLength(1);
  });

  it("nameless holders of one mobile who each have a customer number of their own", () => {
    const holders = ["a", "b"].map((id) =>
      record(id, { phones: [mobile], externalIds: [{ kind: "account_id", value: id, scope: "connection" }] }),
    );
    expect(groups(holders, ["a", "b"])).toEqual(["a", "b"]);
    expect(groups([record("a", { phones: [mobile] }), record("b", { phones: [mobile] })], ["a", "b"])).toEqual(["ab"]);
  });

  it("what a human told apart, by taking the weakest evidence away", () => {
    const records = [
      person("a", "Anna Hill", { emails: [anna] }),
      person("b", "Anna Hill", { emails: [anna], phones: [mobile] }),
      person("c", "Anna Hill", { phones: [mobile] }),
    ];
    const cut = { a: idOf("a"), b: idOf("c"), at: "2026-05-01T00:00:00Z" };
    expect(groups(records, ["a", "b", "c"])).toEqual(["abc"]);
    expect(groups(records, ["a", "b", "c"], { cuts: [cut] })).toEqual(["ab", "c"]);
    expect(run(records, { cuts: [cut] }).refusals).toMatchObject([{ rule: "cut" }]);
  });

  it("joins what a human joined whatever the names say", () => {
    const link = { a: idOf("a"), b: idOf("b"), at: "2026-05-01T00:00:00Z" };
    expect(groups([person("a", "Anna Hill"), person("b", "Tom Stone")], ["a", "b"], { mustLinks: [link] })).toEqual([
      "ab",
    ]);
  });
});

it("names a profile after its oldest record and gives the evidence as a tree", () => {
  const records = [
    person("a", "Anna Hill", { emails: [anna], createdAtMs: 2 }),
    person("b", "Anna Hill", { emails: [anna], createdAtMs: 1 }),
    person("c", "Anna Hill", { emails: [anna] }),
  ];
  const [cluster] = run(records).clusters;
  expect(cluster?.anchorRecordId).toBe(idOf("b"));
  expect(cluster?.evidence).toHaveLength(2);
  expect(cluster?.evidence[0]).toMatchObject({ kind: "email", words: "e-mail address" });
});

/** People from a small world, so that they collide in every way. */
const smallWorld = fc
  .array(
    fc.record({
      firstName: fc.constantFrom("Anna", "Anne", "Tom", "Thomas", "T", "Paul", "Paula", null),
      lastName: fc.constantFrom("Hill", "Stone", "Hil", null),
      emails: fc.subarray(
        [
          "a@brightleaf.co.uk",
          "b@brightleaf.co.uk",
          "b+x@brightleaf.co.uk",
          "c.d@gmail.com",
          "cd@gmail.com",
          "info@brightleaf.co.uk",
        ],
        { maxLength: 2 },
      ),
      phones: fc.subarray(["07911 123456", "07911 123457", "0121 303 9944"], { maxLength: 2 }),
      mergedInto: fc.option(fc.constantFrom("0", "1", "2"), { freq: 8 }),
      externalIds: fc.subarray(
        ["l1", "l2", "l3"].map((value) => ({ kind: "loyalty_id", value, scope: "connection" }) as const),
        { maxLength: 1 },
      ),
      postcode: fc.constantFrom("B1", "B2", null),
      createdAtMs: fc.option(fc.nat(5)),
    }),
    { maxLength: 12 },
  )
  .map((people) =>
    people.map((fields, index) => record(String(index), { ...fields, externalIds: [...fields.externalIds] })),
  );

const humanLinks = fc.array(
  fc
    .tuple(fc.nat(11), fc.nat(11), fc.integer({ min: 10, max: 28 }))
    .filter(([a, b]) => a !== b)
    .map(([a, b, day]): HumanLink => ({ a: idOf(String(a)), b: idOf(String(b)), at: `2026-05-${day}T00:00:00Z` })),
  { maxLength: 3 },
);

const normalForm = ({ clusters, refusals }: ReturnType<typeof run>) => ({
  clusters: clusters.map(({ profileId, recordIds }) => `${profileId} ${recordIds.toSorted().join()}`).toSorted(),
  refusals: refusals
    .map(({ rule, kind, value, recordIds }) => `${rule} ${kind} ${value} ${recordIds.join()}`)
    .toSorted(),
});

/** Everything connected with the start through any shared value or link, as the store gathers it. */
function component(records: IdentityRecord[], start: RecordId[], links: HumanLink[]): IdentityRecord[] {
  const reached = new Set<RecordId>(start);
  const keys = (item: IdentityRecord) => [
    item.recordId,
    ...item.identifiers
      .filter(({ kind, quality }) => quality !== "blocked" && kind !== "household")
      .map(({ kind, value }) =>
        kind === "email_canonical" ? `email ${value}` : kind === "merged_into" ? value : `${kind} ${value}`,
      ),
  ];
  for (let grown = true; grown;) {
    grown = false;
    const known = new Set(records.filter((item) => reached.has(item.recordId)).flatMap(keys));
    for (const item of records) {
      const linked = links.some(
        ({ a, b }) => (a === item.recordId && reached.has(b)) || (b === item.recordId && reached.has(a)),
      );
      if (reached.has(item.recordId) || !(linked || keys(item).some((key) => known.has(key)))) continue;
      reached.add(item.recordId);
      grown = true;
    }
  }
  return records.filter((item) => reached.has(item.recordId));
}

describe("is a function of the set of records", () => {
  it("any order gives the same clusters, ids and refusals", () => {
    fc.assert(
      fc.property(
        smallWorld,
        humanLinks,
        humanLinks,
        fc.infiniteStream(fc.nat()),
        (records, mustLinks, cuts, randoms) => {
          const shuffled = records
            .map((item) => ({ item, at: randoms.next().value }))
            .toSorted((a, b) => a.at - b.at)
            .map(({ item }) => item);
          expect(normalForm(run(shuffled, { mustLinks: mustLinks.toReversed(), cuts: cuts.toReversed() }))).toEqual(
            normalForm(run(records, { mustLinks, cuts })),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it("records in batches, each resolved with its component alone, end up as all at once", () => {
    fc.assert(
      fc.property(smallWorld, humanLinks, fc.integer({ min: 1, max: 4 }), (records, mustLinks, size) => {
        const memberOf = new Map<RecordId, string>();
        for (let end = size; end < records.length + size; end += size) {
          const seen = records.slice(0, end);
          const batch = records.slice(end - size, end).map((item) => item.recordId);
          const { clusters } = run(component(seen, batch, mustLinks), { mustLinks });
          for (const { profileId, recordIds } of clusters) for (const id of recordIds) memberOf.set(id, profileId);
        }
        const expected = run(records, { mustLinks }).clusters.flatMap(({ profileId, recordIds }) =>
          recordIds.map((id) => [id, profileId] as const),
        );
        expect(memberOf).toEqual(new Map(expected));
      }),
      { numRuns: 300 },
    );
  });

  it("a further cut never joins anything, and always parts its two ends", () => {
    fc.assert(
      fc.property(smallWorld, humanLinks, fc.nat(11), fc.nat(11), (records, cuts, a, b) => {
        fc.pre(a !== b);
        const cut = { a: idOf(String(a)), b: idOf(String(b)), at: "2026-06-01T00:00:00Z" };
        const before = pairsOf(run(records, { cuts }));
        const after = pairsOf(run(records, { cuts: [...cuts, cut] }));
        expect(after.isSubsetOf(before)).toBe(true);
        expect(after.has([cut.a, cut.b].toSorted().join())).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("every record is in exactly one profile, and the evidence holds each profile together", () => {
    fc.assert(
      fc.property(smallWorld, (records) => {
        const { clusters } = run(records);
        expect(clusters.flatMap((cluster) => cluster.recordIds).toSorted()).toEqual(
          records.map((item) => item.recordId).toSorted(),
        );
        for (const { recordIds, evidence } of clusters) expect(evidence).toHaveLength(recordIds.length - 1);
      }),
    );
  });
});

function pairsOf({ clusters }: ReturnType<typeof run>): Set<string> {
  return new Set(
    clusters.flatMap(({ recordIds }) =>
      recordIds.flatMap((a) => recordIds.filter((b) => a < b).map((b) => [a, b].join())),
    ),
  );
}

describe("likely pairs", () => {
  const likely = (a: string, b: string, weight: number, joins: Joins = "alone") => {
    const [one, other] = [idOf(a), idOf(b)].toSorted();
    return { a: one ?? idOf(a), b: other ?? idOf(b), weight, joins, clues: 0b11 };
  };
  const people = ["a", "b", "c"].map((id) => person(id, "Anna Hill"));

  it("join after what is certain, and say why", () => {
    const { clusters } = run(people, { scored: [likely("a", "b", 15.3), likely("b", "c", 3, "never")] });
    expect(clusters).toHaveLength(2);
    expect(clusters.flatMap(({ evidence }) => evidence)).toMatchObject([
      { kind: "score", words: "name and date of birth; a coincidence is about 1 in 40,000" },
    ]);
  });

  it("give way to a cut, the least likely first", () => {
    const scored = [likely("a", "b", 15), likely("b", "c", 9), likely("a", "c", 8, "never")];
    expect(groups(people, ["a", "b", "c"], { scored })).toEqual(["abc"]);
    const cuts = [{ a: idOf("a"), b: idOf("c"), at: "2026-11-01T00:00:00Z" }];
    expect(groups(people, ["a", "b", "c"], { scored, cuts })).toEqual(["ab", "c"]);
  });

  it("do not bring father and son together by way of a third", () => {
    const family = [
      person("a", "George Hill"),
      record("b", { firstName: "George", lastName: "Hill Jr" }),
      record("c", { firstName: "George", lastName: "Hill Sr" }),
    ];
    const scored = [likely("a", "b", 15), likely("a", "c", 12)];
    expect(groups(family, ["a", "b", "c"], { scored })).toEqual(["ab", "c"]);
  });

  it("join whole people that something certain has joined, however many records", () => {
    const ids = Array.from("abcdef");
    const records = ids.map((id) => person(id, "Anna Hill", { emails: id < "d" ? [anna] : ["hill@brightleaf.co.uk"] }));
    expect(groups(records, ids, { scored: [likely("c", "d", 12)] })).toEqual(["abcdef"]);
  });

  it("come to the same in any order", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.tuple(fc.nat(7), fc.nat(7), fc.integer({ min: 7, max: 12 })).filter(([a, b]) => a < b),
          {
            selector: ([a, b]) => a * 8 + b,
          },
        ),
        (pairs) => {
          const ids = Array.from("abcdefgh");
          const records = ids.map((id) => person(id, "Anna Hill"));
          const scored = pairs.map(([a, b, weight]) => likely(ids[a] ?? "", ids[b] ?? "", weight));
          const found = groups(records, ids, { scored });
          expect(groups(records.toReversed(), ids, { scored: scored.toReversed() })).toEqual(found);
        },
      ),
    );
  });
});
