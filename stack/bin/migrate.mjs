#!/usr/bin/env node
/** `npm run migrate`: brings the database up to date, on whatever Node the machine has. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("stack/migrate.ts");
