import { type JSX, Show } from 'solid-js';

export interface PanelProps {
  name: string;
  /** Beside the name: a count, a span of time. */
  note?: JSX.Element;
  /** At the end of the head: buttons, a filter. */
  acts?: JSX.Element;
  children: JSX.Element;
}

/** A framed part of a screen, with its legend in the rule above. */
export function Panel(props: PanelProps) {
  return (
    <section class="panel" aria-label={props.name}>
      <header>
        <h2>{props.name}</h2>
        <Show when={props.note}>
          <span class="dim">{props.note}</span>
        </Show>
        <Show when={props.acts}>
          <div class="acts push">{props.acts}</div>
        </Show>
      </header>
      <div class="body">{props.children}</div>
    </section>
  );
}
