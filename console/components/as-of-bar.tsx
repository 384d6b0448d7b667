import { Show } from 'solid-js';
import type { AsOf } from '../data/create-as-of.ts';
import { createKeys } from '../keyboard.ts';

/** Steps a session back through its history, and says loudly that what is shown is not now. */
export function AsOfBar(props: { asOf: AsOf }) {
  createKeys('Time', [
    { key: '[', help: 'a step back in time', act: () => props.asOf.step(-1) },
    { key: ']', help: 'a step on in time', act: () => props.asOf.step(1) },
    { key: 'L', help: 'back to live', act: () => props.asOf.backToLive() },
  ]);
  return (
    <Show when={props.asOf.moment()}>
      {(moment) => (
        <div class="as-of" role="status">
          <strong>‖ AS OF {new Date(moment().atMs).toISOString().slice(0, 23).replace('T', ' ')}</strong>
          <span class="dim clip">
            event {moment().seq} · states, attempts, log and history of then; tokens and cost of attempts that
            had ended; health and budgets are those of now
          </span>
          <button type="button" class="push" onClick={() => props.asOf.step(-1)}>
            back <kbd>[</kbd>
          </button>
          <button type="button" onClick={() => props.asOf.step(1)}>
            on <kbd>]</kbd>
          </button>
          <button type="button" onClick={() => props.asOf.backToLive()}>
            live <kbd>L</kbd>
          </button>
        </div>
      )}
    </Show>
  );
}
