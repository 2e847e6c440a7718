#!/usr/bin/env node
/** `npm test`. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("stack/test.ts");
