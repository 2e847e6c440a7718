import { describe, expect, it } from "vitest";
import type { KnownAnswer } from "#profile/consent/decide.ts";
import type { ProfileId, RecordId } from "#profile/ids.ts";
import { BEST_CUSTOMERS, chooseMembers } from "./audience.ts";
import type { AudienceCandidate, AudienceMember } from "./audience.ts";
import { usesOf } from "./fields.ts";
import { reverse } from "./undo.ts";

const audience = BEST_CUSTOMERS.name;
const yesFor = (address: string | null): KnownAnswer => ({
  ...{ channel: "ads", purpose: "ad_audience", state: "granted", addresses: [address] },
});
const candidate = (id: string, fields: Partial<AudienceCandidate> = {}): AudienceCandidate => {
  const email = `${id}@brightleaf.co.uk`;
  return {
    ...{ profileId: id as ProfileId, recordId: `r-${id}` as RecordId, addresses: { email, phone: null } },
    person: { email, phone: null, firstName: null, lastName: null, country: null, postcode: null },
    consents: [yesFor(null)],
    ...fields,
  };
};
const member = (id: string, sent = `${id}@brightleaf.co.uk`): AudienceMember => ({
  ...{ memberId: `m-${id}` as RecordId, profileId: id as ProfileId, recordId: `r-${id}` as RecordId, sent },
});
const choose = (candidates: AudienceCandidate[], members: AudienceMember[] = [], size = 10, minimumSize = 1) =>
  chooseMembers(candidates, members, {
    ...{ audience, size, vendor: { minimumSize, identify: ({ email }) => email } },
    memberIdOf: (profileId) => `m-${profileId}` as RecordId,
  });
const joined = (choice: ReturnType<typeof choose>) => choice.joining.map(({ profileId }) => profileId);
const left = (choice: ReturnType<typeof choose>) => choice.leaving.map(({ profileId, before }) => [profileId, before]);

describe("joining an audience", () => {
  it("needs a yes: not silence, not a no, not one for other advertising or another address", () => {
    const people = [
      candidate("yes"),
      candidate("silent", { consents: [] }),
      candidate("no", { consents: [{ ...yesFor(null), state: "withdrawn" }] }),
      candidate("mail", { consents: [{ ...yesFor(null), channel: "email", purpose: "marketing" }] }),
      candidate("elsewhere", { consents: [yesFor("another@brightleaf.co.uk")] }),
      candidate("own", { consents: [yesFor("own@brightleaf.co.uk")] }),
      candidate("objects", {
        consents: [yesFor(null), { channel: "any", purpose: "personalisation", state: "denied" }],
      }),
    ];
    expect(joined(choose(people))).toEqual(["yes", "own"]);
  });

  it("takes the best, each once, by the first of their records that may be sent", () => {
    const other = candidate("a", { recordId: "r-2" as RecordId });
    const people = [candidate("a", { consents: [yesFor("x@y.de")] }), other, other, candidate("b"), candidate("c")];
    const choice = choose(people, [], 2);
    expect(joined(choice)).toEqual(["a", "b"]);
    expect(choice.joining[0]).toMatchObject({ recordId: "r-2", before: null, after: "a@brightleaf.co.uk" });
  });

  it("a yes for an address is one for that address: number and name stay here", () => {
    const person = {
      email: "a@brightleaf.co.uk",
      phone: "+447400000037",
      firstName: "Ada",
      lastName: "M",
      country: "GB",
      postcode: "L",
    };
    const told = (consents: KnownAnswer[]) => {
      const seen: unknown[] = [];
      chooseMembers([candidate("a", { person, consents })], [], {
        ...{ audience, size: 1, memberIdOf: (profileId) => `m-${profileId}` as RecordId },
        vendor: { minimumSize: 1, identify: (one) => (seen.push(one), one.email) },
      });
      return seen.at(-1);
    };
    expect(told([yesFor(null)])).toEqual(person);
    expect(told([yesFor("a@brightleaf.co.uk")])).toEqual({
      ...{ email: "a@brightleaf.co.uk", phone: null, firstName: null, lastName: null, country: null, postcode: null },
    });
  });

  it("is refused with the reason below the vendor's minimum, and nobody who is in it is put out for that", () => {
    const choice = choose([candidate("a"), candidate("b")], [member("a")], 10, 3);
    expect([joined(choice), left(choice)]).toEqual([[], []]);
    expect(choice.refused).toContain("2 customers");
    expect(choice.refused).toContain("needs 3");
  });
});

describe("leaving an audience", () => {
  it("is for whoever no longer belongs there, with exactly what the vendor was told", () => {
    const people = [candidate("stays"), candidate("withdrew", { consents: [] })];
    expect(left(choose(people, [member("stays"), member("withdrew"), member("gone", "old hashes")]))).toEqual([
      ["withdrew", "withdrew@brightleaf.co.uk"],
      ["gone", "old hashes"],
    ]);
  });

  it("comes before joining anew where the address changed", () => {
    const choice = choose([candidate("a")], [member("a", "former@brightleaf.co.uk")]);
    expect([joined(choice), left(choice)]).toEqual([[], [["a", "former@brightleaf.co.uk"]]]);
  });
});

describe("what it rests on", () => {
  const uses = [
    { purpose: "personalisation", channel: "any" },
    { purpose: "ad_audience", channel: "ads" },
  ];

  it("being in it is advertising and profiling; leaving it needs nobody's word", () => {
    expect(usesOf({ [audience]: "hashes" })).toEqual(uses);
    expect(usesOf({ [audience]: null })).toEqual([]);
  });

  it("an undo that would put somebody back asks for the same", () => {
    const out = {
      before: { [audience]: "hashes" },
      after: { [audience]: null },
      readBack: { [audience]: null },
      uses: [],
    };
    expect(reverse(out)).toMatchObject({ after: { [audience]: "hashes" }, uses });
  });
});
