/** OpenTelemetry in a worker. Loaded only where the environment asks for it: see start.ts. */
import { metrics, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Attributes } from "@opentelemetry/api";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor, ConsoleSpanExporter } from "@opentelemetry/sdk-trace";
import type { SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
} from "@temporalio/interceptors-opentelemetry/lib/worker/index.js";
import type { OpenTelemetrySinks } from "@temporalio/interceptors-opentelemetry/lib/workflow/index.js";
import type { ActivityInterceptorsFactory, InjectedSinks } from "@temporalio/worker";
import { ConnectorError } from "#connectors/core/errors.ts";
import { fromSandbox, withoutPeople } from "./harmless-spans.ts";
import type { OtlpProtocol, TelemetrySettings } from "./settings.ts";
import type { WorkerTelemetry } from "./start.ts";
import type { SpanFields, Telemetry } from "./telemetry.ts";

const SCOPE = "tributary";
/** Seconds; vendors answer in a tenth to some seconds, and after sixty a call is given up. */
const CALL_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export async function startOpenTelemetry(settings: TelemetrySettings): Promise<WorkerTelemetry> {
  const resource = defaultResource()
    .merge(resourceFromAttributes({ "service.name": "tributary-worker" }))
    .merge(detectResources({ detectors: [envDetector, serviceInstanceIdDetector] }));
  const spanProcessors = await spanProcessorsFor(settings);
  const sdk = new NodeSDK({
    ...{ resource, autoDetectResources: false, spanProcessors, logRecordProcessors: [] },
    ...(settings.metrics ? {} : { metricReaders: [] }),
  });
  sdk.start();
  return {
    telemetry: createTelemetry(),
    traced: settings.traces !== null,
    activityInterceptors: settings.traces === null ? [] : [spanPerActivity, namingSpan],
    sinks: settings.traces === null ? undefined : sandboxSink(spanProcessors, resource),
    temporalMetrics: temporalMetricsOf(settings),
    stop: () => sdk.shutdown(),
  };
}

function createTelemetry(): Telemetry {
  const tracer = trace.getTracer(SCOPE);
  const callDuration = metrics.getMeter(SCOPE).createHistogram("tributary.vendor.call.duration", {
    description: "How long calls to a tool took, without the wait for its quota.",
    unit: "s",
    advice: { explicitBucketBoundaries: CALL_SECONDS },
  });
  return {
    span: (name, fields, work) =>
      tracer.startActiveSpan(name, { attributes: named(fields) }, async (span) => {
        try {
          return await work((more) => span.setAttributes(named(more)));
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR });
          span.setAttribute("tributary.failure", failureName(error));
          throw error;
        } finally {
          span.end();
        }
      }),
    vendorCall({ connector, operation, durationMs, outcome }) {
      callDuration.record(durationMs / 1_000, { connector, operation, outcome });
      const endTime = Date.now();
      const attributes = named({ connector, operation, outcome });
      const options = { kind: SpanKind.CLIENT, startTime: endTime - durationMs, attributes };
      const span = tracer.startSpan(`${connector} ${operation}`, options);
      if (outcome !== "ok") span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(endTime);
    },
  };
}

const named = (fields: SpanFields): Attributes =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`tributary.${name}`, value]));

function failureName(error: unknown): string {
  if (error instanceof ConnectorError) return error.kind;
  return error instanceof Error ? error.name : typeof error;
}

const spanPerActivity: ActivityInterceptorsFactory = (context) => ({
  inbound: new OpenTelemetryActivityInboundInterceptor(context),
  outbound: new OpenTelemetryActivityOutboundInterceptor(context),
});

const NAMING = ["workspaceId", "runId", "planId", "connectionId", "connector", "stream"];

/** What an activity was called with, as far as that names whose work it is. */
const namingSpan: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute(input, next) {
      const given = Object.entries(input.args[0] ?? {}).filter(([name]) => NAMING.includes(name));
      const fields = given.flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : []));
      trace.getActiveSpan()?.setAttributes(named({ ...Object.fromEntries(fields), attempt: info.attempt }));
      return next(input);
    },
  },
});

/** Spans of workflows are made in the sandbox and handed out, once: not again when a history is replayed. */
function sandboxSink(
  processors: readonly SpanProcessor[],
  resource: Parameters<typeof fromSandbox>[2],
): InjectedSinks<OpenTelemetrySinks> {
  return {
    exporter: {
      export: {
        fn({ workflowId, runId, workflowType }, spans) {
          const attributes = { workflowId, runId, workflowType };
          for (const span of spans)
            for (const processor of processors) processor.onEnd(fromSandbox(span, attributes, resource));
        },
      },
    },
  };
}

async function spanProcessorsFor({ traces }: TelemetrySettings): Promise<SpanProcessor[]> {
  if (traces === null) return [];
  const exporters = await Promise.all(
    traces.exporters.map(async (name) =>
      name === "console" ? new ConsoleSpanExporter() : await otlpExporter(traces.protocol),
    ),
  );
  return exporters.map((exporter) => new BatchSpanProcessor({ exporter: withoutPeople(exporter), ...batching() }));
}

async function otlpExporter(protocol: OtlpProtocol): Promise<SpanExporter> {
  switch (protocol) {
    case "grpc":
      return new (await import("@opentelemetry/exporter-trace-otlp-grpc")).OTLPTraceExporter();
    case "http/json":
      return new (await import("@opentelemetry/exporter-trace-otlp-http")).OTLPTraceExporter();
    case "http/protobuf":
      return new (await import("@opentelemetry/exporter-trace-otlp-proto")).OTLPTraceExporter();
  }
}

/** The SDK reads these only for exporters that it makes itself. */
function batching(): { maxQueueSize?: number; maxExportBatchSize?: number; scheduledDelayMillis?: number } {
  const given = (name: string) => Number(process.env[name]) || undefined;
  const [maxQueueSize, maxExportBatchSize, scheduledDelayMillis] = [
    given("OTEL_BSP_MAX_QUEUE_SIZE"),
    given("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
    given("OTEL_BSP_SCHEDULE_DELAY"),
  ];
  return {
    ...(maxQueueSize === undefined ? {} : { maxQueueSize }),
    ...(maxExportBatchSize === undefined ? {} : { maxExportBatchSize }),
    ...(scheduledDelayMillis === undefined ? {} : { scheduledDelayMillis }),
  };
}

function temporalMetricsOf({
  temporalMetrics,
  metricIntervalMs,
}: TelemetrySettings): WorkerTelemetry["temporalMetrics"] {
  if (temporalMetrics === null) return undefined;
  if ("prometheus" in temporalMetrics) return { prometheus: { bindAddress: temporalMetrics.prometheus } };
  return { otel: { ...temporalMetrics.otlp, metricsExportInterval: metricIntervalMs } };
}
