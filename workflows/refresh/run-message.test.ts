import { expect, it } from "vitest";
import type { RunId, WorkspaceId } from "#profile/ids.ts";
import { messageOf } from "./run-message.ts";

const step = { workspaceId: "w" as WorkspaceId, runId: "r" as RunId };
const well = { ...step, failedStreams: 0, lateStreams: 0, failedPlans: 0, latePlans: 0 };
const slow = { errorMessage: null };
const unreachable = { errorMessage: "HubSpot could not be reached for contacts.list." };

it("says nothing where all went well, and what failed where something did", () => {
  expect(messageOf(well, { cutOff: [], late: [] })).toEqual({ outcome: "ok" });
  expect(messageOf({ ...well, failedStreams: 2, failedPlans: 1 }, { cutOff: ["main"], late: [] })).toEqual({
    outcome: "failed",
    message:
      "2 streams could not be read, 1 tool could not be written to, not read until reconnected: main; `tributary status` names them.",
  });
  expect(messageOf({ ...step, interrupted: true }, { cutOff: [], late: [] }).outcome).toBe("failed");
});

it("names what is late: slow is no failure, unanswered attempts are one", () => {
  expect(messageOf({ ...well, lateStreams: 1, latePlans: 1 }, { cutOff: [], late: [slow] })).toEqual({
    outcome: "ok",
    message:
      "1 stream still being read, what comes joins the next run, 1 tool still being compared or written to; `tributary status` names them.",
  });
  expect(messageOf({ ...well, lateStreams: 2 }, { cutOff: [], late: [slow, unreachable] })).toEqual({
    outcome: "failed",
    message:
      "1 stream could not be read so far and will be tried on, 1 stream still being read, what comes joins the next run; `tributary status` names them.",
  });
});

it("takes the ending of a run that an older version began", () => {
  const { lateStreams: _, latePlans: __, ...old } = well;
  expect(messageOf(old, { cutOff: [], late: [unreachable] })).toEqual({ outcome: "ok" });
});
