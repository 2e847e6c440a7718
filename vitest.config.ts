import { configDefaults, defineConfig } from "vitest/config";

const globalSetup = ["tests/support/global-setup.ts"];
const exclude = [...configDefaults.exclude, ".tributary/**", "prisma/generated/**"];

/** Three layers: `unit` in seconds, `integration` on a real Postgres and Temporal, `replay` on recorded histories. */
export default defineConfig({
  test: {
    experimental: { viteModuleRunner: false },
    // Most of a test here waits for another process: with one worker a core sits idle.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          // No unit test changes anything global: loading each module once per worker halves the time of loading.
          isolate: false,
          include: ["**/*.test.ts"],
          exclude: [...exclude, "tests/**"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["tests/**/*.test.ts"],
          exclude: [...exclude, "tests/replay/**"],
          globalSetup,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "replay",
          include: ["tests/replay/**/*.test.ts"],
          globalSetup,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
