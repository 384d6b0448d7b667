/** What failed for good? Dead letters by their cause, one of them in full; edited, sent again, or given up. */
import { createEffect, createSignal, For, on, Show } from 'solid-js';
import type { LetterStatus } from '#protocols/dead-letter.ts';
import { DataTable } from '../components/data-table.tsx';
import { LetterList } from '../components/letter-list.tsx';
import { LetterPane } from '../components/letter-pane.tsx';
import { ListingNotice } from '../components/listing-notice.tsx';
import { Panel } from '../components/panel.tsx';
import { type Reading, Readings } from '../components/readings.tsx';
import { Screen } from '../components/screen.tsx';
import { createPolled, type Polled } from '../data/create-polled.ts';
import { createQuery } from '../data/create-query.ts';
import { createRows } from '../data/create-rows.ts';
import { shortAge } from '../data/figures.ts';
import { causeWords, failingFirst } from '../data/letter-words.ts';
import { type LetterGroup, lettersApi } from '../data/letters-api.ts';
import { useConsole } from '../data/use-console.ts';
import { createKeys } from '../keyboard.ts';

const EVERY_MS = 4_000;
const ALL: readonly LetterStatus[] = ['open', 'replaying', 'replayed', 'dropped'];
const FAILING: readonly LetterStatus[] = ['open', 'replaying'];

export function DeadLetters() {
  const { nowSeconds } = useConsole();
  const [view, setView] = createQuery('view');
  const [groupId, setGroup] = createQuery('group');
  const [letterId, setLetter] = createQuery('letter');
  const [changes, setChanges] = createSignal(0);
  const status = () => (view() === 'all' ? ALL : FAILING);
  const groups = createPolled(() => lettersApi.groups(status()), { everyMs: EVERY_MS });
  const rows = createRows(() =>
    failingFirst(groups.value()?.items ?? []).map((group) => ({ ...group, id: group.group })),
  );
  const chosen = () => rows().find((group) => group.group === groupId());
  const changed = () => {
    setChanges((count) => count + 1);
    void groups.reload();
  };
  createEffect(on(view, () => void groups.reload(), { defer: true }));
  /** Whether the keys of rows are with the letters of the opened cause. */
  const [isInside, setInside] = createSignal(letterId() !== '');
  const choose = (id: string | null) => {
    setInside(false);
    setLetter(null);
    setGroup(id);
  };
  const toggle = () => setView(view() === 'all' ? null : 'all');
  createKeys('Dead letters', [{ key: 'a', help: 'all, or only what fails', act: toggle }]);
  return (
    <Screen name="Dead letters">
      <LetterReadings groups={rows()} nowSeconds={nowSeconds()} />
      <div class={`desk fill ${letterId() ? 'halves' : 'alone'}`}>
        <div class="column">
          <CausesPanel
            groups={groups}
            rows={rows()}
            selectedId={groupId()}
            isAll={view() === 'all'}
            onToggle={toggle}
            onSelect={choose}
            onOpen={() => setInside(true)}
          />
          <Show when={groupId()} keyed>
            {(id) => (
              <LetterList
                group={id}
                cause={chosen() ?? null}
                status={status()}
                changes={changes()}
                selectedId={letterId()}
                nowSeconds={nowSeconds()}
                isInside={isInside()}
                onSelect={(letter) => {
                  setInside(true);
                  setLetter(letter);
                }}
                onChanged={changed}
                onClose={() => (isInside() ? setInside(false) : choose(null))}
              />
            )}
          </Show>
        </div>
        <Show when={letterId()}>
          {(id) => (
            <div class="column">
              <LetterPane
                id={id()}
                nowSeconds={nowSeconds()}
                onChanged={changed}
                onClose={() => setLetter(null)}
              />
            </div>
          )}
        </Show>
      </div>
    </Screen>
  );
}

type CauseRow = LetterGroup & { readonly id: string };

interface CausesPanelProps {
  groups: Pick<Polled<unknown>, 'phase' | 'reload'>;
  rows: readonly CauseRow[];
  selectedId: string;
  isAll: boolean;
  onToggle: () => void;
  onSelect: (id: string) => void;
  onOpen: () => void;
}

function CausesPanel(props: CausesPanelProps) {
  const { nowSeconds } = useConsole();
  return (
    <Panel
      name="Causes"
      note={`${props.rows.length}, what fails first`}
      acts={
        <button type="button" aria-pressed={props.isAll} onClick={() => props.onToggle()}>
          Ended ones too <kbd>a</kbd>
        </button>
      }
    >
      <ListingNotice
        phase={props.groups.phase()}
        isEmpty={props.rows.length === 0}
        what="DEAD LETTERS"
        onRetry={() => void props.groups.reload()}
        empty={
          <>
            <strong>NO DEAD LETTERS</strong>
            Every message was handled. What fails for good is set aside here with its reason, and waits for
            you.
          </>
        }
      />
      <Show when={props.rows.length > 0}>
        <Causes
          groups={props.rows}
          nowSeconds={nowSeconds()}
          selectedId={props.selectedId}
          onSelect={props.onSelect}
          onOpen={props.onOpen}
        />
      </Show>
    </Panel>
  );
}

function Causes(props: {
  groups: readonly CauseRow[];
  nowSeconds: number;
  selectedId: string;
  onSelect: (id: string) => void;
  onOpen: () => void;
}) {
  const most = () => Math.max(1, ...props.groups.map(({ counts }) => counts.open ?? 0));
  return (
    <DataTable
      name="causes"
      items={props.groups}
      selectedId={props.selectedId}
      onSelect={props.onSelect}
      onOpen={props.onOpen}
      columns={[
        {
          name: 'Open',
          width: '14ch',
          cell: (group) => (
            <span class={`load ${(group.counts.open ?? 0) > 0 ? 'fail' : 'dim'}`}>
              <span class="gauge wide-gauge" aria-hidden="true">
                <i style={{ width: `${((group.counts.open ?? 0) / most()) * 100}%` }} />
              </span>
              <span class="count">{group.counts.open ?? 0}</span>
            </span>
          ),
        },
        {
          name: 'Reason',
          width: '20ch',
          isExtra: true,
          cell: (group) => <span class="fail">✕ {group.reason}</span>,
        },
        {
          name: 'Message',
          width: '24ch',
          isExtra: true,
          cell: (group) => (
            <span title={`${group.message_type} to ${group.actor_type}`}>
              {group.message_type ?? '?'} <span class="dim">→ {group.actor_type ?? '?'}</span>
            </span>
          ),
        },
        { name: 'Cause', cell: (group) => <span title={group.summary}>{causeWords(group.summary)}</span> },
        {
          name: 'Last',
          width: '8ch',
          isNumber: true,
          cell: (group) => (
            <span class="dim">{shortAge(props.nowSeconds - Date.parse(group.last_at) / 1_000)}</span>
          ),
        },
      ]}
    />
  );
}

function LetterReadings(props: { groups: readonly LetterGroup[]; nowSeconds: number }) {
  const sum = (status: LetterStatus) =>
    props.groups.reduce((total, { counts }) => total + (counts[status] ?? 0), 0);
  const items = (): Reading[] => {
    const open = sum('open');
    const newest = props.groups
      .map(({ last_at }) => last_at)
      .toSorted()
      .at(-1);
    return [
      {
        legend: 'Open',
        value: open,
        tone: open > 0 ? 'fail' : 'run',
        note: open > 0 ? 'wait for a person' : 'none',
      },
      { legend: 'Causes', value: props.groups.length },
      { legend: 'Being replayed', value: sum('replaying'), tone: sum('replaying') > 0 ? 'wait' : '' },
      {
        legend: 'The newest',
        value: newest ? shortAge(props.nowSeconds - Date.parse(newest) / 1_000) : '–',
        note: newest ? 'ago' : '',
      },
      { legend: 'Reasons', value: <Reasons groups={props.groups} /> },
    ];
  };
  return <Readings name="Dead letters in figures" items={items()} />;
}

/** How many are open of each reason. */
function Reasons(props: { groups: readonly LetterGroup[] }) {
  const counts = () => {
    const byReason = new Map<string, number>();
    for (const { reason, counts } of props.groups) {
      byReason.set(reason, (byReason.get(reason) ?? 0) + (counts.open ?? 0));
    }
    return [...byReason]
      .filter(([, count]) => count > 0)
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, 3);
  };
  return (
    <For each={counts()} fallback="–">
      {([reason, count]) => (
        <span>
          {count} <small class="dim">{reason}</small>{' '}
        </span>
      )}
    </For>
  );
}
