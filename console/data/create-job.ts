/** A job on many sessions, watched to its end. */
import { type Accessor, createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { BulkView } from '#protocols/http/bulk.ts';
import { sessionApi } from './session-api.ts';

const READ_MS = 500;

export interface Job {
  /** Null: none is watched, or it is not read yet. */
  readonly view: Accessor<BulkView | null>;
  readonly failure: Accessor<string | null>;
  readonly cancel: () => Promise<void>;
  readonly show: (job: BulkView) => void;
}

/** Watches the job of this id; '' is none. */
export function createJob(id: Accessor<string>): Job {
  const [view, setView] = createSignal<BulkView | null>(null);
  const [failure, setFailure] = createSignal<string | null>(null);
  let timer = 0;
  const read = async () => {
    const mine = id();
    try {
      const job = await sessionApi.job(mine);
      if (mine !== id()) return;
      setView(job);
      setFailure(null);
      if (job.ended_at !== null) return;
    } catch (error) {
      if (mine !== id()) return;
      setFailure(error instanceof Error ? error.message : String(error));
    }
    timer = window.setTimeout(() => void read(), READ_MS);
  };
  createEffect(
    on(id, (now) => {
      window.clearTimeout(timer);
      if (view()?.id !== now) setView(null);
      setFailure(null);
      if (now !== '') void read();
    }),
  );
  onCleanup(() => window.clearTimeout(timer));
  return {
    view: () => (view()?.id === id() ? view() : null),
    failure,
    show: setView,
    cancel: async () => {
      setView(await sessionApi.cancelJob(id()));
    },
  };
}
