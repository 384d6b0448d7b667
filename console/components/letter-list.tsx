/** The dead letters of one cause: one is opened, all of them are sent again or given up in one act. */
import { createEffect, createSignal, For, on, Show } from 'solid-js';
import type { LetterStatus } from '#protocols/dead-letter.ts';
import { createPolled } from '../data/create-polled.ts';
import { createRows } from '../data/create-rows.ts';
import { shortAge, shortId } from '../data/figures.ts';
import { bulkWords, causeWords, LETTER_LOOK } from '../data/letter-words.ts';
import { type BulkResult, type LetterGroup, type LetterLine, lettersApi } from '../data/letters-api.ts';
import { createKeys } from '../keyboard.ts';
import { ActButton } from './act-button.tsx';
import { DataTable } from './data-table.tsx';
import { askMany } from './letter-acts.ts';
import { ListingNotice } from './listing-notice.tsx';
import { Pane } from './pane.tsx';
import { StateWord } from './state-word.tsx';

export interface LetterListProps {
  group: string;
  /** Null: none of it is of what is shown any more. */
  cause: LetterGroup | null;
  status: readonly LetterStatus[];
  /** Grows when a letter was changed here. */
  changes: number;
  selectedId: string;
  /** The keys of rows are here, not with the causes. */
  isInside: boolean;
  nowSeconds: number;
  onSelect: (id: string) => void;
  onChanged: () => void;
  onClose: () => void;
}

const EVERY_MS = 3_000;

export function LetterList(props: LetterListProps) {
  const [result, setResult] = createSignal<{ act: 'replay' | 'drop'; of: BulkResult } | null>(null);
  const [failure, setFailure] = createSignal('');
  const letters = createPolled(() => lettersApi.letters(props.group, props.status), { everyMs: EVERY_MS });
  const rows = createRows(() => letters.value()?.items);
  createEffect(on([() => props.changes, () => props.status], () => void letters.reload(), { defer: true }));
  const many = (act: 'replay' | 'drop') => {
    if (!props.cause || (props.cause.counts.open ?? 0) === 0) return;
    setFailure('');
    askMany(props.cause, act, (of) => {
      setResult({ act, of });
      props.onChanged();
    }).catch((error: unknown) => setFailure(error instanceof Error ? error.message : String(error)));
  };
  createKeys('Letters of a cause', [
    { key: 'R', help: 'replay all of the cause', act: () => many('replay') },
    { key: 'X', help: 'drop all of the cause', act: () => many('drop') },
  ]);
  const open = () => props.cause?.counts.open ?? 0;
  return (
    <Pane
      name="Letters"
      title={props.cause ? causeWords(props.cause.summary) : 'of a cause that is over'}
      note={letters.value()?.next_cursor ? 'the newest 100' : String(rows().length)}
      onClose={props.onClose}
      acts={
        <>
          <ActButton needs="letters.replay" disabled={open() === 0} onClick={() => many('replay')}>
            Replay all {open()} <kbd>R</kbd>
          </ActButton>
          <ActButton
            needs="letters.change"
            class="grave"
            disabled={open() === 0}
            onClick={() => many('drop')}
          >
            Drop all {open()} <kbd>X</kbd>
          </ActButton>
        </>
      }
    >
      <Show when={failure()}>
        <p class="line fail" role="alert">
          ✕ {failure()}
        </p>
      </Show>
      <Show when={result()}>{(one) => <BulkOutcome {...one()} onSelect={props.onSelect} />}</Show>
      <ListingNotice
        phase={letters.phase()}
        isEmpty={rows().length === 0}
        what="LETTERS"
        onRetry={() => void letters.reload()}
        empty={
          <>
            <strong>NOTHING OF IT FAILS ANY MORE</strong>
            What became of each stands under the ended ones.
          </>
        }
      />
      <Show when={rows().length > 0}>
        {/* Made anew, so that the table that was entered last has the keys. */}
        <Show when={props.isInside} fallback={<Lines {...props} rows={rows()} hasKeys={false} />}>
          <Lines {...props} rows={rows()} hasKeys />
        </Show>
      </Show>
    </Pane>
  );
}

function Lines(props: LetterListProps & { rows: readonly LetterLine[]; hasKeys: boolean }) {
  return (
    <DataTable
      name="letters"
      items={props.rows}
      selectedId={props.selectedId}
      onSelect={props.onSelect}
      hasKeys={props.hasKeys}
      columns={[
        { name: 'State', width: '15ch', cell: (letter) => <StateWord look={LETTER_LOOK[letter.status]} /> },
        {
          name: 'For',
          cell: (letter) => <span title={letter.address ?? ''}>{letter.address ?? 'cannot be read'}</span>,
        },
        { name: 'Edited', width: '9ch', isExtra: true, cell: (letter) => (letter.is_edited ? 'edited' : '') },
        {
          name: 'Replays',
          width: '9ch',
          isNumber: true,
          isExtra: true,
          cell: (letter) => (
            <>
              {letter.replays}
              <span class="dim">/{letter.replays + letter.replays_left}</span>
            </>
          ),
        },
        {
          name: 'Failed',
          width: '8ch',
          isNumber: true,
          cell: (letter) => (
            <span class="dim">{shortAge(props.nowSeconds - Date.parse(letter.failed_at) / 1_000)}</span>
          ),
        },
      ]}
    />
  );
}

/** What became of an act on many: each that was refused leads to its letter. */
function BulkOutcome(props: { act: 'replay' | 'drop'; of: BulkResult; onSelect: (id: string) => void }) {
  const refused = () => props.of.items.filter(({ ok }) => !ok);
  return (
    <div class={`said-done ${props.of.refused > 0 ? 'warn' : 'done'}`} role="status" data-outcome>
      {props.of.refused > 0 ? '▲' : '■'} {bulkWords(props.of, props.act)}
      <For each={refused()}>
        {(item) => (
          <button type="button" class="plain-button" onClick={() => props.onSelect(item.id)}>
            {shortId(item.id)} {item.code}
          </button>
        )}
      </For>
    </div>
  );
}
