/** HTML with everything escaped unless it is HTML already. */

class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

export type Html = Markup;
type Part = string | number | null | undefined | Markup | Part[];

/** Tagged template: strings and numbers are escaped, lists joined, null and undefined left out. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Markup(strings.reduce((text, string, index) => text + string + textOf(parts[index]), ""));
}

function textOf(part: Part): string {
  if (part === null || part === undefined) return "";
  if (part instanceof Markup) return part.text;
  if (Array.isArray(part)) return part.map(textOf).join("");
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
