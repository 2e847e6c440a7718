#!/usr/bin/env node
/** `npm run restore`. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("stack/restore.ts");
