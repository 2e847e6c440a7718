/** Form-encoded parameters with brackets: `metadata[stage]=vip&expand[]=customer&created[gte]=5`. */

/** Lists are objects with the keys 0, 1, 2. */
export type Param = string | Params;
export interface Params {
  [name: string]: Param;
}

/** `refuse` makes the error for a name that cannot be read. */
export function parseForm(text: string | URLSearchParams, refuse: (name: string) => Error): Params {
  const root: Params = empty();
  for (const [name, value] of new URLSearchParams(text)) assign(root, pathOf(name, refuse), value);
  return root;
}

function pathOf(name: string, refuse: (name: string) => Error): string[] {
  const [head = "", ...rest] = name.split("[");
  // A bracket inside a key cannot be told from nesting: `metadata[a[b]]` is refused.
  if (head === "" || rest.some((part) => part.indexOf("]") !== part.length - 1)) {
    throw refuse(head);
  }
  return [head, ...rest.map((part) => part.slice(0, -1))];
}

function assign(root: Params, path: string[], value: string): void {
  let target = root;
  path.forEach((part, index) => {
    // `a[]` appends.
    const key = part === "" ? String(Object.keys(target).length) : part;
    if (index === path.length - 1) {
      target[key] = value;
      return;
    }
    const inside = target[key];
    target = target[key] = typeof inside === "object" ? inside : empty();
  });
}

/** Without a prototype: a parameter named `__proto__` is just a name. */
function empty(): Params {
  return Object.create(null) as Params;
}
