/** Finding rows among thousands of ids. */

/**
 * SQL for "is one of these ids". Written as `= ANY ($n)` the planner weighs every single id against what it knows of the
 * column, once for each index, which takes longer than finding the rows; it does not look into a subquery. Either way the
 * rows are found by index.
 *
 * @param place of the parameter: `$2`
 */
export const among = (place: `$${number}`): string => `= ANY (ARRAY(SELECT unnest(${place}::uuid[])))`;

/** Ids as a parameter: they need no quoting, and a list that is asked for several times is written out once. */
export const listed = (ids: Iterable<string>): string => `{${[...ids].join()}}`;
