/** Locks that are held: by whom, under which token, for how long, and who waits. Broken with a reason. */
import { A } from '@solidjs/router';
import { createSignal, For, Show } from 'solid-js';
import { actorOfOwner, formatActorPlace } from '../data/actor-place.ts';
import { newKey } from '../data/api.ts';
import { clusterApi, type Lock } from '../data/cluster-api.ts';
import { createPolled } from '../data/create-polled.ts';
import { createQuery } from '../data/create-query.ts';
import { createRows } from '../data/create-rows.ts';
import { shortSpan } from '../data/figures.ts';
import { createKeys } from '../keyboard.ts';
import { ActButton } from './act-button.tsx';
import { confirm } from './confirm.tsx';
import { DataTable } from './data-table.tsx';
import { ListingNotice } from './listing-notice.tsx';
import { Panel } from './panel.tsx';

const EVERY_MS = 4_000;

export function LockPanel(props: { nowSeconds: number }) {
  const [selectedId, select] = createQuery('lock');
  const [news, setNews] = createSignal('');
  const locks = createPolled(clusterApi.locks, {
    everyMs: EVERY_MS,
    hears: ({ payload }) => payload.address.startsWith('lock/'),
  });
  const rows = createRows(() => locks.value()?.items.map((lock) => ({ ...lock, id: lock.name })));
  const selected = () => rows().find((lock) => lock.name === selectedId());
  const age = (since: string) => shortSpan(props.nowSeconds - Date.parse(since) / 1_000);
  const breakIt = () => {
    const lock = selected();
    if (!lock) return;
    askToBreak(lock, async (words) => {
      setNews(words);
      await locks.reload();
    });
  };
  createKeys('Locks', [{ key: 'b', help: 'break the selected lock', act: breakIt }]);
  return (
    <Panel
      name="Locks"
      note={`${locks.value()?.total ?? '–'} held`}
      acts={
        <ActButton needs="locks.break" class="grave" disabled={!selected()} onClick={breakIt}>
          Break <kbd>b</kbd>
        </ActButton>
      }
    >
      <Show when={news()}>
        <p class="said-done done" role="status">
          {news()}
        </p>
      </Show>
      <ListingNotice
        phase={locks.phase()}
        isEmpty={rows().length === 0}
        what="LOCKS"
        onRetry={() => void locks.reload()}
        empty={
          <>
            <strong>NO LOCK IS HELD</strong>
            Nobody waits for anybody.
          </>
        }
      />
      <Show when={rows().length > 0}>
        <DataTable
          name="locks"
          items={rows()}
          selectedId={selectedId()}
          onSelect={select}
          columns={[
            { name: 'Lock', cell: (lock) => <span title={lock.name}>{lock.name}</span> },
            { name: 'Holder', cell: (lock) => <Owner owner={lock.owner} /> },
            { name: 'Token', width: '8ch', isNumber: true, cell: (lock) => lock.token },
            { name: 'Held for', width: '11ch', isNumber: true, cell: (lock) => age(lock.acquired_at) },
            {
              name: 'Lease',
              width: '11ch',
              isNumber: true,
              isExtra: true,
              cell: (lock) => (
                <span class="dim">{shortSpan(Date.parse(lock.expires_at) / 1_000 - props.nowSeconds)}</span>
              ),
            },
            {
              name: 'Wait',
              width: '7ch',
              isNumber: true,
              cell: (lock) => (
                <span class={lock.waiters.length > 0 ? 'warn' : 'dim'}>{lock.waiters.length}</span>
              ),
            },
          ]}
        />
      </Show>
      <Show when={selected()}>{(lock) => <Waiters lock={lock()} age={age} />}</Show>
    </Panel>
  );
}

function Owner(props: { owner: string }) {
  return (
    <Show when={actorOfOwner(props.owner)} fallback={<span title={props.owner}>{props.owner}</span>}>
      {(place) => <A href={`/cluster?actor=${formatActorPlace(place())}`}>{props.owner}</A>}
    </Show>
  );
}

/** Who waits for the selected lock, the next one first. */
function Waiters(props: { lock: Lock; age: (since: string) => string }) {
  return (
    <section class="part" aria-label={`Who waits for ${props.lock.name}`}>
      <h3 class="legend">
        Waiting for {props.lock.name} · {props.lock.waiters.length}
      </h3>
      <ol class="waiters">
        <For each={props.lock.waiters} fallback={<li class="dim">Nobody.</li>}>
          {(waiter, at) => (
            <li>
              <span class="dim">{at() + 1}</span>
              <Owner owner={waiter.owner} />
              <span class={waiter.priority === 'critical' ? 'warn' : 'dim'}>{waiter.priority}</span>
              <span class="number dim">{props.age(waiter.waits_since)}</span>
            </li>
          )}
        </For>
      </ol>
    </section>
  );
}

/** Only the grant that was seen: its token goes with it. */
function askToBreak(lock: Lock, done: (words: string) => Promise<void>): void {
  const key = newKey();
  const [next] = lock.waiters;
  confirm({
    title: 'Break lock',
    object: `${lock.name}, held by ${lock.owner} under token ${lock.token}`,
    consequence: next
      ? `${next.owner} has it then. What the old holder still writes is refused by the token.`
      : 'It is free then. What the old holder still writes is refused by the token.',
    verb: 'break it',
    needs: 'locks.break',
    reason: 'required',
    act: async (reason) => {
      const { owner, token } = await clusterApi.breakLock(lock, { key, reason });
      await done(`■ ${lock.name} was taken from ${owner}, token ${token}. Why stands in the audit.`);
    },
  });
}
