import { createSignal, For, Show } from 'solid-js';
import type { BulkAct } from '#protocols/bulk.ts';
import type { BulkView } from '#protocols/http/bulk.ts';
import type { SessionSummary } from '#protocols/http/session.ts';
import { createJob } from '../data/create-job.ts';
import { createQuery } from '../data/create-query.ts';
import { FROZEN_MAX, type FrozenSet, freeze, freezeNamed, frozenWords } from '../data/frozen-set.ts';
import { BULK_ACTS, WEIGHT } from '../data/session-acts.ts';
import { sessionApi } from '../data/session-api.ts';
import type { Picked, SessionsQuery } from '../data/sessions-query.ts';
import { createKeys } from '../keyboard.ts';
import { ActButton } from './act-button.tsx';
import { confirm } from './confirm.tsx';
import { PercentBar } from './progress-cells.tsx';

export interface BulkBarProps {
  picked: Picked;
  query: SessionsQuery;
  total: { readonly count: number; readonly isExact: boolean };
  /** Rows that the list has. */
  shown: readonly SessionSummary[];
  onPick: (picked: Picked) => void;
}

/** What may be done with the picked sessions, and how far the job is that does it. */
export function BulkBar(props: BulkBarProps) {
  const [jobId, setJobId] = createQuery('job');
  const job = createJob(jobId);
  const count = () => (props.picked.type === 'all' ? props.total.count : props.picked.ids.length);
  const [failure, setFailure] = createSignal<string | null>(null);
  const freezePicked = (): Promise<FrozenSet> => {
    const { picked, query, shown } = props;
    if (picked.type === 'some') return Promise.resolve(freezeNamed(picked.ids, shown));
    // Rows move where the order is that of changes: named one by one they are in the order of their making.
    const still = { ...query, sort: 'created', order: 'desc' } as const;
    const page = (cursor: string | null) => sessionApi.list(still, cursor === null ? {} : { cursor });
    return freeze(page, FROZEN_MAX);
  };
  const press = async (act: BulkAct) => {
    setFailure(null);
    try {
      ask(act, await freezePicked());
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  const ask = (act: BulkAct, set: FrozenSet) =>
    confirm({
      title: `${WEIGHT[act].name} ${set.ids.length} ${set.ids.length === 1 ? 'session' : 'sessions'}`,
      object: frozenWords(set),
      consequence: `${WEIGHT[act].consequence ?? 'They are started.'} These and no others, whatever the list shows by then; each is asked by itself, and what each answered is kept with the job.`,
      verb: `${WEIGHT[act].name} ${set.ids.length}`,
      needs: 'sessions.write',
      reason: WEIGHT[act].reason,
      ...(act === 'delete' ? { typed: `delete ${set.ids.length}` } : {}),
      act: async (reason) => {
        const begun = await sessionApi.bulk(act, { session_ids: [...set.ids] }, reason);
        job.show(begun);
        setJobId(begun.id);
        props.onPick({ type: 'some', ids: [] });
      },
    });
  let bar: HTMLDivElement | undefined;
  createKeys('Picked sessions', [
    { key: '!', help: 'to the acts', act: () => bar?.querySelector('button')?.focus() },
  ]);
  return (
    <>
      <Show when={count() > 0 && (props.picked.type === 'all' || props.picked.ids.length > 0)}>
        <div ref={bar} class="bulk" role="toolbar" aria-label="Acts on the picked sessions">
          <strong>{countWords(props)} picked</strong>
          <For each={BULK_ACTS}>
            {(act) => (
              <ActButton
                needs="sessions.write"
                class={WEIGHT[act].isGrave ? 'grave' : ''}
                onClick={() => void press(act)}
              >
                {WEIGHT[act].name}
              </ActButton>
            )}
          </For>
          <button type="button" class="push" onClick={() => props.onPick({ type: 'some', ids: [] })}>
            let go <kbd>esc</kbd>
          </button>
        </div>
      </Show>
      <Show when={failure()}>
        <p class="bulk fail" role="alert">
          ✕ the sessions cannot be read: {failure()}
        </p>
      </Show>
      <Show when={job.view()}>
        {(view) => <JobView job={view()} onCancel={() => void job.cancel()} onClose={() => setJobId(null)} />}
      </Show>
      <Show when={job.failure()}>
        <p class="bulk fail" role="alert">
          ✕ the job cannot be read: {job.failure()}
          <button type="button" class="push" onClick={() => setJobId(null)}>
            close
          </button>
        </p>
      </Show>
    </>
  );
}

function JobView(props: { job: BulkView; onCancel: () => void; onClose: () => void }) {
  const progress = () => props.job.progress;
  const isOver = () => props.job.ended_at !== null;
  const refused = () => props.job.items.filter(({ state }) => state === 'failed');
  return (
    <div class="bulk job" data-job={props.job.state}>
      <strong class={isOver() ? 'done' : 'run'} role="status">
        {isOver() ? '■' : '▶'} {props.job.action} {props.job.state}
      </strong>
      <span class="job-bar">
        <PercentBar percent={progress().percent} tone={isOver() ? 'done' : 'run'} />
      </span>
      <span>
        {progress().done} done
        <Show when={progress().failed > 0}>
          <span class="fail"> · {progress().failed} refused</span>
        </Show>
        <span class="dim">
          {' '}
          · {progress().waiting + progress().asked} to go of {progress().total}
        </span>
      </span>
      <Show when={refused().length > 0}>
        <details>
          <summary>why</summary>
          <ul>
            <For each={refused().slice(0, 50)}>
              {(item) => (
                <li>
                  <a href={`/sessions/${item.session_id}`}>{item.session_id}</a> {item.detail ?? item.code}
                </li>
              )}
            </For>
          </ul>
        </details>
      </Show>
      <Show
        when={!isOver()}
        fallback={
          <button type="button" class="push" onClick={() => props.onClose()}>
            close
          </button>
        }
      >
        <button type="button" class="push" onClick={() => props.onCancel()}>
          ask no more
        </button>
      </Show>
    </div>
  );
}

function countWords({ picked, total }: Pick<BulkBarProps, 'picked' | 'total'>): string {
  if (picked.type === 'some')
    return `${picked.ids.length} ${picked.ids.length === 1 ? 'session' : 'sessions'}`;
  return `all ${total.isExact ? '' : 'more than '}${total.count} sessions`;
}
