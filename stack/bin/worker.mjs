#!/usr/bin/env node
/** `npm run worker`: a worker, on whatever Node the machine has. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("workflows/worker.ts");
