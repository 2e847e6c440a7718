/** A database whose statements can be watched, held up or asked about. */
import type { Database, Transaction } from "#profile/store/database.ts";

/** @param before awaited before each statement of a workspace, in its transaction */
export function beforeEachStatement(
  database: Database,
  before: (transaction: Transaction, text: string, values: unknown[] | undefined) => Promise<void> | void,
): Database {
  return {
    ...database,
    inWorkspace: (workspaceId, work, options) => {
      const watched = (transaction: Transaction) =>
        work({
          workspaceId,
          query: async (text, values) => {
            await before(transaction, text, values);
            return transaction.query(text, values);
          },
        });
      return database.inWorkspace(workspaceId, watched, options);
    },
  };
}
