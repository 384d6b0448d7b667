/**
 * The arrays that statements take and give, told to the driver in advance.
 *
 * A1. The driver would else ask each new connection for all array types, by a query that nobody waits for: a connection
 *     that breaks just then ends the whole process (porsager/postgres, issue 1192).
 * A2. An array of a type that is not here comes as text: a statement that uses a new one adds it.
 */
import { parse } from 'postgres-array';
import { assert } from '#protocols/assert.ts';

type Item = string | number;

/** By their object ids in pg_type, which never change. */
export const ARRAY_TYPES = {
  ints: arrayOf(1_007, Number),
  bigints: arrayOf(1_016, Number),
  texts: arrayOf(1_009, String),
  uuids: arrayOf(2_951, String),
};

function arrayOf<One extends Item>(id: number, read: (text: string) => One) {
  return {
    to: id,
    from: [id],
    parse: (text: string): One[] => parse(text, read),
    serialize: toArrayText,
  };
}

/** An array literal of Postgres. What is an array in text already stays as it is. */
export function toArrayText(items: string | readonly (Item | null)[]): string {
  return typeof items === 'string' ? items : `{${items.map(toItemText).join(',')}}`;
}

function toItemText(item: Item | null): string {
  assert(item !== undefined, 'an array for Postgres has a value or null in each place');
  if (item === null) return 'null';
  return typeof item === 'number' ? String(item) : `"${item.replace(/["\\]/g, '\\$&')}"`;
}
