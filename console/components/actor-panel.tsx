/** Actors that stand out: with the most mail, or taking none. Any other is looked into by its name. */
import { A } from '@solidjs/router';
import { createSignal, For, Show } from 'solid-js';
import { formatActorPlace, inspectorPath, parseActorPlace } from '../data/actor-place.ts';
import { type Cluster, clusterApi } from '../data/cluster-api.ts';
import { createPolled } from '../data/create-polled.ts';
import { createKeys } from '../keyboard.ts';
import { Panel } from './panel.tsx';

const EVERY_MS = 4_000;

export function ActorPanel(props: { fullest: Cluster['fullest']; onOpen: (actor: string) => void }) {
  const suspended = createPolled(clusterApi.suspended, { everyMs: EVERY_MS });
  const [fault, setFault] = createSignal('');
  let input: HTMLInputElement | undefined;
  createKeys('Actors', [{ key: 'i', help: 'look into an actor', act: () => input?.focus() }]);
  const open = (text: string) => {
    const place = parseActorPlace(text);
    setFault(place ? '' : 'An actor is named by type and id: session/0190…');
    if (place) props.onOpen(formatActorPlace(place));
  };
  return (
    <Panel
      name="Actors"
      note={`${props.fullest.length} full · ${suspended.value()?.items.length ?? '–'} suspended`}
      acts={
        <form
          class="inline"
          onSubmit={(event) => {
            event.preventDefault();
            open(input?.value ?? '');
          }}
        >
          <input
            ref={input}
            class="filter"
            aria-label="Actor to look into"
            placeholder="look into: session/0190…"
            onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
          />
          <button type="submit">
            Open <kbd>i</kbd>
          </button>
        </form>
      }
    >
      <Show when={fault()}>
        <p class="line warn" role="alert">
          ▲ {fault()}
        </p>
      </Show>
      <ul class="actors">
        <For each={props.fullest}>
          {(actor) => (
            <li>
              <span class="warn number">{actor.waiting}</span>
              <A class="clip" href={inspectorPath(actor.address) ?? ''}>
                {actor.address}
              </A>
              <span class="dim">wait for it, about</span>
            </li>
          )}
        </For>
        <For each={suspended.value()?.items}>
          {(actor) => (
            <li>
              <span class="warn number">‖ {actor.kept}</span>
              <A class="clip" href={inspectorPath(actor.address) ?? ''}>
                {actor.address}
              </A>
              <span class="dim clip">
                {actor.status}: {actor.reason}
              </span>
            </li>
          )}
        </For>
      </ul>
      <Show when={props.fullest.length === 0 && suspended.value()?.items.length === 0}>
        <p class="notice">
          <strong>NO ACTOR STANDS OUT</strong>
          No mailbox is full, and each takes its messages.
        </p>
      </Show>
    </Panel>
  );
}
