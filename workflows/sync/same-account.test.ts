import { describe, expect, it } from "vitest";
import { createAccountQuestion, refuseOtherAccount } from "./same-account.ts";

const answering = (account: string, mode?: "live" | "test") => ({
  check: async () => ({ account, title: "An account", ...(mode === undefined ? {} : { mode }) }),
});
const known = { externalAccount: "acct_1", mode: "live", baseUrl: null } as const;

describe("the account behind a connection", () => {
  it("is accepted when it is the one, also where one side does not tell its mode", async () => {
    await refuseOtherAccount(known, answering("acct_1", "live"));
    await refuseOtherAccount(known, answering("acct_1"));
    await refuseOtherAccount({ ...known, mode: null }, answering("acct_1", "test"));
    await refuseOtherAccount({ ...known, externalAccount: null }, answering("acct_2"));
  });

  it("is refused when it is another one, or test data where live ones are known", async () => {
    await expect(refuseOtherAccount(known, answering("acct_2", "live"))).rejects.toMatchObject({ kind: "auth" });
    await expect(refuseOtherAccount(known, answering("acct_1", "test"))).rejects.toMatchObject({
      kind: "auth",
      message: expect.stringContaining("belong to test data and not to the live data") as string,
    });
  });

  it("may call itself live at a stand-in, which counts as a test", async () => {
    await refuseOtherAccount({ ...known, mode: "test", baseUrl: "http://127.0.0.1:4101" }, answering("acct_1", "live"));
  });
});

describe("streams that begin together", () => {
  it("ask whose account it is once, again after a while, and anew after a refusal", async () => {
    let at = 0;
    let calls = 0;
    const asking = createAccountQuestion(() => at);
    const check = async () => {
      calls += 1;
      if (calls === 3) throw new Error("refused");
      return { account: "acct_1", title: "One" };
    };
    const ask = (id: string) => asking(id, { check }).check();
    await Promise.all([ask("a"), ask("a")]);
    await ask("a");
    expect(calls).toBe(1);
    await ask("b");
    expect(calls).toBe(2);
    at = 31_000;
    await expect(ask("a")).rejects.toThrow("refused");
    await ask("a");
    expect(calls).toBe(4);
  });
});
