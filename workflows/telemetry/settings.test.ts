import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { telemetrySettings } from "./settings.ts";

describe("telemetry", () => {
  it("is off until somebody says where to", () => {
    expect(telemetrySettings({})).toBeNull();
    expect(telemetrySettings({ OTEL_SERVICE_NAME: "shop", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toBeNull();
    expect(telemetrySettings({ OTEL_EXPORTER_OTLP_ENDPOINT: "" })).toBeNull();
    expect(telemetrySettings({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", OTEL_SDK_DISABLED: "true" })).toBeNull();
    expect(telemetrySettings({ OTEL_TRACES_EXPORTER: "none", OTEL_METRICS_EXPORTER: "none" })).toBeNull();
  });

  it("goes to the endpoint with its headers, Temporal's own metrics too", () => {
    const settings = telemetrySettings({
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example/otlp/",
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%20b, x-team = shop",
    });
    expect(settings).toMatchObject({ traces: { exporters: ["otlp"], protocol: "http/protobuf" }, metrics: true });
    expect(settings?.temporalMetrics).toEqual({
      otlp: {
        url: "https://collector.example/otlp/v1/metrics",
        http: true,
        headers: { "api-key": "a b", "x-team": "shop" },
      },
    });
  });

  it("can be metrics alone, for Prometheus; Temporal's own are on the next port", () => {
    expect(
      telemetrySettings({ OTEL_METRICS_EXPORTER: "prometheus", OTEL_EXPORTER_PROMETHEUS_PORT: "9500" }),
    ).toMatchObject({ traces: null, metrics: true, temporalMetrics: { prometheus: "127.0.0.1:9501" } });
  });

  it("names a variable that is wrong and does not repeat its value", () => {
    const wrong = () => telemetrySettings({ OTEL_TRACES_EXPORTER: "jaeger-secret" });
    expect(wrong).toThrow(/OTEL_TRACES_EXPORTER: must be otlp, console or none/);
    expect(wrong).not.toThrow(/jaeger/);
    const protocol = { OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_PROTOCOL: "udp" };
    expect(() => telemetrySettings(protocol)).toThrow(/OTEL_EXPORTER_OTLP_PROTOCOL/);
    expect(() =>
      telemetrySettings({ OTEL_METRICS_EXPORTER: "prometheus", OTEL_EXPORTER_PROMETHEUS_PORT: "x" }),
    ).toThrow(/OTEL_EXPORTER_PROMETHEUS_PORT/);
  });
});

describe("a worker without telemetry", () => {
  it("does not even load OpenTelemetry", () => {
    expect(loadedBy({})).toEqual([]);
    expect(loadedBy({ OTEL_TRACES_EXPORTER: "console", OTEL_METRICS_EXPORTER: "none" })).toContain(
      "@opentelemetry/sdk-node",
    );
  });
});

/** Which of its packages a process loads that makes workers as the worker process does. */
function loadedBy(environment: Record<string, string>): string[] {
  const program = `
    import { registerHooks } from "node:module";
    const seen = new Set();
    registerHooks({ resolve: (name, context, next) => { seen.add(name); return next(name, context); } });
    await import("#workflows/workers.ts");
    await import("#workflows/create-dependencies.ts");
    const { stop } = await (await import("#workflows/telemetry/start.ts")).startTelemetry(process.env);
    await stop();
    process.stdout.write(JSON.stringify([...seen].filter((name) => name.includes("opentelemetry"))));`;
  const out = execFileSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program],
    {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: environment,
      encoding: "utf8",
    },
  );
  const names: unknown = JSON.parse(out);
  return Array.isArray(names) ? names.map(String) : [];
}
