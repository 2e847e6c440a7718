/** What a person may be sent does not depend on who else is asked about in the same breath, nor on how batches fall. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { RecordId } from "#profile/ids.ts";
import { openShop, type Shop } from "#tests/identity/shop.ts";
import { PEOPLE, townOf } from "./town.ts";

const NOW = "2027-01-01T00:00:00Z";

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.drop());

const answers = () =>
  shop.rows(
    `SELECT profile_id, channel, purpose, state, entry_ids, addresses, reason, effective_at, consent_due_at
     FROM profile LEFT JOIN consent_state USING (workspace_id, profile_id)
     WHERE workspace_id = $1 ORDER BY profile_id, channel, purpose`,
  );

async function refresh(limit: number): Promise<void> {
  for (let more = true; more;) ({ more } = await shop.consent.refreshBatch(shop.workspaceId, { limit, at: NOW }));
}

it.each([1, 2, 3])("in town %i", async (seed) => {
  await shop.save(townOf(seed));
  await shop.resolveAll();
  const ids = Array.from({ length: PEOPLE }, (_, index) => shop.idOf(String(index)));
  const factsOf = async (asked: RecordId[]) => {
    const basis = await shop.consent.basisFor(shop.workspaceId, asked);
    return asked.flatMap((id) => basis.factsOf(id, NOW) ?? []);
  };
  const together = await factsOf(ids);
  expect(together).toHaveLength(PEOPLE);
  expect((await Promise.all(ids.map((id) => factsOf([id])))).flat()).toEqual(together);

  await refresh(PEOPLE);
  const stored = await answers();
  const states = Map.groupBy(
    stored.filter(({ state }) => state !== null),
    ({ profile_id }) => profile_id,
  );
  for (const { profileId, answers: told } of together) {
    expect(told.map(({ channel, purpose, state, reason }) => [channel, purpose, state, reason])).toEqual(
      (states.get(profileId) ?? []).map(({ channel, purpose, state, reason }) => [channel, purpose, state, reason]),
    );
  }

  await shop.rows("DELETE FROM consent_state WHERE workspace_id = $1");
  await shop.rows("UPDATE profile SET consented_seq = 0, consent_due_at = NULL WHERE workspace_id = $1");
  await refresh(7);
  expect(await answers()).toEqual(stored);
});
