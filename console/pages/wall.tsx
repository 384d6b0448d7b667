/** Is it healthy now? What is in trouble, and what happens. */
import { A } from '@solidjs/router';
import { For, Show } from 'solid-js';
import { EventsPanel } from '../components/events-panel.tsx';
import { Panel } from '../components/panel.tsx';
import { Screen } from '../components/screen.tsx';
import { findTroubles } from '../data/troubles.ts';
import { useConsole } from '../data/use-console.ts';

export function Wall() {
  const { sessions, agents } = useConsole();
  const troubles = () => findTroubles(sessions.items, agents.items);
  return (
    <Screen name="Wall">
      <div class="desk">
        <div class="column">
          <Panel name="Trouble" note={String(troubles().length)}>
            <Show when={troubles().length === 0}>
              <p class="notice">
                <strong>NO TROUBLE</strong>
                No session has failed or is degraded, no agent is gone.
              </p>
            </Show>
            <ul class="troubles">
              <For each={troubles()}>
                {(trouble) => (
                  <li>
                    <span class={trouble.tone}>{trouble.word}</span>
                    <A class="clip" href={trouble.path}>
                      {trouble.name}
                    </A>
                    <span class="dim clip">{trouble.detail}</span>
                  </li>
                )}
              </For>
            </ul>
          </Panel>
        </div>
        <div class="column">
          <EventsPanel />
        </div>
      </div>
    </Screen>
  );
}
