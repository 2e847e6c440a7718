/** A person with a browser, as far as a sign-in needs one: follows links, keeps cookies, fills in the consent page. */

export interface Page {
  status: number;
  url: string;
  text: string;
}

export interface Decision {
  /** Which of the accounts; the first unless given. */
  account?: string;
  /** Optional scopes to leave out. */
  without?: string[];
  deny?: boolean;
}

export class Browser {
  /** Every address it has been to: what a history or a proxy's log would hold. */
  readonly visited: string[] = [];
  readonly #cookies = new Map<string, Map<string, string>>();

  async get(url: string): Promise<Page> {
    return this.#ask(url, {});
  }

  async #ask(url: string, options: RequestInit): Promise<Page> {
    this.visited.push(url);
    const { origin, host } = new URL(url);
    const cookies = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, cookies);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(cookie === "" ? {} : { cookie }), ...(options.headers as Record<string, string>) };
    const answer = await fetch(url, { ...options, headers, redirect: "manual" });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const location = answer.headers.get("location");
    if (answer.status >= 300 && answer.status < 400 && location !== null)
      return this.#ask(new URL(location, origin).href, {});
    return { status: answer.status, url, text: await answer.text() };
  }

  /** Opens a link of ours and goes on to the vendor. */
  async open(link: string): Promise<Page> {
    const ours = await this.get(link);
    const href = /<a href="([^"]+)" rel="noreferrer">/.exec(ours.text)?.[1];
    if (href === undefined) return ours;
    return this.get(plain(href));
  }

  /** Answers the vendor's consent page; ends up wherever that leads. */
  async decide(consent: Page, { account, without = [], deny = false }: Decision = {}): Promise<Page> {
    const form = new URLSearchParams();
    const inputs = [...consent.text.matchAll(/<input ([^>]*)>/g)].map(([, attributes = ""]) => ({
      type: attributeOf(attributes, "type"),
      name: attributeOf(attributes, "name"),
      value: attributeOf(attributes, "value"),
    }));
    for (const { type, name, value } of inputs) {
      if (type === "hidden") form.append(name, value);
      if (type === "checkbox" && !without.includes(value)) form.append(name, value);
    }
    const [first] = inputs.filter(({ type }) => type === "radio");
    form.append("account", account ?? first?.value ?? "");
    form.append("decision", deny ? "deny" : "allow");
    const action = /<form method="post" action="([^"]+)"/.exec(consent.text)?.[1] ?? "";
    return this.#ask(new URL(action, consent.url).href, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
    });
  }
}

const attributeOf = (attributes: string, name: string): string =>
  plain(new RegExp(`${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");

const plain = (text: string): string =>
  text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
