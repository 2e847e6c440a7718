#!/usr/bin/env node
/** `npm start`. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("stack/start.ts");
