#!/usr/bin/env node
/** `npm run connector:new`. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("stack/connector-new.ts");
