import { z } from "zod";

/** The setting of how far a read of changes reaches back before the last one: vendors show changes late and out of order. */
export const overlapMinutes = (usual: number) =>
  z
    .number()
    .int()
    .min(1)
    .max(24 * 60)
    .default(usual);
