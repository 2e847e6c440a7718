/** What of a person is kept only where somebody said that it is needed, and in which form. */
import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import type { PersonRecord } from "#connectors/core/records.ts";
import { recordIdOf } from "#profile/ids.ts";
import { createCredentialStore } from "#profile/store/credentials.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { USUAL_BRAKE } from "#profile/store/ingest/full-read.ts";
import { createSensitiveFacts } from "#profile/store/sensitive-facts.ts";
import type { MasterKeys } from "#profile/store/workspace-keys.ts";
import { connectionId, owner, test, useConnection } from "#tests/support/connection.ts";
import { page, person } from "#tests/support/records.ts";

const masters: MasterKeys = { current: "2026", keys: new Map([["2026", randomBytes(32)]]) };
const stream = "people";

useConnection("csv");

const known = {
  street: "4 Mill Lane",
  occupation: "potter",
  birthDate: "1984-05-11",
  birthPlace: "Leeds",
  gender: "f",
  nationalIds: [{ kind: "social_security" as const, value: "QQ 12 34 56 C" }],
};

let pages = 0;
async function save(records: PersonRecord[], keys: MasterKeys = masters): Promise<void> {
  const ingest = createIngestStore(test.database, USUAL_BRAKE, keys);
  const { cursor: from } = await ingest.streamState(test.workspaceId, connectionId, stream);
  const given = { ...page(records), next: { page: (pages += 1) } };
  const saved = await ingest.savePage(test.workspaceId, { connectionId, stream, from, page: given });
  expect(saved.outcome).toBe("saved");
}

async function stored(id: string): Promise<Record<string, unknown>> {
  const { rows } = await owner.query(
    "SELECT data FROM source_content JOIN source_record USING (workspace_id, record_id, hash) WHERE record_id = $1",
    [recordIdOf(connectionId, stream, id)],
  );
  return rows[0].data;
}

const facts = () => createSensitiveFacts(test.database);
const change = { actor: "cli:ada", reason: "two lists have no address in common" };

it("keeps what says little, and nothing sensitive that nobody asked for", async () => {
  await save([person("1", known)]);
  expect(await stored("1")).toMatchObject({ street: "4 Mill Lane", occupation: "potter" });
  for (const fact of ["birthDate", "birthPlace", "gender", "nationalIds"])
    expect(await stored("1")).not.toHaveProperty(fact);
});

it("keeps what was switched on for all, with who did it and why", async () => {
  await facts().use(test.workspaceId, { names: ["birth_date", "gender"], ...change });
  await save([person("1", known)]);
  expect(await stored("1")).toMatchObject({ birthDate: "1984-05-11", gender: "f" });
  expect(await stored("1")).not.toHaveProperty("birthPlace");
  const { rows } = await owner.query("SELECT actor, details FROM audit_log WHERE action = 'sensitive_facts.used'");
  expect(rows).toEqual([{ actor: change.actor, details: { facts: ["birth_date", "gender"], reason: change.reason } }]);
  expect(await facts().stop(test.workspaceId, { names: ["birth_date", "gender"], ...change })).toBe(1);
});

it("keeps what was switched on for one connection of that one alone", async () => {
  await facts().use(test.workspaceId, { names: ["birth_place"], connectionId, ...change });
  await save([person("1", known)]);
  expect(await stored("1")).toMatchObject({ birthPlace: "Leeds" });
  expect(await facts().inUse(test.workspaceId)).toEqual({
    everywhere: [],
    of: new Map([[connectionId, ["birth_place"]]]),
  });
});

it("stores a national number as a keyed hash, the same however it is written, and never the number", async () => {
  await facts().use(test.workspaceId, { names: ["national_id"], connectionId, ...change });
  const other = { nationalIds: [{ kind: "social_security" as const, value: "qq123456c" }] };
  const longer = { nationalIds: [{ kind: "social_security" as const, value: "QQ 12 34 56 C".repeat(100) }] };
  await save([person("1", known), person("2", other), person("3", longer)]);
  const [first, second] = [await stored("1"), await stored("2")];
  expect(first["nationalIds"]).toEqual(second["nationalIds"]);
  const key = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(first["nationalIds"]).toMatchObject([{ kind: "social_security", key, quality: "strong" }]);
  const { rows } = await owner.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  );
  for (const { name } of rows) {
    const { rows: found } = await owner.query(
      `SELECT '${name}' AS name FROM ${name} t WHERE t::text ~* 'qq ?12 ?34 ?56 ?c' LIMIT 1`,
    );
    expect(found).toEqual([]);
  }
});

it("finds the same number again after the master key was changed", async () => {
  await facts().use(test.workspaceId, { names: ["national_id"], connectionId, ...change });
  await save([person("1", known)]);
  const next: MasterKeys = { current: "2027", keys: new Map([...masters.keys, ["2027", randomBytes(32)]]) };
  await createCredentialStore(test.database, next).rotate(test.workspaceId, { anew: true, actor: "t" });
  const alone: MasterKeys = { current: "2027", keys: new Map([...next.keys].filter(([id]) => id === "2027")) };
  await save([person("2", known)], alone);
  expect((await stored("2"))["nationalIds"]).toEqual((await stored("1"))["nationalIds"]);
  const back = createCredentialStore(test.database, { ...next, current: "2026" });
  await back.rotate(test.workspaceId, { anew: false, actor: "t" });
});

it("takes what is not to be kept any longer out of every version, and has those persons looked at again", async () => {
  await facts().use(test.workspaceId, { names: ["birth_date"], connectionId, ...change });
  await save([person("1", known)]);
  await save([person("1", { ...known, firstName: "Eda", birthDate: "1984-05-12" }), person("2")]);
  await owner.query("DELETE FROM unresolved");
  for (const [table, column, value] of [
    ["linkage_record", "facts", "'{}'"],
    ["blocking_key", "key_id", "gen_random_uuid()"],
  ])
    await owner.query(
      `INSERT INTO ${table} (workspace_id, record_id, ${column}) SELECT $1, record_id, ${value} FROM source_record WHERE stream = 'people' AND connection_id = $2`,
      [test.workspaceId, connectionId],
    );
  expect(await facts().stop(test.workspaceId, { names: ["birth_date"], connectionId, ...change })).toBe(1);
  const { rows } = await owner.query("SELECT data::text FROM source_content WHERE record_id = $1", [
    recordIdOf(connectionId, stream, "1"),
  ]);
  expect(rows).toHaveLength(2);
  expect(JSON.stringify(rows)).not.toContain("1984");
  const others = { rows: [{ record_id: recordIdOf(connectionId, stream, "2") }] };
  for (const table of ["linkage_record", "blocking_key"])
    expect(await owner.query(`SELECT record_id FROM ${table}`)).toMatchObject(others);
  const { rows: marked } = await owner.query("SELECT record_id FROM unresolved");
  expect(marked).toEqual([{ record_id: recordIdOf(connectionId, stream, "1") }]);
  await save([person("1", known)]);
  expect(await stored("1")).not.toHaveProperty("birthDate");
});
