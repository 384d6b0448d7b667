/**
 * Rows of a list that is read whole each time: those that stay are the same objects, so that the page redraws what
 * changed and nothing else, and the focus stays where it was.
 */
import { createComputed } from 'solid-js';
import { createStore, reconcile } from 'solid-js/store';

export function createRows<Item extends { readonly id: string }>(
  read: () => readonly Item[] | undefined,
): () => readonly Item[] {
  const [rows, setRows] = createStore<{ items: Item[] }>({ items: [] });
  createComputed(() => {
    // The store compares by key and writes what differs.
    setRows('items', reconcile([...(read() ?? [])] as never, { key: 'id', merge: false }));
  });
  return () => rows.items;
}
