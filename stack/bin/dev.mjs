#!/usr/bin/env node
/** `npm run dev`: a small shop, in a data directory of its own; worker and console follow the source. */
import { runOnNode24 } from "./bootstrap.mjs";

await runOnNode24("stack/start.ts", ["--watch", "--customers=200", "--data-dir=.tributary/dev"]);
