import type { Command } from "commander";
import { withContext } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { print } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { renderProfile } from "../profile-text.ts";

export function profileCommand(program: Command): void {
  program
    .command("profile")
    .argument("<email|id>", "e-mail address, phone number, profile id (old ids too) or a tool's own record id")
    .description("one customer: from which records, why merged, consent, traits with reasons, what was written where")
    .option("--json", "print JSON")
    .action((query: string, options: OutputOptions) =>
      withContext(async ({ workspace, stores }) => {
        const { workspaceId } = workspace;
        const profileId = await stores.identity.findProfile(workspaceId, query);
        const view = profileId === undefined ? null : await stores.views.profile(workspaceId, profileId);
        if (view === null || profileId === undefined) {
          throw new CommandFailure(
            `No customer has "${query}". Try an e-mail address, a phone number with its country code, or an id as a tool shows it.`,
            3,
          );
        }
        const why = await stores.identity.explain(workspaceId, profileId);
        print(options, { ...view, why }, () => renderProfile(view, why));
      }),
    );
}
