/** What a new connector is called, in every spelling that its files need. */
import { Script } from "node:vm";

export interface ConnectorNames {
  /** `my-tool` */
  id: string;
  /** What people call the tool: `My Tool`. */
  title: string;
  /** `myTool` */
  constant: string;
  /** `MyTool` */
  type: string;
  /** `my_tool` */
  snake: string;
  /** `MY_TOOL` */
  variable: string;
}

const ID = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const TITLE = /^[\p{L}\d][\p{L}\d .&+-]{0,39}$/u;

/** @throws Error that says what is wrong with a name and what one looks like */
export function namesOf(id: string, title?: string): ConnectorNames {
  if (!ID.test(id) || id.length < 2 || id.length > 30)
    throw new Error(
      `"${id}" cannot be a connector's id: it has 2 to 30 small letters, digits and single hyphens, and begins with a letter, as "my-tool".`,
    );
  const words = id.split("-");
  const type = words.map(capitalised).join("");
  const constant = `${words[0]}${words.slice(1).map(capitalised).join("")}`;
  if (!isFree(constant))
    throw new Error(`"${id}" is a word of the language and cannot name a constant; take another, as "${id}-crm".`);
  const called = title?.trim() ?? words.map(capitalised).join(" ");
  if (!TITLE.test(called))
    throw new Error(
      `"${called}" cannot be a title: it has at most 40 letters, digits, spaces and . & + -, and begins with a letter or digit.`,
    );
  const snake = id.replaceAll("-", "_");
  return { id, title: called, constant, type, snake, variable: snake.toUpperCase() };
}

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

function isFree(name: string): boolean {
  if (name === "await" || name === "async") return false;
  try {
    return new Script(`"use strict"; const ${name} = 0;`) instanceof Script;
  } catch {
    return false;
  }
}
