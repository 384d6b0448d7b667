import { type JSX, Show } from 'solid-js';
import { createKeys } from '../keyboard.ts';

export interface PaneProps {
  name: string;
  /** What it is of. */
  title: string;
  note?: JSX.Element;
  acts?: JSX.Element;
  onClose: () => void;
  children: JSX.Element;
}

/** A panel for one selected thing: `Escape` closes it; in one of its fields it leaves the field first. */
export function Pane(props: PaneProps) {
  createKeys(props.name, [{ key: 'Escape', help: 'close the pane', act: () => props.onClose() }]);
  return (
    <section class="panel pane" aria-label={props.name} onKeyDown={leaveField}>
      <header>
        <h2>{props.name}</h2>
        <span class="clip title" title={props.title}>
          {props.title}
        </span>
        <Show when={props.note}>
          <span class="dim">{props.note}</span>
        </Show>
        <button
          type="button"
          class="push"
          aria-label={`Close ${props.name.toLowerCase()}`}
          onClick={() => props.onClose()}
        >
          ✕
        </button>
      </header>
      <Show when={props.acts}>
        <div class="acts bar-of-acts">{props.acts}</div>
      </Show>
      <div class="body">{props.children}</div>
    </section>
  );
}

function leaveField(event: KeyboardEvent): void {
  const { target } = event;
  if (event.key !== 'Escape' || !(target instanceof HTMLElement)) return;
  if (!target.matches('input, textarea, select')) return;
  target.blur();
  event.stopPropagation();
}

/** A part of a pane under a legend of its own. */
export function Part(props: { name: string; note?: JSX.Element; children: JSX.Element }) {
  return (
    <section class="part" aria-label={props.name}>
      <h3 class="legend">
        {props.name}
        <Show when={props.note}>
          <span class="plain"> {props.note}</span>
        </Show>
      </h3>
      {props.children}
    </section>
  );
}
