import { For, Show } from 'solid-js';
import type { SessionSummary } from '#protocols/http/session.ts';
import { shortAge, shortCount, shortSpan } from '../data/figures.ts';
import { SESSION_LOOK } from '../data/state-words.ts';
import { ProgressCells } from './progress-cells.tsx';
import { StateWord } from './state-word.tsx';

export interface SessionTableProps {
  sessions: readonly SessionSummary[];
  selectedId: string | null;
  nowSeconds: number;
  onSelect: (id: string) => void;
}

export function SessionTable(props: SessionTableProps) {
  return (
    <table class="grid sessions">
      <caption class="unseen">Sessions, the newest first</caption>
      <colgroup>
        <col style={{ width: '15ch' }} />
        <col />
        <col class="extra" style={{ width: '150px' }} />
        <col style={{ width: '8ch' }} />
        <col class="extra" style={{ width: '10ch' }} />
        <col class="spare extra" style={{ width: '11ch' }} />
        <col style={{ width: '8ch' }} />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Title</th>
          <th scope="col" class="extra">
            Progress
          </th>
          <th scope="col" class="number">
            Tasks
          </th>
          <th scope="col" class="number extra">
            Tokens
          </th>
          <th scope="col" class="number spare extra">
            At work
          </th>
          <th scope="col" class="number">
            Age
          </th>
        </tr>
      </thead>
      <tbody>
        <For each={props.sessions}>
          {(session) => (
            <SessionRow
              session={session}
              isSelected={session.id === props.selectedId}
              nowSeconds={props.nowSeconds}
              onSelect={props.onSelect}
            />
          )}
        </For>
      </tbody>
    </table>
  );
}

interface SessionRowProps {
  session: SessionSummary;
  isSelected: boolean;
  nowSeconds: number;
  onSelect: (id: string) => void;
}

function SessionRow(props: SessionRowProps) {
  const session = () => props.session;
  const look = () => SESSION_LOOK[session().state];
  const tokens = () => session().metrics.tokens_in + session().metrics.tokens_out;
  const ageSeconds = () => props.nowSeconds - Date.parse(session().created_at) / 1_000;
  const atWorkSeconds = () => {
    const { started_at, ended_at } = session();
    if (started_at === null) return null;
    return (
      (ended_at === null ? props.nowSeconds : Date.parse(ended_at) / 1_000) - Date.parse(started_at) / 1_000
    );
  };
  return (
    // The button in it is what keyboards and screen readers use.
    <tr
      class="pick"
      aria-selected={props.isSelected}
      data-session={session().id}
      onClick={() => props.onSelect(session().id)}
    >
      <td>
        <StateWord look={look()} />
      </td>
      <td title={session().title}>
        <button type="button" class="name" aria-pressed={props.isSelected}>
          {session().title}
        </button>
      </td>
      <td class="extra">
        <ProgressCells progress={session().progress} />
      </td>
      <td class="number">
        <Show when={session().progress.tasks_total > 0} fallback={<span class="dim">–</span>}>
          {session().progress.tasks_completed}
          <span class="dim">/{session().progress.tasks_total}</span>
        </Show>
      </td>
      <td class="number extra">
        <Show when={tokens() > 0} fallback={<span class="dim">–</span>}>
          {shortCount(tokens())}
        </Show>
      </td>
      <td class="number spare extra">
        <Show when={atWorkSeconds() !== null} fallback={<span class="dim">–</span>}>
          {shortSpan(atWorkSeconds() ?? 0)}
        </Show>
      </td>
      <td class="number dim">{shortAge(ageSeconds())}</td>
    </tr>
  );
}
