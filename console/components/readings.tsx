import { For, type JSX, Show } from 'solid-js';
import type { Tone } from '../data/state-words.ts';

export interface Reading {
  readonly legend: string;
  readonly value: JSX.Element;
  readonly tone?: Tone | '';
  /** Smaller, behind the value. */
  readonly note?: JSX.Element;
  /** 0 to 1: drawn as a bar beneath. */
  readonly share?: number;
}

/** The readings on top of a screen: its question answered before anything is read. */
export function Readings(props: { name: string; items: readonly Reading[] }) {
  return (
    <section class="readings" aria-label={props.name}>
      <For each={props.items}>
        {(reading) => (
          <div class="cell">
            <span class="legend">{reading.legend}</span>
            <span class={`figure ${reading.tone ?? ''}`}>
              {reading.value} <Show when={reading.note}>{(note) => <small class="dim">{note()}</small>}</Show>
            </span>
            <Show when={reading.share !== undefined}>
              <span class={`gauge ${reading.tone ?? ''}`} aria-hidden="true">
                <i style={{ width: `${Math.min(100, (reading.share ?? 0) * 100)}%` }} />
              </span>
            </Show>
          </div>
        )}
      </For>
    </section>
  );
}
