import { For, Show } from 'solid-js';
import type { SessionState } from '#protocols/session.ts';
import { SESSION_LOOK } from '../data/state-words.ts';

export interface StateCountsProps {
  stats:
    | { readonly total: number; readonly by_state: Readonly<Partial<Record<SessionState, number>>> }
    | undefined;
  /** States that are listed; none: all. */
  states: readonly SessionState[];
  onStates: (states: readonly SessionState[]) => void;
}

/** In the order in which a session goes through them. */
const ORDER: readonly SessionState[] = [
  ...(['pending', 'queued', 'running', 'degraded', 'paused', 'completed', 'partially_completed'] as const),
  ...(['failed', 'timeout', 'stopped', 'cancelled', 'orphaned'] as const),
];

/** The twelve states with how many sessions are in each; each is a filter. */
export function StateCounts(props: StateCountsProps) {
  const count = (state: SessionState) => props.stats?.by_state[state] ?? 0;
  const toggle = (state: SessionState) =>
    props.onStates(
      props.states.includes(state) ? props.states.filter((one) => one !== state) : [...props.states, state],
    );
  return (
    <fieldset class="counts">
      <legend class="unseen">Only these states</legend>
      <button
        type="button"
        class="count"
        aria-pressed={props.states.length === 0}
        data-count="all"
        onClick={() => props.onStates([])}
      >
        <span class="legend">all</span>
        <span class="figure">{props.stats?.total ?? '–'}</span>
      </button>
      <For each={ORDER}>
        {(state) => (
          <button
            type="button"
            class={`count ${count(state) === 0 ? 'none' : ''}`}
            aria-pressed={props.states.includes(state)}
            data-count={state}
            onClick={() => toggle(state)}
          >
            <span class="legend">{SESSION_LOOK[state].word}</span>
            <span class={`figure ${count(state) > 0 ? SESSION_LOOK[state].tone : 'dim'}`}>
              <b aria-hidden="true">{SESSION_LOOK[state].mark}</b>
              <Show when={props.stats} fallback="–">
                {count(state)}
              </Show>
            </span>
          </button>
        )}
      </For>
    </fieldset>
  );
}
