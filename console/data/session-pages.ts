/** Joins the first page of a list, read anew, with the rows below it that were read before. Pure. */

/**
 * Ids in order: those of the page, then what stood below the last of them. Where no row of the page was known before, more
 * came between than the page shows: then what stood below is forgotten, so that none is missing in between.
 */
export function joinPages(known: readonly string[], page: readonly string[]): string[] {
  const fresh = new Set(page);
  const last = known.findLastIndex((id) => fresh.has(id));
  if (last === -1) return [...page];
  return [...page, ...known.slice(last + 1)];
}
