/** What the commit's statement is put together of: one section a table, one array a column. */
import type { Address } from '#protocols/address.ts';
import type { Batch } from '../store.ts';

/** One table's share of the statement: left out where there is nothing to write, since each costs also when empty. */
export interface Section {
  readonly columns: readonly Column[];
  /** Types of the columns, in their order. */
  readonly types: readonly string[];
  sql(unnest: string): string;
}

export type Column = (string | number | null)[];

export interface Part<Value> {
  readonly batch: Batch;
  readonly part: Value;
}

export function spread<Value>(
  batches: readonly Batch[],
  parts: (batch: Batch) => readonly Value[],
): Part<Value>[] {
  return batches.flatMap((batch) => parts(batch).map((part) => ({ batch, part })));
}

/** Postgres text holds no NUL, and what people wrote must not make a whole node's commit fail. */
export function toText(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\u0000', '\uFFFD');
}

export function addressColumns(addresses: readonly Part<Address>[]): Column[] {
  return [
    addresses.map(({ batch }) => batch.partition),
    addresses.map(({ part }) => part.tenant),
    addresses.map(({ part }) => part.type),
    addresses.map(({ part }) => part.id),
  ];
}
