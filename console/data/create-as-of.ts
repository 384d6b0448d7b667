/**
 * A session's data as of one of its events, where the address says `at=seq:1234`; else as it is now. What is shown is told
 * apart by nobody below: the data has the same shape.
 */
import { type Accessor, createMemo } from 'solid-js';
import { type Moment, viewAsOf } from './as-of.ts';
import { createQuery } from './create-query.ts';
import type { SessionData } from './create-session.ts';

export interface AsOf {
  readonly data: SessionData;
  /** Null: now. */
  readonly moment: Accessor<Moment | null>;
  /** To the event before or after in the history; past the newest it is now again. */
  readonly step: (by: 1 | -1) => void;
  readonly goTo: (seq: number) => void;
  readonly backToLive: () => void;
}

const PLACE = /^seq:(\d{1,15})$/;

export function createAsOf(live: SessionData): AsOf {
  const [at, setAt] = createQuery('at');
  const wanted = createMemo(() => Number(PLACE.exec(at())?.[1] ?? 0));
  const moment = createMemo<Moment | null>(() => {
    const seq = wanted();
    if (seq === 0) return null;
    const last = live.timeline().findLast((item) => item.seq <= seq);
    return last ? { seq, atMs: last.atMs } : null;
  });
  const shown = createMemo(() => {
    const then = moment();
    const session = live.session();
    if (!then || !session) return null;
    return viewAsOf({ session, tasks: live.tasks() }, live.steps(), then);
  });
  const upTo = <Item extends { readonly seq: number }>(items: readonly Item[]) => {
    const then = moment();
    return then ? items.filter(({ seq }) => seq <= then.seq) : items;
  };
  const log = createMemo(() => ({ lines: upTo(live.log().lines), dropped: live.log().dropped }));
  const timeline = createMemo(() => upTo(live.timeline()));
  const goTo = (seq: number) => setAt(`seq:${seq}`);
  return {
    data: {
      ...live,
      ...{ log, timeline },
      session: () => shown()?.session ?? live.session(),
      tasks: () => shown()?.tasks ?? live.tasks(),
    },
    ...{ moment, goTo },
    backToLive: () => setAt(null),
    step: (by) => {
      const items = live.timeline();
      const here = moment();
      const place = here ? items.findLastIndex(({ seq }) => seq <= here.seq) : items.length - 1;
      const next = items[Math.max(0, place + by)];
      if (next && place + by < items.length - 1) goTo(next.seq);
      else if (by === 1) setAt(null);
    },
  };
}
