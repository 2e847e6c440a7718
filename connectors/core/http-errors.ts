/** Turns what an SDK or a socket threw into who has to act: one table for all vendors, with each vendor's own codes on top. */
import { ConnectorError } from "./errors.ts";
import type { ConnectorErrorKind } from "./errors.ts";
import { retryAfterMs } from "./retry-after.ts";
import type { HeaderSource } from "./retry-after.ts";

/** A vendor's refusal, taken out of whatever the SDK throws. */
export interface VendorAnswer {
  status: number;
  headers?: HeaderSource;
  /** The vendor's machine-readable code. */
  code?: string | undefined;
  /** Its correlation or request id. */
  requestId?: string | undefined;
  /** Not in the vendor's form: a proxy before it answered, which knows nothing of records. */
  foreign?: boolean;
}

export interface Verdict<Answer extends VendorAnswer> {
  kind: ConnectorErrorKind;
  /** For the person who must act. Never the vendor's own text: it quotes values and keys. */
  say?: string | ((answer: Answer) => string);
  /** How long to wait where no header names it; a function is given what the header names and decides. */
  waitMs?: number | ((answer: Answer, asked: number | undefined) => number | undefined);
  /** The wait concerns every call of the account, whatever its bucket. */
  wholeAccount?: boolean | ((answer: Answer) => boolean);
  /** All calls together were too fast, not those of one bucket. */
  wholePace?: (answer: Answer) => boolean;
}

export interface HttpErrorTable<Answer extends VendorAnswer> {
  title: string;
  /** Undefined: this is no answer of the vendor, but the network, the SDK or us. */
  answerOf(error: unknown): Answer | undefined;
  /** Statuses the vendor uses in a way of its own. */
  statuses?: Record<number, Verdict<Answer>>;
  /**
   * Codes that say more than their status. A 401, a 429 and a 5xx are what they are whatever the body says, unless the
   * entry names that status.
   */
  codes?: Record<string, Verdict<Answer> & { status?: number }>;
  /** What an unlisted 4xx is: one record's fault (default), or our mistake. */
  refused?: "invalid_record" | "contract";
}

/** The connector's `classify`. */
export function httpErrors<Answer extends VendorAnswer>(
  table: HttpErrorTable<Answer>,
): (error: unknown) => ConnectorError | undefined {
  return (error) => {
    const answer = table.answerOf(error);
    if (answer === undefined) return undefined;
    const verdict = verdictOn(table, answer);
    const code = codeOf(answer);
    const waitMs = waitOf(verdict, answer);
    return new ConnectorError(verdict.kind, messageOf(table.title, verdict, answer), {
      status: answer.status,
      ...(answer.requestId === undefined ? {} : { vendorRequestId: answer.requestId }),
      ...(code === undefined ? {} : { vendorCode: code }),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
      ...(concernsAll(verdict, answer) ? { wholeAccount: true } : {}),
      ...(verdict.wholePace?.(answer) === true ? { wholePace: true } : {}),
    });
  };
}

function verdictOn<Answer extends VendorAnswer>(table: HttpErrorTable<Answer>, answer: Answer): Verdict<Answer> {
  const { status, code } = answer;
  const { codes = {}, statuses = {} } = table;
  if (answer.foreign === true && isNoVerdict(status) && statuses[status]?.kind !== "rate_limited")
    return { kind: "transient" };
  const coded = code !== undefined && Object.hasOwn(codes, code) ? codes[code] : undefined;
  const settled = status === 401 || status === 429 || status >= 500;
  if (coded !== undefined && (coded.status === undefined ? !settled : coded.status === status)) return coded;
  return statuses[status] ?? { kind: kindOf(status, table.refused ?? "invalid_record") };
}

/** Whom to let in, how often, and how long a request may be, proxies do decide; what is in it, they do not. */
function isNoVerdict(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 403, 413, 414, 429, 431].includes(status);
}

function kindOf(status: number, refused: ConnectorErrorKind): ConnectorErrorKind {
  if (status === 429) return "rate_limited";
  if (status === 401) return "auth";
  if (status === 403) return "permission";
  // 408 Request Timeout, 423 Locked, 425 Too Early.
  if (status >= 500 || status === 408 || status === 423 || status === 425) return "transient";
  if (status >= 400) return refused;
  return "contract";
}

function waitOf<Answer extends VendorAnswer>(verdict: Verdict<Answer>, answer: Answer): number | undefined {
  if (verdict.kind !== "rate_limited" && verdict.kind !== "transient") return undefined;
  const asked = answer.headers === undefined ? undefined : retryAfterMs(answer.headers, answer.status === 429);
  return typeof verdict.waitMs === "function" ? verdict.waitMs(answer, asked) : (asked ?? verdict.waitMs);
}

function concernsAll<Answer extends VendorAnswer>({ wholeAccount }: Verdict<Answer>, answer: Answer): boolean {
  return typeof wholeAccount === "function" ? wholeAccount(answer) : wholeAccount === true;
}

function messageOf<Answer extends VendorAnswer>(title: string, verdict: Verdict<Answer>, answer: Answer): string {
  if (typeof verdict.say === "function") return verdict.say(answer);
  if (verdict.say !== undefined) return verdict.say;
  const { status } = answer;
  const code = codeOf(answer);
  const named = code === undefined ? "" : ` (${code})`;
  switch (verdict.kind) {
    case "rate_limited":
      return `${title} asks us to slow down.`;
    case "auth":
      return `${title} rejected the credentials. Connect the account again.`;
    case "permission":
      return `${title} does not allow this call${named}: a permission or the account's plan is missing.`;
    case "cursor_expired":
      return `${title} no longer knows the saved reading position; a full read follows.`;
    case "transient":
      return `${title} answered ${status}${named}.`;
    case "invalid_record":
    case "contract":
      if (status >= 300 && status < 400) return `${title} answered with a redirect (${status}), which is not followed.`;
      if (status < 300) return `${title} answered ${status} in an unknown form.`;
      return `${title} refused the call with ${status}${named}.`;
  }
}

/** Only what looks like a code is shown or kept: some vendors put sentences there. */
function codeOf({ code }: VendorAnswer): string | undefined {
  return code !== undefined && /^[\w.:-]{1,80}$/.test(code) ? code : undefined;
}

const NETWORK_CODE =
  /^(E(CONN(REFUSED|RESET|ABORTED)|NOTFOUND|AI_AGAIN|TIMEDOUT|PIPE|PROTO|(HOST|NET)UNREACH|NETDOWN|HOSTDOWN|ADDRNOTAVAIL|MFILE|NFILE)|UND_ERR_\w+|HPE_\w+|ERR_(SSL|TLS|STREAM|SOCKET)\w*|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/;

/** Whether the connection failed, as opposed to the library that should have used it. */
export function isNetworkFailure(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 5) return false;
  if ("code" in error && typeof error.code === "string" && NETWORK_CODE.test(error.code)) return true;
  if (error.name === "AbortError" || error.name === "TimeoutError") return true;
  if (error instanceof AggregateError) return error.errors.some((one) => isNetworkFailure(one, depth + 1));
  // `fetch` tells why only in the cause, and for some failures not even there.
  if (error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message)) return true;
  return isNetworkFailure(error.cause, depth + 1);
}
