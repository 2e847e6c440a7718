/**
 * OpenTelemetry's own environment variables, as far as we have to know them before the SDK is loaded; it reads the others
 * itself. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ (read 2026-11)
 */

type RawEnvironment = Readonly<Record<string, string | undefined>>;
export type OtlpProtocol = "grpc" | "http/protobuf" | "http/json";

export interface TelemetrySettings {
  /** Null: no spans. */
  traces: { exporters: ("otlp" | "console")[]; protocol: OtlpProtocol } | null;
  /** The SDK makes what exports them. */
  metrics: boolean;
  /** What Temporal's own core measures goes to the same place. */
  temporalMetrics:
    | { otlp: { url: string; http: boolean; headers: Record<string, string> } }
    | { prometheus: string }
    | null;
  metricIntervalMs: number;
}

const DEFAULT_INTERVAL_MS = 60_000;
const PROMETHEUS_PORT = 9_464;
const PROTOCOLS: readonly string[] = ["grpc", "http/protobuf", "http/json"] satisfies OtlpProtocol[];

/**
 * Null: nothing is configured, and nothing is loaded.
 *
 * @throws RangeError naming the variable that is wrong
 */
export function telemetrySettings(raw: RawEnvironment): TelemetrySettings | null {
  const of = (name: string) => raw[name]?.trim() || undefined;
  if (of("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return null;
  const endpointOf = (signal: "TRACES" | "METRICS") =>
    of(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`) ?? of("OTEL_EXPORTER_OTLP_ENDPOINT");
  // By the specification the exporter is `otlp` where nothing is said. Without an endpoint nobody is meant to listen.
  const exportersOf = (signal: "TRACES" | "METRICS", known: readonly string[]) => {
    const said = of(`OTEL_${signal}_EXPORTER`) ?? (endpointOf(signal) === undefined ? "none" : "otlp");
    const names = said.split(",").map((name) => name.trim());
    const unknown = names.find((name) => name !== "none" && !known.includes(name));
    if (unknown !== undefined) throw new RangeError(`OTEL_${signal}_EXPORTER: must be ${known.join(", ")} or none.`);
    return names.includes("none") ? [] : names;
  };
  const protocolOf = (signal: "TRACES" | "METRICS"): OtlpProtocol => {
    const name = `OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`;
    const said = of(name) ?? of("OTEL_EXPORTER_OTLP_PROTOCOL") ?? "http/protobuf";
    if (!PROTOCOLS.includes(said))
      throw new RangeError(`OTEL_EXPORTER_OTLP_PROTOCOL: must be ${PROTOCOLS.join(", ")}.`);
    return said as OtlpProtocol;
  };
  const traces = exportersOf("TRACES", ["otlp", "console"]) as ("otlp" | "console")[];
  const metrics = exportersOf("METRICS", ["otlp", "prometheus", "console"]);
  if (traces.length + metrics.length === 0) return null;

  let temporalMetrics: TelemetrySettings["temporalMetrics"] = null;
  if (metrics.includes("otlp")) {
    const http = protocolOf("METRICS") !== "grpc";
    const own = of("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");
    const base = of("OTEL_EXPORTER_OTLP_ENDPOINT") ?? (http ? "http://localhost:4318" : "http://localhost:4317");
    const url = own ?? (http ? `${base.replace(/\/$/, "")}/v1/metrics` : base);
    const headers = of("OTEL_EXPORTER_OTLP_METRICS_HEADERS") ?? of("OTEL_EXPORTER_OTLP_HEADERS") ?? "";
    temporalMetrics = { otlp: { url, http, headers: pairsOf(headers) } };
  } else if (metrics.includes("prometheus")) {
    const port = Number(of("OTEL_EXPORTER_PROMETHEUS_PORT") ?? PROMETHEUS_PORT);
    if (!Number.isInteger(port) || port < 1 || port > 65_534)
      throw new RangeError("OTEL_EXPORTER_PROMETHEUS_PORT: must be a port number.");
    // One program cannot have a port twice: Temporal's core answers on the next one.
    temporalMetrics = { prometheus: `${of("OTEL_EXPORTER_PROMETHEUS_HOST") ?? "127.0.0.1"}:${port + 1}` };
  }
  return {
    traces: traces.length === 0 ? null : { exporters: traces, protocol: protocolOf("TRACES") },
    metrics: metrics.length > 0,
    temporalMetrics,
    metricIntervalMs: Number(of("OTEL_METRIC_EXPORT_INTERVAL")) || DEFAULT_INTERVAL_MS,
  };
}

/** `name=value` pairs, separated by commas, their values encoded as in a URL. */
function pairsOf(text: string): Record<string, string> {
  const pairs = text.split(",").flatMap((pair): [string, string][] => {
    const at = pair.indexOf("=");
    return at < 1 ? [] : [[pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]];
  });
  return Object.fromEntries(pairs);
}
