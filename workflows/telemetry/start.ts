/** Telemetry as the environment asks for it; without that OpenTelemetry is not even loaded. */
import type { ActivityInterceptorsFactory, InjectedSinks, MetricsExporterConfig } from "@temporalio/worker";
import type { OpenTelemetrySinks } from "@temporalio/interceptors-opentelemetry/lib/workflow/index.js";
import { ConfigError } from "#config.ts";
import { telemetrySettings } from "./settings.ts";
import type { TelemetrySettings } from "./settings.ts";
import { noTelemetry } from "./telemetry.ts";
import type { Telemetry } from "./telemetry.ts";

export interface WorkerTelemetry {
  telemetry: Telemetry;
  /** Workflows are bundled with what makes their spans. */
  traced: boolean;
  activityInterceptors: ActivityInterceptorsFactory[];
  sinks: InjectedSinks<OpenTelemetrySinks> | undefined;
  /** Where Temporal's core reports what it measures. */
  temporalMetrics: MetricsExporterConfig | undefined;
  /** Sends what has not been sent yet. */
  stop(): Promise<void>;
}

const NONE: WorkerTelemetry = {
  telemetry: noTelemetry,
  traced: false,
  activityInterceptors: [],
  sinks: undefined,
  temporalMetrics: undefined,
  stop: async () => undefined,
};

/** @throws ConfigError naming the variable that is wrong */
export async function startTelemetry(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<WorkerTelemetry> {
  let settings: TelemetrySettings | null;
  try {
    settings = telemetrySettings(environment);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
  return settings === null ? NONE : (await import("./otel.ts")).startOpenTelemetry(settings);
}
