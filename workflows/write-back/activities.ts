import { hash } from "node:crypto";
import { ApplicationFailure, Context, cancellationSignal } from "@temporalio/activity";
import type { AudienceDefinition } from "#connectors/core/audience.ts";
import type { Connector, FieldReport, OpenConnection } from "#connectors/core/contract.ts";
import { connectorOf } from "#connectors/registry.ts";
import type { Dependencies } from "../dependencies.ts";
import { foretellWrite } from "../forecast/foretell.ts";
import { withTemporalErrors } from "../errors.ts";
import { urgencyHere } from "../urgency.ts";
import { noteRefusal, openConnection } from "../open-connection.ts";
import type { BuiltPlan, Destination, StepInput } from "../refresh/messages.ts";
import { asMembers, audiencesOf, consentOfMembers, proposeMembers } from "./audience.ts";
import { buildChanges, writeBackOf } from "./build.ts";
import { isCarriedOutApart, makeRoom } from "./carrier.ts";
import { carryOut } from "./carry-out.ts";
import { prepared } from "./prepare.ts";
import type { Approval, PlanInput, UndoInput } from "./messages.ts";

/** A record compared this recently is written without looking again first. An undo has compared nothing yet. */
const FRESH_MS = 60_000;

export function writeBackActivities(deps: Dependencies) {
  const { plans, consent, runs } = deps;
  const instant = () => new Date(deps.now()).toISOString();
  const atVendor = <T>(input: Pick<PlanInput, "workspaceId" | "connectionId">, work: () => Promise<T>): Promise<T> =>
    withTemporalErrors(work, (error) => noteRefusal(deps, input, error, "write-back"));

  const settingsOf = ({ workspaceId, connectionId }: Pick<PlanInput, "workspaceId" | "connectionId">) =>
    deps.connections.get(workspaceId, connectionId);

  async function buildAudience(input: StepInput & Destination, connector: Connector): Promise<BuiltPlan> {
    const { workspaceId, runId, connectionId } = input;
    const { settings } = await settingsOf(input);
    const { proposed, refused } = await proposeMembers({
      ...{ audiences: deps.audiences, workspaceId, connectionId, connector, settings, at: instant() },
    });
    await deps.connections.setStatus(workspaceId, connectionId, "ready", refused, "write-back");
    if (refused !== null) deps.log.info({ runId, connectionId }, refused);
    switch (proposed.outcome) {
      case "nothing":
        return { planId: null, status: "none", supersededPlanId: null };
      case "waiting":
        return { planId: proposed.plan.planId, status: "waiting", supersededPlanId: null };
      case "unfinished": {
        const free = await makeRoom(Context.current().client, proposed.plan);
        return free
          ? { planId: proposed.plan.planId, status: "approved", supersededPlanId: null }
          : { planId: null, status: "none", supersededPlanId: null };
      }
      case "sealed": {
        const { planId, sealed, superseded } = proposed;
        await runs.addCounts(
          workspaceId,
          runId,
          `plan ${input.connector}`,
          { changes: sealed.changes },
          { finished: true },
        );
        deps.log.info({ planId, connectionId, changes: sealed.changes, status: sealed.status }, sealed.reason);
        return { planId, status: sealed.status, supersededPlanId: superseded };
      }
    }
  }

  return {
    /** Compares and seals; says whether the plan waits for a person. A repeated attempt goes on with what was compared. */
    buildPlan: (input: StepInput & Destination): Promise<BuiltPlan> =>
      atVendor(input, async () => {
        const { workspaceId, runId, connectionId } = input;
        const step = `plan ${input.connector}`;
        const destination = (await plans.destinations(workspaceId)).find(
          (known) => known.connectionId === connectionId,
        );
        // Closed since the run began, as when its token was refused while reading: the connection says so itself.
        if (destination === undefined) return { planId: null, status: "none", supersededPlanId: null };
        const connector = connectorOf(input.connector);
        if (connector.audiences !== undefined) return buildAudience(input, connector);
        const earlier = await plans.openPlan(workspaceId, connectionId);
        const { fields, fieldsRevision: revision } = destination;
        const digest = hash("sha256", JSON.stringify(fields), "hex");
        const begun = await plans.begin(workspaceId, connectionId, instant(), { digest, revision, fields });
        if (begun.outcome === "nothing") return { planId: null, status: "none", supersededPlanId: null };
        if (begun.outcome !== "building") {
          const { plan } = begun;
          // The caller starts the workflow of such a plan, where there is none.
          const free = await makeRoom(Context.current().client, plan);
          if (begun.outcome === "waiting") return { planId: plan.planId, status: "waiting", supersededPlanId: null };
          if (!free) return { planId: null, status: "none", supersededPlanId: null };
          deps.log.warn(
            { runId, planId: plan.planId },
            "nobody was carrying the plan out any more: it is taken up again",
          );
          return { planId: plan.planId, status: "approved", supersededPlanId: null };
        }
        const { planId } = begun;
        await runs.addCounts(workspaceId, runId, step, {});
        const opened = await openConnection(deps, workspaceId, connectionId, cancellationSignal(), urgencyHere());
        const { stream } = writeBackOf(opened.connector);
        await buildChanges({
          ...{ plans, workspaceId, planId, fields },
          ...{ connector: opened.connector, connection: opened.connection },
          onPortion: async (counts) => {
            await runs.addCounts(workspaceId, runId, step, { ...counts, ...opened.takeCalls() });
          },
        });
        const sealed = await plans.seal(workspaceId, planId, stream, instant());
        await runs.addCounts(workspaceId, runId, step, {}, { finished: true });
        deps.log.info({ planId, connectionId, changes: sealed.changes, status: sealed.status }, sealed.reason);
        const superseded = earlier?.status === "waiting" && earlier.planId !== planId ? earlier.planId : null;
        return { planId, status: sealed.status, supersededPlanId: superseded };
      }),

    async planDecision({ workspaceId, planId }: PlanInput): Promise<"waiting" | "approved" | "ended"> {
      const plan = await plans.find(workspaceId, planId);
      if (plan?.status === "approved" || plan?.status === "applying") return "approved";
      return plan?.status === "waiting" ? "waiting" : "ended";
    },

    async approvePlan({ workspaceId, planId }: PlanInput, { actor, digest }: Approval): Promise<void> {
      const answer = await plans.approve(workspaceId, planId, { actor, digest, at: instant() });
      if (answer.outcome === "digest_mismatch") {
        throw ApplicationFailure.nonRetryable("This seal is not the plan's: show the plan again before approving it.");
      }
      // An approval that is repeated after its answer got lost is fine.
      if (answer.outcome === "not_waiting" && answer.status !== "approved" && answer.status !== "applying") {
        throw ApplicationFailure.nonRetryable(`The plan is ${answer.status}; there is nothing to approve.`);
      }
    },

    async rejectPlan({ workspaceId, planId }: PlanInput, actor: string): Promise<void> {
      const answer = await plans.reject(workspaceId, planId, { actor, at: instant() });
      if (answer.outcome === "not_waiting" && answer.status !== "rejected") {
        throw ApplicationFailure.nonRetryable(`The plan is ${answer.status}; there is nothing to reject.`);
      }
    },

    /** Makes our fields where they are missing, and looks at those of the tool's own. @returns those that cannot be written */
    prepareFields: (input: PlanInput): Promise<string[]> =>
      atVendor(input, async () => {
        const { workspaceId, connectionId } = input;
        const destination = (await plans.destinations(workspaceId)).find(
          (known) => known.connectionId === connectionId,
        );
        const { connection } = await openConnection(
          deps,
          workspaceId,
          connectionId,
          cancellationSignal(),
          urgencyHere(),
        );
        const connector = connectorOf(input.connector);
        const conflicts =
          connector.audiences === undefined
            ? await prepared(connection, destination?.fields ?? [])
            : (await ensureAudiences(connection, audiencesOf(connector, (await settingsOf(input)).settings))).filter(
                ({ outcome }) => outcome === "conflict",
              );
        const reason = conflicts.map((conflict) => `${conflict.name}: ${conflict.reason ?? "in use"}`).join(" ");
        if (conflicts.length > 0)
          await deps.connections.setStatus(workspaceId, connectionId, "ready", reason, "write-back");
        return conflicts.map(({ name }) => name);
      }),

    /** One pass over everything without a result. Deferred rows are counted; the workflow waits and tries them again. */
    applyBatches: (input: PlanInput, without: string[]): Promise<{ retry: number }> =>
      atVendor(input, async () => {
        const { workspaceId, planId, connectionId, runId } = input;
        const step = `write ${input.connector}`;
        if (runId !== null) await runs.addCounts(workspaceId, runId, step, {});
        const plan = await plans.startApplying(workspaceId, planId);
        const open = () => openConnection(deps, workspaceId, connectionId, cancellationSignal(), urgencyHere());
        const [writer, reader] = await Promise.all([open(), open()]);
        const mapping = await plans.mapping(workspaceId, planId);
        const { audiences } = writer.connector;
        const members = (connection: OpenConnection) =>
          audiences === undefined
            ? connection
            : { ...connection, ...asMembers({ audiences: deps.audiences, workspaceId, planId, connection }) };
        const { batchSize, readSize } =
          audiences === undefined
            ? writeBackOf(writer.connector)
            : { batchSize: audiences.batchSize, readSize: audiences.batchSize };
        const asked =
          audiences === undefined ? consent : consentOfMembers(consent, { audiences: deps.audiences, planId });
        const readBack: OpenConnection["readLive"] = (ids, fields) =>
          deps.telemetry.span("read back", { records: ids.length }, () =>
            members(reader.connection).readLive(ids, fields),
          );
        const isFresh = () => plan.kind === "write" && deps.now() - plan.createdAt.getTime() < FRESH_MS;
        if (runId !== null) {
          const { changes, destinationRecords: records } = plan;
          const ahead = { changes, records, fields: null, fresh: isFresh() };
          const foretold = await foretellWrite(deps, workspaceId, writer, ahead);
          await runs.noteForecast(workspaceId, runId, step, { connectionId, foretold });
        }
        let retry = 0;
        await carryOut({
          ...{
            plans,
            consent: asked,
            workspaceId,
            planId,
            kind: plan.kind,
            mapping,
            without,
            batchSize,
            readSize,
            now: deps.now,
          },
          ...{
            connection: members(writer.connection),
            beforeSending: writer.beforeSending,
            reader: { readLive: readBack },
          },
          isFresh,
          onSettled: async (results) => {
            await plans.recordResults(workspaceId, planId, results, instant());
            retry += results.filter(({ outcome }) => outcome === "retry").length;
            if (runId === null) return;
            const counts = { ...countsOf(results), ...writer.takeCalls() };
            for (const [name, count] of Object.entries(reader.takeCalls())) counts[name] = (counts[name] ?? 0) + count;
            await runs.addCounts(workspaceId, runId, step, counts);
          },
        });
        if (runId !== null) await runs.addCounts(workspaceId, runId, step, {}, { finished: retry === 0 });
        return { retry };
      }),

    async finishPlan({ workspaceId, planId }: PlanInput): Promise<void> {
      const ending = await plans.finish(workspaceId, planId, instant());
      if (ending.outcome === "unfinished") {
        throw ApplicationFailure.nonRetryable(
          `${ending.remaining} changes could not be sent; \`tributary plan retry\` tries again.`,
        );
      }
      deps.log.info(ending.counts, `plan ${ending.outcome}`);
    },

    async beginUndo({ workspaceId, planId, actor }: UndoInput): Promise<{ undoPlanId: PlanInput["planId"] }> {
      const begun = await plans.beginUndo(workspaceId, planId, { actor, at: instant() });
      switch (begun.outcome) {
        case "approved":
          if (await isCarriedOutApart(Context.current().client, begun.plan.planId))
            throw ApplicationFailure.nonRetryable(
              `It is being undone already: \`tributary plan show ${begun.plan.planId}\` says how far.`,
            );
          return { undoPlanId: begun.plan.planId };
        case "nothing_to_undo":
          throw ApplicationFailure.nonRetryable("Nothing of this plan was written, so there is nothing to undo.");
        case "not_undoable":
          throw ApplicationFailure.nonRetryable(`The plan is ${begun.status}; only an applied plan can be undone.`);
        case "already_undone":
          throw ApplicationFailure.nonRetryable(`It was undone already, by plan ${begun.plan.planId}.`);
        case "pruned":
          throw ApplicationFailure.nonRetryable(
            `The plan can no longer be undone: what was there before it is past the time it is kept for and was removed on ${begun.prunedAt.toISOString().slice(0, 10)}.`,
          );
        case "busy":
          throw ApplicationFailure.nonRetryable(
            `Plan ${begun.plan.planId} for this tool is in progress; try again when it has finished.`,
          );
      }
    },
  };
}

async function ensureAudiences(connection: OpenConnection, wanted: AudienceDefinition[]): Promise<FieldReport[]> {
  const reports: FieldReport[] = [];
  for (const audience of wanted) reports.push(await connection.ensureAudience(audience));
  return reports;
}

function countsOf(results: { outcome: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
