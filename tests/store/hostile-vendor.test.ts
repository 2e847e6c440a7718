/** What a vendor with bad manners does to what is stored: the connector, the real SDK and the real store together. */
import { afterEach, describe, expect, it } from "vitest";
import { createVendorCall, unlimited } from "#connectors/core/call.ts";
import type { OpenConnection } from "#connectors/core/contract.ts";
import { closeServers, hostileHubspot, row, rows } from "#connectors/hubspot/hostile-server.ts";
import type { Asked, Manners } from "#connectors/hubspot/hostile-server.ts";
import { hubspot } from "#connectors/hubspot/index.ts";
import { connectionId, ingest, owner, test, useConnection } from "#tests/support/connection.ts";

const stream = "contacts";

useConnection("hubspot");
afterEach(closeServers);

async function connected(manners: Partial<Manners>): Promise<{ connection: OpenConnection; vendor: Manners }> {
  const { url: baseUrl, vendor } = await hostileHubspot(manners);
  const call = createVendorCall({ connector: hubspot, limiter: unlimited, now: Date.now });
  const credentials = { accessToken: "pat-eu1-00000000-0000-0000-0000-000000000000" };
  return { connection: hubspot.open({ settings: {}, credentials, baseUrl, call, now: Date.now }), vendor };
}

/** As a worker does, but each page by a worker of its own. */
async function readAll(connection: OpenConnection): Promise<void> {
  for (let atEnd = false; !atEnd;) {
    const { cursor: from } = await ingest.streamState(test.workspaceId, connectionId, stream);
    for await (const page of connection.read(stream, from)) {
      const saved = await ingest.savePage(test.workspaceId, { connectionId, stream, from, page });
      expect(saved.outcome).toBe("saved");
      ({ atEnd } = page);
      break;
    }
  }
}

async function readAnew(connection: OpenConnection): Promise<void> {
  await ingest.resetCursor(test.workspaceId, connectionId, stream);
  await readAll(connection);
}

async function gone(): Promise<string[]> {
  const { rows: found } = await owner.query<{ id: string }>(
    "SELECT vendor_id AS id FROM source_record WHERE connection_id = $1 AND deleted ORDER BY 1",
    [connectionId],
  );
  return found.map(({ id }) => id);
}

const isLive = ({ path, query }: Asked) => path === "/crm/v3/objects/contacts" && query.get("archived") !== "true";

describe("a contact is deleted here", () => {
  it("where the lists of a whole read no longer have it, and the archived list where it does", async () => {
    const { connection, vendor } = await connected({ contacts: rows(250) });
    await readAll(connection);
    vendor.contacts = rows(250).filter(({ id }) => id !== "7" && id !== "240");
    vendor.archived = [{ ...row(240), archived: true, archivedAt: new Date().toISOString() }];
    await readAnew(connection);
    expect(await gone()).toEqual(["240", "7"]);
  });

  it.each<[string, (contacts: unknown[]) => Partial<Manners>]>([
    ["the archived list is the live one", (contacts) => ({ contacts, archived: contacts })],
    ["its row cannot be read", (contacts) => ({ contacts: contacts.with(4, { id: "5", properties: null }) })],
    ["a row has no id", (contacts) => ({ contacts: contacts.with(4, { properties: {} }) })],
    ["a row is null", (contacts) => ({ contacts: contacts.with(4, null) })],
    [
      "a page is empty and another one follows",
      (contacts) => ({
        contacts,
        instead: (asked) =>
          isLive(asked) && !asked.query.has("after")
            ? { body: { results: [], paging: { next: { after: "0" } } } }
            : undefined,
      }),
    ],
    ["pages are shorter than asked for", (contacts) => ({ contacts, pageCap: 7 })],
  ])("but not where %s", async (_, manners) => {
    const { connection, vendor } = await connected({ contacts: rows(120) });
    await readAll(connection);
    Object.assign(vendor, manners(rows(120)));
    await readAnew(connection);
    expect(await gone()).toEqual([]);
  });

  it.each<[string, number, unknown]>([
    ["a proxy's 404", 404, "<html>"],
    ["half of a page", 200, Buffer.from('{"results":[{"id":"1"')],
    ["an error with 200", 200, { status: "error", message: "no" }],
    ["nothing", 200, Buffer.from("")],
  ])("nor where the second page is %s, now or once it can be read", async (_, status, body) => {
    const { connection, vendor } = await connected({ contacts: rows(250) });
    await readAll(connection);
    const fails = {
      instead: (asked: Asked) => (isLive(asked) && asked.query.has("after") ? { status, body } : undefined),
    };
    Object.assign(vendor, fails);
    await expect(readAnew(connection)).rejects.toMatchObject({ name: "ConnectorError" });
    expect(await gone()).toEqual([]);
    Object.assign(vendor, { instead: () => undefined });
    await readAll(connection);
    expect(await gone()).toEqual([]);
  });
});
