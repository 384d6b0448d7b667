/**
 * A list of entities for the page: read once, kept current by events, with its phase for the four drawn states
 * (loading, empty, stale, failed: `components/listing-notice.tsx` draws them). Pages use it by `createLiveListing`.
 */
import { type Accessor, batch, createSignal, onCleanup } from 'solid-js';
import { createStore, reconcile } from 'solid-js/store';
import type { LiveFrame } from '#protocols/events.ts';
import type { Page } from '#protocols/http/page.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import { Entities, type Entity } from './entities.ts';

export type Phase =
  | { readonly state: 'loading' }
  | { readonly state: 'ready' }
  /** What is shown was read before; it could not be read again. */
  | { readonly state: 'stale'; readonly detail: string }
  | { readonly state: 'failed'; readonly detail: string };

export interface ListingOptions<Item extends Entity> {
  readonly list: () => Promise<Page<Item>>;
  readonly load: (id: string) => Promise<Item | null>;
  readonly order: (a: Item, b: Item) => number;
  /** More than these are not kept: the last in order go. */
  readonly itemsMax?: number;
}

export interface Listing<Item extends Entity> {
  readonly items: readonly Item[];
  /** How many there are in all, shown or not. */
  readonly total: Accessor<number>;
  readonly phase: Accessor<Phase>;
  readonly reload: () => Promise<void>;
  /** Forgets all: the list will be of something else. */
  readonly clear: () => void;
  readonly hear: (id: string, version: number) => void;
  readonly drop: (id: string) => void;
  readonly put: (item: Item) => void;
}

/** Changes are written to the page at most so often. */
const WRITE_MS = 250;
/** What could not be read is tried again by itself. */
const RETRY_MS = 5_000;

export function createListing<Item extends Entity>(options: ListingOptions<Item>): Listing<Item> {
  const [shown, setShown] = createStore<{ items: Item[] }>({ items: [] });
  const [phase, setPhase] = createSignal<Phase>({ state: 'loading' });
  const [total, setTotal] = createSignal(0);
  const entities = new Entities<Item>({ load: options.load, clock: SYSTEM_CLOCK, onChange: () => plan() });
  let beyond = 0;
  let timer = 0;
  const write = () => {
    timer = 0;
    const sorted = entities.all.sort(options.order);
    for (const surplus of sorted.splice(options.itemsMax ?? 500)) entities.drop(surplus.id);
    batch(() => {
      // The key lets rows that stay be the same rows.
      setShown('items', reconcile(sorted as never, { key: 'id', merge: false }));
      setTotal(sorted.length + beyond);
    });
  };
  const plan = () => {
    timer ||= window.setTimeout(write, WRITE_MS);
  };
  let retry = 0;
  let asked = 0;
  const reload = async () => {
    window.clearTimeout(retry);
    asked += 1;
    const mine = asked;
    try {
      const page = await options.list();
      // It was asked for anew meanwhile: this answer may be of something else.
      if (mine !== asked) return;
      entities.merge(page.items, true);
      beyond = page.total - page.items.length;
      write();
      setPhase({ state: 'ready' });
    } catch (error) {
      if (mine !== asked) return;
      const detail = error instanceof Error ? error.message : String(error);
      const isRead = phase().state === 'ready' || phase().state === 'stale';
      setPhase({ state: isRead ? 'stale' : 'failed', detail });
      retry = window.setTimeout(() => void reload(), RETRY_MS);
    }
  };
  onCleanup(() => {
    window.clearTimeout(timer);
    window.clearTimeout(retry);
    entities.stop();
  });
  return {
    get items() {
      return shown.items;
    },
    total,
    phase,
    reload,
    clear: () => {
      entities.merge([], true);
      setPhase({ state: 'loading' });
      write();
    },
    hear: (id, version) => entities.hear(id, version),
    drop: (id) => entities.drop(id),
    put: (item) => entities.merge([item]),
  };
}

/** Says to a list that one of its entities is newer. The state itself is read, never taken from the event. */
export function hearAs(
  type: string,
  listing: Pick<Listing<Entity>, 'hear' | 'drop'>,
): (frame: LiveFrame) => void {
  return ({ payload: { address, name, version } }) => {
    const [kind, , id = ''] = address.split('/');
    if (kind !== type) return;
    if (name === 'deleted') listing.drop(id);
    else listing.hear(id, version);
  };
}
