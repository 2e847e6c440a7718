import { createServer, request as httpRequest } from "node:http";
import type { RequestListener, Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { agentFor } from "./agent.ts";
import { HttpRefusal, requestJson, requestReply } from "./http.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

/** Another host, which must hear nothing, and one that sends everybody there. */
async function redirecting(status: number) {
  const heard: string[] = [];
  const elsewhere = await serving((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    response.end("{}");
  });
  const url = await serving((_, response) => {
    response.writeHead(status, { location: `${elsewhere}/stolen` }).end();
  });
  return { url, elsewhere, heard };
}

describe("a request", () => {
  it.each([301, 302, 303, 307, 308])("does not follow a %i", async (status) => {
    const { url, heard } = await redirecting(status);
    const sent = requestJson(url, { method: "POST", path: "/x", body: { email: "jo@acme.example" } });
    await expect(sent).rejects.toMatchObject({ status });
    expect(heard).toEqual([]);
  });

  it("brings the headers too, and no body where there is none", async () => {
    const url = await serving((_, response) => {
      response.writeHead(204, { date: "Mon, 02 Mar 2026 09:00:00 GMT" }).end();
    });
    const { body, headers } = await requestReply(url, { method: "DELETE", path: "/x" });
    expect([body, headers.get("date")]).toEqual([null, "Mon, 02 Mar 2026 09:00:00 GMT"]);
    const silent = await serving((_, response) => response.end());
    await expect(requestReply(silent, { method: "GET", path: "/x" })).rejects.toThrow(SyntaxError);
  });

  it("brings JSON there and back", async () => {
    const url = await serving((request, response) => {
      let body = "";
      request.on("data", (chunk) => void (body += String(chunk)));
      request.on("end", () => {
        response.end(JSON.stringify({ url: request.url, body: JSON.parse(body) as unknown }));
      });
    });
    const query = { channel: "EMAIL & more" };
    expect(await requestJson(`${url}/`, { method: "POST", path: "/v1", query, body: [1] })).toEqual({
      url: "/v1?channel=EMAIL+%26+more",
      body: [1],
    });
  });

  it("tells a refusal by its status, in JSON or not, and keeps its words out of the message", async () => {
    const url = await serving((request, response) => {
      response
        .writeHead(429, { "retry-after": "3" })
        .end(request.url === "/json" ? '{"a":1}' : "<html>jo@acme.example");
    });
    for (const [path, body] of [
      ["/json", { a: 1 }],
      ["/html", null],
    ] as const) {
      const error: unknown = await requestJson(url, { method: "GET", path }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(HttpRefusal);
      expect(error).toMatchObject({ status: 429, body, message: "HTTP 429" });
    }
  });
});

describe("an agent for one host", () => {
  const get = (url: string, agent: ReturnType<typeof agentFor>) =>
    new Promise<number>((resolve, reject) => {
      httpRequest(url, { agent }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on("error", reject)
        .end();
    });

  it("connects there and nowhere else", async () => {
    const { url, elsewhere, heard } = await redirecting(302);
    const agent = agentFor(url);
    expect(await get(`${url}/a`, agent)).toBe(302);
    await expect(get(`${elsewhere}/b`, agent)).rejects.toMatchObject({ kind: "contract" });
    expect(heard).toEqual([]);
    agent.destroy();
  });
});
