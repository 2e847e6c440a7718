/** Records that a vendor itself says it does not have. */
import { ConnectorError } from "./errors.ts";

/** Whether an error is the vendor's refusal by this code: a 404 alone may be that of a proxy which does not know the way. */
export const refusedWith =
  (status: number, vendorCode: string) =>
  (error: unknown): boolean =>
    error instanceof ConnectorError && error.details.status === status && error.details.vendorCode === vendorCode;

/** The answer; null where the error means that there is no such thing. */
export async function nullWhen<Answer>(
  answer: Promise<Answer>,
  isMissing: (error: unknown) => boolean,
): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
