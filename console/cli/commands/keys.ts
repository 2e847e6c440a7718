import type { Command } from "commander";
import pMap from "p-map";
import type { Rotated } from "#profile/store/credentials.ts";
import { actor } from "../actor.ts";
import { withStores } from "../context.ts";
import { count, plural, print } from "../output.ts";
import type { OutputOptions } from "../output.ts";

const SIDE_BY_SIDE = 4;

/** Keys are the installation's: they are changed for every workspace at once. */
export function keysCommand(program: Command): void {
  const keys = program.command("keys").description("the keys that credentials are encrypted under");
  keys
    .command("rotate")
    .description("encrypt every workspace's key anew under the first of TRIBUTARY_KEY; runs go on meanwhile")
    .option("--data", "also give each workspace a new key, and encrypt its credentials anew under that")
    .option("--json", "print JSON")
    .action((options: OutputOptions & { data?: boolean }) =>
      withStores(async ({ stores, config, checkKey }) => {
        await checkKey();
        const all = await stores.connections.listWorkspaces();
        const change = { anew: options.data ?? false, actor: actor() };
        const done = await pMap(all, ({ workspaceId }) => stores.credentials.rotate(workspaceId, change), {
          concurrency: SIDE_BY_SIDE,
        });
        const sum = (name: keyof Rotated) => done.reduce((total, each) => total + each[name], 0);
        const others = (await stores.credentials.keysInUse()).filter((id) => id !== config.masterKeys.current);
        const shown = {
          ...{
            workspaces: all.length,
            rewrapped: sum("rewrapped"),
            resealed: sum("resealed"),
            dropped: sum("dropped"),
          },
          ...{ current: config.masterKeys.current, stillNeeded: others },
        };
        print(options, shown, render);
      }),
    );
  keys
    .command("status")
    .description("which master keys are configured, and which are needed")
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withStores(async ({ stores, config }) => {
        const inUse = await stores.credentials.keysInUse();
        const shown = [...config.masterKeys.keys.keys()].map((id) => ({
          ...{ id, current: id === config.masterKeys.current, needed: inUse.includes(id) },
        }));
        const missing = inUse.filter((id) => !config.masterKeys.keys.has(id));
        print(options, { configured: shown, missing }, () =>
          [
            ...shown.map(
              ({ id, current, needed }) =>
                `${id}  ${current ? "encrypts" : "decrypts only"}${needed ? ", credentials need it" : ", no credentials need it"}`,
            ),
            ...missing.map((id) => `${id}  not configured, and credentials need it: put it back into TRIBUTARY_KEY`),
          ].join("\n"),
        );
      }),
    );
}

function render(done: { workspaces: number; rewrapped: number; resealed: number; stillNeeded: string[] }): string {
  return [
    `${plural(done.workspaces, "workspace")}: ${plural(done.rewrapped, "key")} and ${plural(done.resealed, "credential")} encrypted anew.`,
    done.stillNeeded.length === 0
      ? "No stored credential needs an older master key. Workflows under way and kept by Temporal still may: docs/operating.md says when it can go."
      : `Credentials still need ${done.stillNeeded.join(" and ")} (${count(done.stillNeeded.length)}): run it again.`,
  ].join("\n");
}
