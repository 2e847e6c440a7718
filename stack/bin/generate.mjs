/** Keeps `prisma/generated` in step with `prisma/schema.prisma`. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Runs `prisma generate` when the schema or Prisma's version is not the one of the last run that finished.
 *
 * @param {string} root the project's folder
 * @param {string} node Node 24, which Prisma runs on
 */
export function ensureGenerated(root, node) {
  const schema = join(root, "prisma", "schema.prisma");
  if (!existsSync(schema)) return;
  const prisma = join(root, "node_modules", "prisma");
  const wanted = createHash("sha256")
    .update(readFileSync(schema))
    .update(readFileSync(join(prisma, "package.json")))
    .digest("hex");
  const stamp = join(root, "prisma", "generated", ".generated-from");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const { status, stderr, error } = spawnSync(node, [join(prisma, "build", "index.js"), "generate"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      // `generate` does not use the schema engine but downloads it when it is missing; any existing file keeps it from that.
      // Only for `generate`: with it `migrate` and `db push` would exit 0 having done nothing.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
      CHECKPOINT_DISABLE: "1",
    },
  });
  if (status !== 0) throw new Error(`The Prisma client could not be generated: ${error?.message ?? stderr.trim()}`);
  // Last: a run that was killed is repeated.
  writeFileSync(stamp, wanted);
}
