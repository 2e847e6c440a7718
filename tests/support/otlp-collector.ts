/** A small OTLP/HTTP collector: takes spans and metrics as JSON and keeps them. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { z } from "zod";

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const span = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(attribute).default([]),
});
const tracesBody = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(span) })) })),
});
const point = z.looseObject({
  count: z.union([z.number(), z.string()]).optional(),
  attributes: z.array(attribute).default([]),
});
const metricsBody = z.object({
  resourceMetrics: z.array(
    z.object({
      scopeMetrics: z.array(
        z.object({
          metrics: z.array(
            z.looseObject({
              name: z.string(),
              histogram: z.object({ dataPoints: z.array(point) }).optional(),
            }),
          ),
        }),
      ),
    }),
  ),
});
export type CollectedSpan = z.infer<typeof span>;
type CollectedMetric = z.infer<
  typeof metricsBody
>["resourceMetrics"][number]["scopeMetrics"][number]["metrics"][number];

export interface Collector {
  url: string;
  spans: CollectedSpan[];
  metrics: CollectedMetric[];
  /** Everything as it came, also what is not JSON. */
  raw: string[];
  close(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const collected: Pick<Collector, "spans" | "metrics" | "raw"> = { spans: [], metrics: [], raw: [] };
  const server = createServer((request, response) => {
    const answer = (body: string) => {
      collected.raw.push(`${request.url}\n${body}`);
      if (request.headers["content-type"] === "application/json") take(request.url ?? "", JSON.parse(body), collected);
      response.setHeader("content-type", "application/json").end("{}");
    };
    text(request).then(answer, () => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // A server that listens on a port has one.
  return {
    ...collected,
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function take(path: string, body: unknown, { spans, metrics }: Pick<Collector, "spans" | "metrics">): void {
  if (path === "/v1/traces")
    for (const { scopeSpans } of tracesBody.parse(body).resourceSpans)
      for (const scope of scopeSpans) spans.push(...scope.spans);
  if (path === "/v1/metrics")
    for (const { scopeMetrics } of metricsBody.parse(body).resourceMetrics)
      for (const scope of scopeMetrics) metrics.push(...scope.metrics);
}
