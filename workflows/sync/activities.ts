import { cancellationSignal } from "@temporalio/activity";
import { ApplicationFailure } from "@temporalio/common";
import type { Dependencies } from "../dependencies.ts";
import { isNews } from "#profile/store/ingest/store.ts";
import { foretellRead } from "../forecast/foretell.ts";
import { withTemporalErrors } from "../errors.ts";
import { urgencyHere } from "../urgency.ts";
import { noteRefusal, openConnection } from "../open-connection.ts";
import type { PulledPages, SyncInput } from "./messages.ts";
import { mergePages } from "./merge-pages.ts";
import { prefetched } from "#connectors/core/prefetched.ts";
import { createAccountQuestion, refuseOtherAccount } from "./same-account.ts";

export function syncActivities(deps: Dependencies) {
  const { held, ingest, runs } = deps;
  const asking = createAccountQuestion(deps.now);
  return {
    /** Reads up to `maxPages` pages; each page's rows and the position after it are committed together. */
    async pullPages(input: SyncInput, maxPages: number): Promise<PulledPages> {
      const { workspaceId, connectionId, runId } = input;
      const step = `sync ${input.connector} ${input.stream}`;
      const log = deps.log.child({ connectionId, stream: input.stream });
      return withTemporalErrors(
        async () => {
          await runs.addCounts(workspaceId, runId, step, {});
          const before = await ingest.streamState(workspaceId, connectionId, input.stream);
          if (before.heldAt !== null && !(await held.readAgainWhenDue(workspaceId, input))) {
            throw deletionsHeld(before.errorMessage);
          }
          const opened = await openConnection(deps, workspaceId, connectionId, cancellationSignal(), urgencyHere());
          const { kind } = opened.streamOf(input.stream);
          if (before.cursor === null || before.complete) {
            const row = await deps.connections.get(workspaceId, connectionId);
            const foretold = await foretellRead(deps, row, opened, input.stream);
            if (foretold !== null) await runs.noteForecast(workspaceId, runId, step, { connectionId, foretold });
          }
          let { cursor } = await ingest.streamState(workspaceId, connectionId, input.stream);
          if (cursor === null)
            await refuseOtherAccount(
              await deps.connections.get(workspaceId, connectionId),
              asking(connectionId, opened.connection),
            );
          let pages = 0;
          let hadNews = false;
          const inPortions = deps.givingWay.portions();
          for await (const page of prefetched(mergePages(opened.connection.read(input.stream, cursor)))) {
            const from = cursor;
            const saved = await inPortions(() =>
              deps.telemetry.span("store page", {}, async (add) => {
                const save = { connectionId, stream: input.stream, from, page };
                const answer = await ingest.savePage(workspaceId, save);
                if (answer.outcome !== "superseded") add({ ...answer.counts });
                return answer;
              }),
            );
            // Another worker saved this page while ours was thought dead: the next attempt goes on from its position.
            if (saved.outcome === "superseded") return { atEnd: false };
            if (!hadNews && isNews(saved.counts)) await deps.rhythm.noteNews(workspaceId, new Date(deps.now()));
            hadNews ||= isNews(saved.counts);
            cursor = page.next;
            pages += page.pages;
            await runs.addCounts(workspaceId, runId, step, {
              pages: page.pages,
              ...saved.counts,
              ...opened.takeCalls(),
            });
            if (saved.outcome === "held") throw deletionsHeld(saved.reason);
            if (page.atEnd) {
              const vendorCount = await opened.connection.count(input.stream);
              await ingest.reconcile(workspaceId, connectionId, input.stream, kind, vendorCount);
              await runs.addCounts(workspaceId, runId, step, opened.takeCalls(), { finished: true });
              return { atEnd: true };
            }
            if (pages >= maxPages || deps.givingWay.isCrowded()) break;
          }
          return { atEnd: false };
        },
        async (error) => {
          log.warn({ kind: error.kind, ...error.details }, error.message);
          await ingest.recordFailure(workspaceId, connectionId, input.stream, error.kind, error.message);
          await noteRefusal(deps, input, error, "sync");
        },
      );
    },

    /** The vendor forgot our position: the next read starts over. What is stored stays; equal rows cost nothing. */
    async restartStream(input: SyncInput): Promise<void> {
      await ingest.resetCursor(input.workspaceId, input.connectionId, input.stream);
    },
  };
}

/** A person has to say first whether what is missing is gone; trying again would change nothing. */
function deletionsHeld(reason: string | null): ApplicationFailure {
  return ApplicationFailure.nonRetryable(reason ?? "Deletions wait for a decision.", "deletions_held");
}
