/** Form-encoded parameters with brackets: `metadata[stage]=vip&expand[]=customer&created[gte]=5`. */
import { ApiError } from "./api-error.ts";

/** Lists are objects with the keys 0, 1, 2. */
export type Param = string | Params;
export interface Params {
  [name: string]: Param;
}

export function parseForm(text: string): Params {
  const root: Params = empty();
  for (const [name, value] of new URLSearchParams(text)) assign(root, pathOf(name), value);
  return root;
}

function pathOf(name: string): string[] {
  const [head = "", ...rest] = name.split("[");
  // A bracket inside a key cannot be told from nesting: `metadata[a[b]]` is refused, as by Stripe.
  if (head === "" || rest.some((part) => part.indexOf("]") !== part.length - 1)) {
    throw new ApiError(400, { type: "invalid_request_error", message: "Invalid parameter name.", param: head });
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
