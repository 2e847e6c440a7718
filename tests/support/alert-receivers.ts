/** Who gets alerts in a test: a webhook's receiver and a mail server, both real, both on loopback. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";
import { z } from "zod";

const alertBody = z.object({
  ...{ id: z.string(), phase: z.string(), kind: z.string(), workspace: z.string().nullable(), subject: z.string() },
  ...{ says: z.string(), todo: z.string().nullable(), since: z.iso.datetime(), at: z.iso.datetime() },
});
export interface ReceivedAlert {
  headers: IncomingHttpHeaders;
  raw: string;
  alert: z.infer<typeof alertBody>;
}

export interface WebhookReceiver {
  url: string;
  received: ReceivedAlert[];
  /** What it answers; a redirect leads to `/elsewhere`. */
  status: number;
  /** Requests to another place than the webhook's. */
  elsewhere: number;
  close(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const server = createServer((request, response) => {
    const answer = (raw: string) => {
      if (request.url !== "/hook") receiver.elsewhere += 1;
      else if (receiver.status < 300)
        receiver.received.push({ headers: request.headers, raw, alert: alertBody.parse(JSON.parse(raw)) });
      response.writeHead(receiver.status, receiver.status === 302 ? { location: "/elsewhere" } : {}).end();
    };
    text(request).then(answer, () => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // A server that listens on a port has one.
  const receiver: WebhookReceiver = {
    ...{ url: `http://127.0.0.1:${port}/hook`, received: [], status: 204, elsewhere: 0 },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}

export interface MailReceiver {
  url: string;
  received: string[];
  close(): Promise<void>;
}

export async function startMailReceiver(): Promise<MailReceiver> {
  const received: string[] = [];
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ["STARTTLS", "AUTH"] },
    onData: (stream, _session, done) => {
      const taken = (mail: string) => {
        received.push(mail);
        done();
      };
      text(stream).then(taken, done);
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const { port } = server.server.address() as AddressInfo; // As above.
  return {
    ...{ url: `smtp://127.0.0.1:${port}`, received },
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  };
}
