#!/usr/bin/env node
/** `npm run backup`. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("stack/backup.ts");
