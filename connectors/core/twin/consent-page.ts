/** What a person sees at the vendor: which account, what the app may do, yes or no. */
import { markup, page, type Markup } from "./html.ts";

export interface Consent {
  title: string;
  accounts: readonly { id: string; title: string }[];
  scopes: { name: string; says: string; optional: boolean }[];
  /** The request, which the answer repeats. */
  asked: URLSearchParams;
  /** Where the answer goes. */
  action: string;
}

export function consentPage({ title, accounts, scopes, asked, action }: Consent): string {
  const hidden = [...asked].map(([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">`);
  const choices = accounts.map(
    ({ id, title: name }, n) =>
      markup`<p><label><input type="radio" name="account" value="${id}"${checked(n === 0)}> ${name} (${id})</label></p>`,
  );
  const rows = scopes.map(({ name, says, optional }) =>
    optional
      ? markup`<li><label><input type="checkbox" name="granted" value="${name}"${checked(true)}> ${says} <span class="soft">(${name}, optional)</span></label></li>`
      : markup`<li>${says} <span class="soft">(${name})</span></li>`,
  );
  const client = asked.get("client_id") ?? "";
  const body = markup`<p>The app <strong>${client}</strong> asks for access.</p>
<form method="post" action="${action}" style="display:block">${hidden}
<section><h2>Account</h2>${choices}</section>
<section><h2>It wants to</h2><ul>${rows}</ul></section>
<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form>`;
  return page(title, `Connect to ${title}`, body);
}

export function errorPage(title: string, problem: string): string {
  return page(title, "This link does not work", markup`<p>${problem}</p>`);
}

const checked = (yes: boolean): Markup => (yes ? markup` checked style="flex:none"` : markup` style="flex:none"`);
