import { defaultResource } from "@opentelemetry/resources";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { SpanStatusCode } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { fromSandbox, withoutPeople } from "./harmless-spans.ts";

const ADDRESS = "imke.copsey@fernandkettle-mail.co.uk";

it("lets ids, names of ours and counts through, and nothing that a library or an error has added", () => {
  const memory = new InMemorySpanExporter();
  const provider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: withoutPeople(memory) })],
  });
  const span = provider.getTracer("test").startSpan("RunActivity:pullPages");
  span.setAttributes({
    "tributary.records": 12,
    "tributary.runId": "0a0b0c0d-0000-8000-8000-000000000000",
    workflowId: "sync/0a0b/contacts",
    "tributary.operation": `contacts?email=${ADDRESS}`,
    "tributary.note": "Imke Copsey",
    "http.url": "https://api.example/contacts/17",
    memo: "Imke",
  });
  const failure = new RangeError(`duplicate key (${ADDRESS})`);
  span.recordException(failure);
  span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
  span.end();

  const [exported] = memory.getFinishedSpans();
  expect(exported?.attributes).toEqual({
    "tributary.records": 12,
    "tributary.runId": "0a0b0c0d-0000-8000-8000-000000000000",
    workflowId: "sync/0a0b/contacts",
  });
  expect(exported?.status).toEqual({ code: SpanStatusCode.ERROR });
  expect(exported?.events.map(({ attributes }) => attributes)).toEqual([{ "exception.type": "RangeError" }]);
  expect(everythingIn(exported)).not.toMatch(/imke|copsey|fernandkettle/i);
});

it("keeps the parent of a span that comes out of the workflow sandbox", () => {
  const span = fromSandbox(
    {
      ...{ name: "RunWorkflow:syncStream", kind: 0, startTime: [1, 0], endTime: [2, 0], duration: [1, 0], ended: true },
      spanContext: { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 },
      ...{ parentSpanId: "3".repeat(16), status: { code: 1 }, attributes: {}, links: [], events: [] },
      ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
      instrumentationLibrary: { name: "temporal" },
    },
    { workflowId: "sync/1/contacts" },
    defaultResource(),
  );
  expect(span.parentSpanContext).toEqual({ traceId: "1".repeat(32), spanId: "3".repeat(16), traceFlags: 1 });
  expect(span.attributes).toEqual({ workflowId: "sync/1/contacts" });
});

const everythingIn = (span: ReadableSpan | undefined): string =>
  JSON.stringify({ ...span, context: span?.spanContext() });
