/** The faults that change what a page holds. */
import { strikes } from "./faults.ts";
import type { Call, Paging, Reply, Route, TwinDefinition } from "./route.ts";

export function disturbPage({ account, paging }: TwinDefinition, call: Call, route: Route, reply: Reply): void {
  const { faults } = account;
  if (faults.emptyPageWithMore + faults.badRow + faults.stub + faults.otherMode + faults.partial207 === 0) return;
  const rows = paging.rows(reply.body);
  if (rows === null || rows.length === 0) return;
  if (route.batch === true) {
    if (strikes(faults, "partial207")) rows.pop();
    return;
  }
  if (strikes(faults, "emptyPageWithMore")) {
    rows.length = 0;
    paging.promiseMore(reply.body, call);
    return;
  }
  if (strikes(faults, "badRow")) rows[0] = paging.bad(rows[0]);
  else if (strikes(faults, "stub")) rows[0] = paging.stub(rows[0]);
  else if (strikes(faults, "otherMode")) rows[0] = paging.otherMode?.(rows[0]);
}

/** The call as a server sees it that has lost the place: always the first page. */
export function withoutCursor({ cursors }: Paging, call: Call): Call {
  const query = new URLSearchParams(call.query);
  for (const name of cursors) query.delete(name);
  return { ...call, query };
}
