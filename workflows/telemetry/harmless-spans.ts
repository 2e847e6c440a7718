/** What leaves in a span: names, ids, counts. Whatever else an SDK, a library or an error has put there is left out. */
import type { Attributes } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import type { SerializableSpan } from "@temporalio/interceptors-opentelemetry/lib/workflow/index.js";

/** Ours, and those of Temporal's that name workflows and activities. Its workflow spans bring memo and search attributes. */
const ALLOWED =
  /^(tributary\.\w+|temporalWorkflowId|temporalActivityId|temporalUpdateId|run_id|workflowId|runId|workflowType|taskQueue|attempt)$/;
/** Ids, names of workflows and steps; an address, a telephone number with its plus or a query does not look so. */
const ID = /^[\w.:/-]{1,200}$/;

export function withoutPeople(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(harmless), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function harmless(span: ReadableSpan): ReadableSpan {
  return {
    ...{ name: span.name, kind: span.kind, startTime: span.startTime, endTime: span.endTime, duration: span.duration },
    spanContext: () => span.spanContext(),
    ...(span.parentSpanContext === undefined ? {} : { parentSpanContext: span.parentSpanContext }),
    // The message of a failure may quote what it failed over.
    status: { code: span.status.code },
    attributes: allowed(span.attributes),
    links: span.links.map(({ context }) => ({ context })),
    events: span.events.map(({ time, name, attributes }) => ({
      time,
      name,
      attributes:
        attributes?.["exception.type"] === undefined ? {} : { "exception.type": attributes["exception.type"] },
    })),
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

function allowed(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(
      ([name, value]) =>
        ALLOWED.test(name) &&
        (typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && ID.test(value))),
    ),
  );
}

/** A span that came out of the workflow sandbox, where the library has an SDK two generations older. */
export function fromSandbox(
  { spanContext, parentSpanId, instrumentationLibrary, events, ...span }: SerializableSpan,
  attributes: Attributes,
  resource: Resource,
): ReadableSpan {
  const { traceId, spanId, traceFlags } = spanContext;
  return {
    ...span,
    attributes: { ...span.attributes, ...attributes },
    events: events.map(({ time, name, attributes: about }) => ({ time, name, ...(about && { attributes: about }) })),
    spanContext: () => ({ traceId, spanId, traceFlags }),
    ...(parentSpanId === undefined ? {} : { parentSpanContext: { traceId, spanId: parentSpanId, traceFlags } }),
    instrumentationScope: instrumentationLibrary,
    resource,
  };
}
