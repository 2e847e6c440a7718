/** The pages' own files, read once and named by their content, so that a browser may keep them for ever. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

interface Asset {
  /** As pages name it. */
  address: string;
  type: string;
  content: string;
}

function asset(name: string, type: string): Asset {
  const content = readFileSync(new URL(`assets/${name}`, import.meta.url), "utf8");
  const version = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const dot = name.lastIndexOf(".");
  return { address: `/assets/${name.slice(0, dot)}.${version}${name.slice(dot)}`, type, content };
}

export const STYLESHEET = asset("console.css", "text/css; charset=utf-8");
export const LOCAL_TIMES = asset("times.js", "text/javascript; charset=utf-8");
export const ICON = asset("icon.svg", "image/svg+xml");
