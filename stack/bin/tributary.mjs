#!/usr/bin/env node
/** `npx tributary`, the command line. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("console/cli/main.ts");
