import { createEffect, createMemo, createSignal, For, on, Show } from 'solid-js';
import { type Command, findCommands } from '../data/palette.ts';

export interface PaletteProps {
  ref: (dialog: HTMLDialogElement) => void;
  commands: () => readonly Command[];
}

/** Everything that can be gone to or done, found by typing. A combobox: the focus stays in the line. */
export function Palette(props: PaletteProps) {
  const [typed, setTyped] = createSignal('');
  const [at, setAt] = createSignal(0);
  const [isOpen, setOpen] = createSignal(false);
  let dialog: HTMLDialogElement | undefined;
  const found = createMemo(() => (isOpen() ? findCommands(props.commands(), typed()) : []));
  createEffect(on(found, () => setAt(0)));
  const run = (command: Command | undefined) => {
    dialog?.close();
    command?.act();
  };
  const press = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined) {
      event.preventDefault();
      setAt((now) => (now + by + found().length) % Math.max(1, found().length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(found()[at()]);
    }
  };
  return (
    <dialog
      class="palette"
      ref={(element) => {
        dialog = element;
        props.ref(element);
      }}
      aria-label="Palette"
      onToggle={() => setOpen(dialog?.open ?? false)}
      onClose={() => setTyped('')}
    >
      <input
        type="text"
        role="combobox"
        aria-label="Go to, or do"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found().length > 0 ? `palette-${at()}` : undefined}
        autocomplete="off"
        placeholder="go to, or do …"
        value={typed()}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={press}
        autofocus
      />
      <div id="palette-list" role="listbox" aria-label="What fits">
        <For each={found()}>
          {(command, index) => (
            // biome-ignore lint/a11y/useFocusableInteractive: a combobox keeps the focus in its line.
            // biome-ignore lint/a11y/useKeyWithClickEvents: the line hears the keys.
            <div
              id={`palette-${index()}`}
              role="option"
              aria-selected={index() === at()}
              onClick={() => run(command)}
            >
              <span class="dim">{command.kind}</span>
              <span class="clip">{command.name}</span>
              <Show when={command.keys}>
                <kbd>{command.keys}</kbd>
              </Show>
            </div>
          )}
        </For>
      </div>
      <Show when={found().length === 0}>
        <p class="notice">NOTHING FITS</p>
      </Show>
    </dialog>
  );
}
