#!/usr/bin/env node
/** `npm run twin`. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("stack/twin.ts");
