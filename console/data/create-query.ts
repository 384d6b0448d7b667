/**
 * What a screen shows stands in its address, so that it can be passed on: filters, the selected row, the open pane.
 *
 *     const [filter, setFilter] = createQuery('filter');
 *     const [selectedId, select] = createQuery('session');
 *     const { params, write } = createAddress();  // many words at once
 *
 * A word is '' where the address does not say it. Setting it replaces the address, it adds nothing to the history: the
 * way back leads to the screen before, not through every letter that was typed.
 *
 * K1. What was set is read at once, though the address follows a moment later: a key that follows another one acts on what
 *     that one did, and does not undo it.
 * K2. A part of a screen that goes takes nothing of that away: only the last one of its path does.
 */
import { useLocation, useSearchParams } from '@solidjs/router';
import { type Accessor, createEffect, createSignal, onCleanup } from 'solid-js';

type Words = Readonly<Record<string, string | null>>;

export interface Address {
  readonly params: Accessor<Readonly<Record<string, string>>>;
  /** Null and '' take a word out of the address. */
  readonly write: (words: Words) => void;
}

export function createQuery(name: string): [Accessor<string>, (value: string | null) => void] {
  const { params, write } = createAddress();
  const read = () => params()[name] ?? '';
  const set = (value: string | null) => {
    if ((value ?? '') !== read()) write({ [name]: value });
  };
  return [read, set];
}

/** What was set on this path and the address does not say yet. No signal itself: a transition would turn it back. */
let ahead: { readonly path: string; readonly words: Words } = { path: '', words: {} };
const [change, setChange] = createSignal(0, { equals: false });
/** How many look at each path's words. */
const readers = new Map<string, number>();

function setAhead(path: string, words: Words): void {
  ahead = { path, words };
  setChange(0);
}

export function createAddress(): Address {
  const [query, setQuery] = useSearchParams();
  const location = useLocation();
  const path = location.pathname;
  const words = () => {
    change();
    return ahead.path === path ? ahead.words : {};
  };
  const said = (name: string) => [query[name] ?? ''].flat()[0] ?? '';
  createEffect(() => {
    const open = Object.entries(words());
    if (open.length > 0 && open.every(([name, word]) => said(name) === (word ?? ''))) setAhead(path, {});
  });
  readers.set(path, (readers.get(path) ?? 0) + 1);
  onCleanup(() => {
    const left = (readers.get(path) ?? 1) - 1;
    if (left > 0) readers.set(path, left);
    else readers.delete(path);
    if (left === 0 && ahead.path === path) setAhead('', {});
  });
  return {
    params: () => {
      const names = new Set([...Object.keys(query), ...Object.keys(words())]);
      return Object.fromEntries(
        [...names].map((name) => [name, name in words() ? (words()[name] ?? '') : said(name)]),
      );
    },
    write: (changed) => {
      const next = { ...words(), ...changed };
      // What this shows or hides at once may set words of its own: the address gets all that is set by then.
      setAhead(path, next);
      const all = Object.entries({ ...next, ...words() }).map(([name, word]) => [name, word || null]);
      setQuery(Object.fromEntries(all), { replace: true, scroll: false });
    },
  };
}
