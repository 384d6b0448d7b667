/**
 * A page's own list of entities, kept current by the tab's line:
 *
 *     const tasks = createLiveListing({ type: 'task', list, load: api.task, order, concerns: (frame) => … });
 *
 * It is read at first, when events may be missing, and by `reload()`; where `of` changes it is begun anew as another list.
 */
import { createEffect, on } from 'solid-js';
import type { LiveFrame } from '#protocols/events.ts';
import { createListing, hearAs, type Listing, type ListingOptions } from './create-listing.ts';
import type { Entity } from './entities.ts';
import { useConsole } from './use-console.ts';

export interface LiveListingOptions<Item extends Entity> extends ListingOptions<Item> {
  /** Type of the actors that it lists, as their addresses begin. */
  readonly type: string;
  /** What the list is of: signals that `list` reads. */
  readonly of?: () => unknown;
  /** Whether an event of such an actor concerns this list; without: each does. */
  readonly concerns?: (frame: LiveFrame) => boolean;
}

export function createLiveListing<Item extends Entity>(options: LiveListingOptions<Item>): Listing<Item> {
  const data = useConsole();
  const listing = createListing<Item>(options);
  const hear = hearAs(options.type, listing);
  const { of, concerns } = options;
  data.listen((frame) => {
    if (!concerns || concerns(frame)) hear(frame);
  });
  createEffect(on(data.anew, () => void listing.reload()));
  if (of) {
    const begin = () => {
      listing.clear();
      void listing.reload();
    };
    createEffect(on(of, begin, { defer: true }));
  }
  return listing;
}
