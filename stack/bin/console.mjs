#!/usr/bin/env node
/** `npm run console`: the console, on whatever Node the machine has. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("console/server/main.ts");
