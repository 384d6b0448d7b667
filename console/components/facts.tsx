import { For, type JSX, Show } from 'solid-js';

export interface Fact {
  readonly name: string;
  readonly value: JSX.Element;
  readonly title?: string;
  readonly tone?: string;
}

/** What is known of one thing, name and value, in columns as wide as there is room. */
export function Facts(props: { items: readonly (Fact | false | null)[] }) {
  return (
    <dl class="facts">
      <For each={props.items}>
        {(fact) => (
          <Show when={fact}>
            {(one) => (
              <div title={one().title}>
                <dt>{one().name}</dt>
                <dd class={one().tone ?? ''}>{one().value}</dd>
              </div>
            )}
          </Show>
        )}
      </For>
    </dl>
  );
}
