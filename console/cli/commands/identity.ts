import type { Command } from "commander";
import { actor } from "../actor.ts";
import { type Context, withContext } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { wholeNumber } from "../number-option.ts";
import { type OutputOptions, print, table } from "../output.ts";

export function identityCommands(program: Command): void {
  program
    .command("explain")
    .argument("<one>", "a record's id, or a customer by address, number or id")
    .argument("<other>")
    .description("two records, or two customers: why they are likely one person or not, clue by clue")
    .option("--json", "print JSON")
    .action((one: string, other: string, options: OutputOptions) =>
      withContext(async ({ stores, workspace }) => {
        const found = await stores.identity.explainPair(workspace.workspaceId, one, other);
        if (found === null)
          throw new CommandFailure("One of the two is unknown, or says too little to be compared with others.", 3);
        print(options, found, ({ names, sentences, verdict }) =>
          [`${names[0]} and ${names[1]}`, ...sentences, ...(verdict === null ? [] : [DECIDED[verdict]])].join("\n"),
        );
      }),
    );

  const identity = program.command("identity").description("who is likely one person, and what people say about it");
  identity
    .command("review", { isDefault: true })
    .description("pairs that are likely one person and wait for somebody's word, the likeliest first")
    .option("--limit <n>", "how many", wholeNumber, 20)
    .option("--json", "print JSON")
    .action((options: OutputOptions & { limit: number }) =>
      withContext(async ({ stores, workspace }) => {
        const pairs = await stores.identity.review(workspace.workspaceId, options.limit);
        print(options, pairs, () =>
          pairs.length === 0
            ? "No pair waits for a decision."
            : `${table(
                ["one", "other", "probability"],
                pairs.map(({ a, b, weight }) => [a, b, `${(100 / (1 + 2 ** -weight)).toFixed(1)} %`]),
              )}\n\nWhy: tributary explain ONE OTHER. Then: tributary identity accept ONE OTHER, or reject.`,
        );
      }),
    );
  for (const [name, verdict, words] of [
    ["accept", "same", "two records are one person, whatever is learned later"],
    ["reject", "different", "two records are different people, whatever is learned later"],
  ] as const) {
    identity
      .command(name)
      .argument("<one>", "a record's id")
      .argument("<other>")
      .description(words)
      .option("--reason <text>", "why, for whoever asks later")
      .option("--json", "print JSON")
      .action((one: string, other: string, options: OutputOptions & { reason?: string }) =>
        withContext((context) => decide(context, { one, other, verdict }, options)),
      );
  }
  identity
    .command("models")
    .description("what was learned of the records, and a change that waits for approval")
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withContext(async ({ stores, workspace }) => {
        const models = await stores.identity.models(workspace.workspaceId);
        print(options, models, () =>
          models.length === 0
            ? "Nothing was learned yet: there are no records to compare."
            : table(
                ["version", "state", "records", "customers it joins", "customers it takes apart"],
                models.map(({ version, state, records, joins, parts }) => [version, state, records, joins, parts]),
              ),
        );
      }),
    );
  identity
    .command("approve")
    .argument("<version>", "of a proposed model", wholeNumber)
    .description("put what was learned to use: customers are joined and taken apart with the next refresh")
    .option("--json", "print JSON")
    .action((version: number, options: OutputOptions) =>
      withContext(async ({ stores, workspace }) => {
        if (!(await stores.identity.approveModel(workspace.workspaceId, version, actor())))
          throw new CommandFailure(`No model ${version} waits for approval.`, 3);
        print(options, { version, state: "active" }, () => `Model ${version} is in use from the next refresh on.`);
      }),
    );
}

const DECIDED = {
  same: "Somebody decided: one person.",
  different: "Somebody decided: different people.",
};

async function decide(
  { stores, workspace }: Context,
  { one, other, verdict }: { one: string; other: string; verdict: "same" | "different" },
  options: OutputOptions & { reason?: string },
): Promise<void> {
  const done = await stores.identity.decide(workspace.workspaceId, {
    ...{ one, other, verdict, actor: actor() },
    reason: options.reason ?? null,
  });
  if (!done) throw new CommandFailure("Name two records by their ids, as `tributary identity review` shows them.", 3);
  print(options, { one, other, verdict }, () => `${DECIDED[verdict]} It takes effect with the next refresh.`);
}
