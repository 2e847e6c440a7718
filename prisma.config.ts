import { defineConfig } from "prisma/config";

/** For the Prisma CLI alone: `prisma generate`, and `prisma migrate deploy` where the schema engine can be downloaded. */
export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  // `generate` needs no database; the commands that do say so when it is missing.
  datasource: { url: process.env["DATABASE_URL"] ?? "" },
});
