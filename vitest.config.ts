import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const globalSetup = ["tests/support/global-setup.ts"];
const exclude = [...configDefaults.exclude, ".tributary/**", "prisma/generated/**"];

/**
 * For any test, against hanging alone: a busy machine takes ten times as long as an idle one. A test that bounds what
 * something costs counts work, or CPU by `process.cpuUsage`.
 */
const HANGING_MS = 240_000;

/** Those that take longest, in the order of that. */
const LONGEST = [
  ...["loop/kill", "loop/failures", "plan/abandoned", "loop/restart", "console/cli", "console/held-deletions"],
  ...["deploy/upgrade", "plan/carrier", "stack/postgres", "loop/audience", "loop/several-workers", "deploy/walk"],
  ...["stack/first-real-account", "webhooks/effect", "schedules/news", "loop/late", "temporal/tls", "stack/start"],
  ...["console/connect", "identity/beside", "loop/slow-vendor", "csv/fuzz", "csv/orders"],
];

/**
 * Begins with what takes longest, on a machine that has never run the tests as well: no worker is alone at the end, where
 * unit tests, which wait for nothing, fill the gaps. A worker changes from one layer to another once, since it starts anew.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const layers = ["integration", "unit", "replay"];
    const rank = ({ moduleId, project }: TestSpecification) => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return layers.indexOf(project.name) * 1_000 + (index === -1 ? LONGEST.length : index);
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

/** Three layers: `unit` in seconds, `integration` on a real Postgres and Temporal, `replay` on recorded histories. */
export default defineConfig({
  test: {
    experimental: { viteModuleRunner: false },
    // Most of a test here waits for another process: two cores have room for five.
    maxWorkers: 5,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          // No unit test changes anything global: loading each module once per worker halves the time of loading.
          isolate: false,
          include: ["**/*.test.ts"],
          exclude: [...exclude, "tests/**"],
          testTimeout: HANGING_MS,
        },
      },
      {
        test: {
          name: "integration",
          // A file has databases, installations and processes of its own, and no other state: loading each module once per
          // worker spares each file a second.
          isolate: false,
          include: ["tests/**/*.test.ts"],
          exclude: [...exclude, "tests/replay/**"],
          globalSetup,
          testTimeout: HANGING_MS,
          hookTimeout: HANGING_MS,
        },
      },
      {
        test: {
          name: "replay",
          include: ["tests/replay/**/*.test.ts"],
          testTimeout: HANGING_MS,
          hookTimeout: HANGING_MS,
        },
      },
    ],
  },
});
