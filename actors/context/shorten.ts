/** Values as they are told of: short, few, and with what was cut said. A message and a reply must stay small. Pure. */
import type { Difference } from '#protocols/context-diff.ts';
import type { ContextChange } from '#protocols/context-history.ts';
import type { Conflict } from '#protocols/failure.ts';
import { jsonBytes } from '#protocols/json-value.ts';

const VALUE_BYTES_MAX = 1_024;
const START_CHARS = 200;
/** Of all that is told at once. */
const TOLD_BYTES_MAX = 320 * 1_024;

export function toChange(difference: Difference): ContextChange {
  const { path, type: change } = difference;
  const { values, shortened } = shorten({
    ...(difference.type === 'added' ? {} : { old: difference.old }),
    ...(difference.type === 'deleted' ? {} : { new: difference.value }),
  });
  return { path, change, ...values, ...(shortened.length === 0 ? {} : { shortened }) };
}

/** A difference between what is there and what was meant to be there. */
export function toConflict(difference: Difference): Conflict {
  const { values, shortened } = shorten({
    ...(difference.type === 'added' ? {} : { current: difference.old }),
    ...(difference.type === 'deleted' ? {} : { proposed: difference.value }),
  });
  return { path: difference.path, ...values, ...(shortened.length === 0 ? {} : { shortened }) };
}

/** The first of `items`, at most so many, and not more than fit into a message. */
export function firstFew<Item>(items: readonly Item[], countMax: number): Item[] {
  const few: Item[] = [];
  let bytes = 0;
  for (const item of items.slice(0, countMax)) {
    bytes += jsonBytes(item);
    if (bytes > TOLD_BYTES_MAX) break;
    few.push(item);
  }
  return few;
}

function shorten<Side extends string>(values: Readonly<Partial<Record<Side, unknown>>>) {
  const entries = Object.entries(values).map(([side, value]): [string, unknown, boolean] => {
    const isLong = jsonBytes(value) > VALUE_BYTES_MAX;
    return [side, isLong ? `${JSON.stringify(value).slice(0, START_CHARS)}…` : value, isLong];
  });
  return {
    values: Object.fromEntries(entries.map(([side, value]) => [side, value])),
    shortened: entries.flatMap(([side, , isLong]) => (isLong ? [side as Side] : [])), // Its keys are sides.
  };
}
