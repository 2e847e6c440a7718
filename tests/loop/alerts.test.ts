/** Who is told of what, and how often: real receivers, a real Temporal, and a clock that the test moves. */
import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plainTemporal } from "#temporal-config.ts";
import { alertChannels } from "#workflows/alerts/channels.ts";
import { lookOnce, type Watching } from "#workflows/alerts/watch.ts";
import {
  startMailReceiver,
  startWebhookReceiver,
  type MailReceiver,
  type WebhookReceiver,
} from "#tests/support/alert-receivers.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";
import { runCli } from "#tests/console/run-cli.ts";

const SECRET = "a secret of sixteen";
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let loop: TestLoop;
let hook: WebhookReceiver;
let mail: MailReceiver;
let watching: Watching;
let environment: Record<string, string>;
beforeAll(async () => {
  [loop, hook, mail] = await Promise.all([
    startTestLoop({ workers: false }),
    startWebhookReceiver(),
    startMailReceiver(),
  ]);
  const alerts = {
    webhook: { url: hook.url, secret: SECRET },
    mail: { smtpUrl: mail.url, to: "oncall@tributary.example", from: "tributary@tributary.example" },
    againHours: 24,
  };
  const temporal = plainTemporal(loop.temporal.address);
  watching = {
    config: { alerts, temporal, masterKeys: loop.masterKeys },
    deps: loop.deps,
    channels: alertChannels(alerts),
  };
  environment = {
    ...loop.workerEnvironment,
    ...{ TRIBUTARY_ALERT_WEBHOOK: hook.url, TRIBUTARY_ALERT_SECRET: SECRET },
    ...{ TRIBUTARY_ALERT_MAIL_TO: alerts.mail.to, TRIBUTARY_ALERT_MAIL_FROM: alerts.mail.from },
    TRIBUTARY_SMTP_URL: mail.url,
  };
});
afterAll(async () => {
  await loop.stop();
  await Promise.all([hook.close(), mail.close()]);
});

const refuse = (status: "needs_reconnect" | "ready") =>
  loop.deps.connections.setStatus(
    ...([loop.workspaceId, loop.connectionIds.hubspot, status] as const),
    ...([status === "ready" ? null : "HubSpot rejected the access token.", "test"] as const),
  );
/** What a look told since the last one. */
async function told(): Promise<string[]> {
  await lookOnce(watching);
  return hook.received.splice(0).map(({ alert }) => `${alert.phase} ${alert.kind} ${alert.workspace ?? "everywhere"}`);
}
async function toldAfter(ms: number): Promise<string[]> {
  loop.advance(ms);
  return told();
}

describe("a trouble", () => {
  it("is told in every way, signed, with what to do: also that no worker runs", async () => {
    await refuse("needs_reconnect");
    await lookOnce(watching);
    const [refused, ...others] = hook.received.splice(0);
    // It may be about to start.
    expect(others).toEqual([]);
    loop.advance(4 * MINUTE_MS);
    await lookOnce(watching);
    const [worker] = hook.received.splice(0);
    expect(worker?.alert).toMatchObject({ phase: "opened", kind: "no_worker", workspace: null });
    expect(refused?.alert).toMatchObject({
      ...{ phase: "opened", kind: "needs_reconnect", workspace: "test", subject: loop.connectionIds.hubspot },
      says: 'HubSpot "main": HubSpot rejected the access token.',
    });
    expect(refused?.alert.todo).toContain("tributary reconnect hubspot");
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(refused?.headers["tributary-signature"])) ?? [];
    expect(v1).toBe(createHmac("sha256", SECRET).update(`${t}.${refused?.raw}`).digest("hex"));
    expect(refused?.headers["tributary-delivery"]).toBe(refused?.alert.id);

    expect(mail.received).toHaveLength(2);
    const text = mail.received.join("\n");
    expect(text).toContain("Subject: Tributary test: needs reconnect");
    expect(text).toContain("To: oncall@tributary.example");
    expect(text).toMatch(/What to do: give it new credentials/);
  });

  it("is told once, and by one process at a time", async () => {
    expect(await toldAfter(2 * MINUTE_MS)).toEqual([]);
    loop.advance(2 * MINUTE_MS);
    await Promise.all([lookOnce(watching), lookOnce(watching), lookOnce(watching)]);
    expect(hook.received.splice(0)).toEqual([]);
  });

  it("is told again after a day, as long as it lasts", async () => {
    expect(await toldAfter(25 * HOUR_MS)).toEqual(["still no_worker everywhere", "still needs_reconnect test"]);
    expect(await toldAfter(2 * MINUTE_MS)).toEqual([]);
  });

  it("that comes and goes is not told each time; its end is, once", async () => {
    await refuse("ready");
    expect(await toldAfter(2 * MINUTE_MS)).toEqual([]);
    await refuse("needs_reconnect");
    expect(await toldAfter(2 * MINUTE_MS)).toEqual([]);
    await refuse("ready");
    expect(await toldAfter(2 * MINUTE_MS)).toEqual([]);
    expect(await toldAfter(12 * MINUTE_MS)).toEqual(["resolved needs_reconnect test"]);
    expect(await toldAfter(12 * MINUTE_MS)).toEqual([]);
  });

  it("is told as soon as the receiver takes it again, and nowhere that it points to", async () => {
    await refuse("needs_reconnect");
    hook.status = 302;
    expect(await toldAfter(2 * MINUTE_MS)).toEqual([]);
    hook.status = 500;
    expect(await toldAfter(2 * MINUTE_MS)).toEqual([]);
    expect(hook.elsewhere).toBe(0);
    hook.status = 204;
    expect(await toldAfter(HOUR_MS)).toEqual(["opened needs_reconnect test"]);
    // The mail server had taken it at once.
    expect(mail.received.filter((one) => one.includes("Subject: Tributary test: needs reconnect"))).toHaveLength(2);
  });
});

describe("a process", () => {
  it("that works looks by itself: the end of having no worker is told by the worker that began", async () => {
    await refuse("ready");
    loop.advance(-40 * HOUR_MS);
    await loop.test.database.pool.query("UPDATE watch SET next_turn_at = now() - interval '1 minute'");
    await loop.test.database.inWorkspace(
      (await loop.deps.installation.get()).installationId as string as TestLoop["workspaceId"],
      (transaction) => transaction.query("UPDATE alert SET seen_at = now() - interval '1 hour', next_try_at = now()"),
    );
    const worker = await startWorkerProcess(environment);
    try {
      while (!hook.received.some(({ alert }) => alert.kind === "no_worker" && alert.phase === "resolved"))
        await sleep(200);
      expect(worker.output()).not.toContain(SECRET);
    } finally {
      await worker.stop();
    }
  });
});

describe("tributary alerts test", () => {
  it("sends one in every way and says whether it was taken", async () => {
    hook.received.length = 0;
    mail.received.length = 0;
    const { code, out } = await runCli(environment, ["alerts", "test", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual([
      { channel: "webhook", failure: null },
      { channel: "mail", failure: null },
    ]);
    expect(hook.received.map(({ alert }) => alert.phase)).toEqual(["test"]);
    expect(mail.received.join()).toContain("This is a test");
  });

  it("says what is missing, and what was not taken", async () => {
    hook.status = 500;
    const failed = await runCli(environment, ["alerts", "test"]);
    hook.status = 204;
    expect(failed.code).toBe(1);
    expect(failed.out).toContain("webhook: the webhook answered 500");
    const nobody = await runCli(loop.workerEnvironment, ["alerts", "test"]);
    expect(nobody.code).toBe(1);
    expect(nobody.err).toContain("set TRIBUTARY_ALERT_WEBHOOK");
  });
});
