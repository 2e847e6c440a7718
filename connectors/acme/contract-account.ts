/** An Acme account for the contract suite, every stream of it filled. */
import type { ContractAccount } from "#connectors/core/contract-suite/account.ts";
import { hostTwin } from "#connectors/core/contract-suite/twin-host.ts";
import type { FieldDefinition } from "#connectors/core/contract.ts";
import { TYPES } from "./client.ts";
import { orderSeed, personSeed } from "./fixtures.ts";
import { startAcmeTwin } from "./twin/index.ts";

export async function startContractAccount(size: number, now: () => number): Promise<ContractAccount> {
  const indexes = Array.from({ length: size }, (_, index) => index);
  const seed = { people: indexes.map((n) => personSeed(n)), orders: indexes.map((n) => orderSeed(n)) };
  const host = await hostTwin(now, async (options) => {
    const twin = await startAcmeTwin(options);
    twin.load(seed);
    return twin;
  });
  const idOf = (stream: string, index: number) => (stream === "people" ? personSeed(index) : orderSeed(index)).id;
  return host.account({
    credentials: { token: host.twin.token },
    idOf,
    async change(stream, index) {
      const id = idOf(stream, index);
      if (stream === "people") host.twin.changePerson(id, { last_name: "Changed" });
      else host.twin.changeOrder(id, { refunded: "1.00" });
    },
    add: async (stream) =>
      stream === "people" ? host.twin.addPerson(personSeed(0)) : host.twin.addOrder(orderSeed(0)),
    remove: async (_, index) => host.twin.deletePerson(idOf("people", index)),
    load: (stream, row) => host.twin.load({ people: [], orders: [], [stream]: [row] }),
    vendor: {
      permissionOf: (stream) => `${stream}:read`,
      permissionToWrite: "people:write",
      fieldOf(name) {
        const { type, hidden } = host.twin.field(name);
        const words = Object.keys(TYPES) as FieldDefinition["type"][];
        return { type: words.find((word) => TYPES[word] === type) ?? "text", hidden };
      },
    },
  });
}
