/** Where statements come from besides tools: ages, replies, browsers. */
import { describe, expect, it } from "vitest";
import { person } from "#tests/support/records.ts";
import { consentRecord } from "#connectors/core/records.ts";
import { minorityOf } from "./age.ts";
import { signalled } from "./signals.ts";
import { isRevocation } from "./stop-words.ts";

describe("a date of birth", () => {
  const until = (birthDate: string) => {
    const said = minorityOf(person("1", { birthDate }), "people");
    return said === null ? null : (consentRecord.parse(said).expiresAt ?? null);
  };

  it("makes a child of whoever is not eighteen yet, until the year in which they are is over", () => {
    expect(until("2012-05-03")).toBe("2031-01-01T12:00:00Z");
    expect(until("2012-12-31")).toBe("2031-01-01T12:00:00Z");
    expect(until("1980-05-03")).toBeNull();
    expect(minorityOf(person("1"), "people")).toBeNull();
    expect(minorityOf(person("1", { birthDate: "2012-05-03", deleted: true }), "people")).toBeNull();
  });
});

describe("a reply", () => {
  it.each([
    ...[
      "STOP",
      " stop. ",
      "Stop!!",
      "stopall",
      "UNSUBSCRIBE",
      "End",
      "quit",
      "Revoke",
      "opt out",
      "Opt-Out",
      "OPTOUT",
      "cancel",
    ],
    ...["Please stop texting me", "take me off your list", "don't text me again", "no more messages", "pls remove"],
    ...[
      "Stopp",
      "ABMELDEN",
      "Abbestellen",
      "keine SMS mehr bitte",
      "ARRÊT",
      "Désabonner",
      "ne m'écrivez plus, désabonnez-moi",
    ],
    ...[
      "ALTO",
      "baja",
      "no más",
      "quiero darme de baja",
      "CANCELLA",
      "disiscrivimi",
      "afmelden",
      "uitschrijven",
      "SAIR",
      "parar",
    ],
    ...["avsluta", "afmeld", "LOPETA", "wypisz", "odhlásit", "İptal", "ＳＴＯＰ"],
  ])("%s ends it", (reply) => {
    expect(isRevocation(reply)).toBe(true);
  });

  it.each([
    "",
    "  ",
    "Yes",
    "START",
    "When do you open?",
    "Is this the bus stop shop?",
    "ok thanks",
    "no",
    "All",
    "me",
    "👍",
    "non stop",
  ])("%s does not", (reply) => {
    expect(isRevocation(reply)).toBe(false);
  });

  it("is bounded before anything reads it", () => {
    const before = process.cpuUsage().user;
    expect(isRevocation("do n't ".repeat(200_000))).toBe(false);
    expect(process.cpuUsage().user - before).toBeLessThan(200_000);
  });
});

describe("a browser", () => {
  it("that sends Global Privacy Control refuses sale, sharing and advertising; without it nothing is said", () => {
    const refused = [
      { channel: "any", purpose: "sale_or_share", state: "denied", cause: "browser_signal" },
      { channel: "ads", purpose: "ad_audience", state: "denied", cause: "browser_signal" },
    ];
    expect(signalled({ secGpc: "1" })).toMatchObject(refused);
    expect(signalled({ secGpc: "true" })).toMatchObject(refused);
    for (const secGpc of ["0", "false", "", "yes"]) expect(signalled({ secGpc })).toEqual([]);
    expect(signalled({})).toEqual([]);
  });

  it("permits advertising by all three words of consent mode, refuses it by one, and says nothing by what is unset", () => {
    const ads = (...words: (string | undefined)[]) => {
      const [ad_storage, ad_user_data, ad_personalization] = words;
      const consentMode = Object.fromEntries(
        Object.entries({ ad_storage, ad_user_data, ad_personalization }).filter(([, word]) => word !== undefined),
      );
      return signalled({ consentMode }).map(({ purpose, state }) => [purpose, state]);
    };
    expect(ads("granted", "granted", "granted")).toEqual([["ad_audience", "granted"]]);
    expect(ads("granted", "denied", "granted")).toEqual([["ad_audience", "denied"]]);
    expect(ads("granted", "granted")).toEqual([]);
    expect(ads("granted", "granted", "unset")).toEqual([]);
    expect(signalled({ consentMode: { analytics_storage: "granted" } })).toMatchObject([
      { purpose: "analytics", state: "granted" },
    ]);
  });
});
