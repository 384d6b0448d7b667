import { createMemo, For, Show } from 'solid-js';
import type { Past, Step } from '../data/cluster-api.ts';

const SHOWN_MAX = 200;

/** The steps of an actor, the newest first: what came, from whom, and what it did. */
export function HistorySteps(props: {
  past: Past | null;
  failure: string;
  /** The version that is looked at. */
  at: number | null;
  onPick: (version: number) => void;
}) {
  const steps = createMemo(() => (props.past?.steps ?? []).slice(-SHOWN_MAX).reverse());
  return (
    <>
      <Show when={props.failure}>
        <p class="line fail" role="alert">
          ✕ {props.failure}
        </p>
      </Show>
      <ol class="steps">
        <For
          each={steps()}
          fallback={<li class="dim">{props.past ? 'Nothing of it is kept.' : 'READING …'}</li>}
        >
          {(step) => (
            <li>
              <button
                type="button"
                class="row step"
                aria-pressed={step.version === props.at && step.changed}
                onClick={() => props.onPick(step.version)}
                title={`${step.message_id}, caused by ${step.cause ?? 'nothing'}`}
              >
                <span class={step.changed ? '' : 'dim'}>v{step.version}</span>
                <span class="dim">{step.at.slice(11, 19)}</span>
                <span class={step.lane === 'control' ? 'warn' : 'dim'}>{step.source}</span>
                <span class="clip">{typeOf(step)}</span>
                <span class="dim clip">{step.by ?? ''}</span>
                <span class="number dim">{effectsOf(step)}</span>
              </button>
            </li>
          )}
        </For>
      </ol>
    </>
  );
}

function typeOf({ message }: Step): string {
  return message && typeof message.type === 'string' ? message.type : '(too large)';
}

function effectsOf({ effects, changed }: Step): string {
  const count = effects ? `${effects.length} effects` : '';
  return changed ? count : 'changed nothing';
}
