#!/usr/bin/env node
/** Generates the Prisma client where no launcher does it: in the container image. */
import { fileURLToPath } from "node:url";
import { ensureGenerated } from "./generate.mjs";

ensureGenerated(fileURLToPath(new URL("../../", import.meta.url)), process.execPath);
