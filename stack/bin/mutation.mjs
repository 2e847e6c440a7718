#!/usr/bin/env node
/** `npm run test:mutation`. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("tests/mutation/run.ts");
