import { For } from 'solid-js';
import { keyGroups } from '../keyboard.ts';

/** All keys that can be pressed on this screen; the page's own before those of the shell. */
export function KeyHelp(props: { ref: (dialog: HTMLDialogElement) => void }) {
  let dialog: HTMLDialogElement | undefined;
  return (
    <dialog
      ref={(element) => {
        dialog = element;
        props.ref(element);
      }}
      aria-labelledby="key-help"
    >
      <h2 id="key-help">Keys</h2>
      <div class="key-help">
        <For each={[...keyGroups()].reverse()}>
          {(group) => (
            <section>
              <h3 class="legend">{group.name}</h3>
              <dl>
                <For each={group.keys}>
                  {(key) => (
                    <div>
                      <dt>
                        <For each={key.key.split(' ')}>{(part) => <kbd>{part}</kbd>}</For>
                      </dt>
                      <dd>{key.help}</dd>
                    </div>
                  )}
                </For>
              </dl>
            </section>
          )}
        </For>
      </div>
      <div class="foot">
        <button type="button" autofocus onClick={() => dialog?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
