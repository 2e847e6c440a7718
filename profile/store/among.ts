/** Finding rows among thousands of ids. */

/**
 * SQL for "is one of these ids". Written as `= ANY ($n)` the planner weighs every single id against what it knows of the
 * column, once for each index, which takes longer than finding the rows; and of a table it knows nothing about, as in a first
 * load, it thinks that walking the whole workspace is cheaper than to look for so many. It does not look into a subquery.
 *
 * @param place of the parameter: `$2`
 */
export const among = (place: `$${number}`): string => `= ANY (ARRAY(SELECT unnest(${place}::uuid[])))`;

/** An array parameter, written out once: ids, numbers, instants and truth values need no quoting, which costs more than all else. */
export const listed = (values: Iterable<string | number | boolean | null>): string =>
  `{${Array.from(values, (value) => value ?? "NULL").join()}}`;
