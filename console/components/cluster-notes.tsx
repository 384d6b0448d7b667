import { For, Show } from 'solid-js';
import { useConsole } from '../data/use-console.ts';
import { Panel } from './panel.tsx';

/** Nodes that come, go, stall and fall silent, and the gateway where it closes: as this page heard it. */
export function ClusterNotes() {
  const { clusterNotes } = useConsole();
  return (
    <Panel name="Nodes come and go" note={`${clusterNotes().length} since this page was opened`}>
      <Show
        when={clusterNotes().length > 0}
        fallback={
          <p class="notice">
            <strong>NO NODE CAME OR WENT</strong>
            Those that join, stall, leave or fall silent are told here, and the gateway when it closes.
          </p>
        }
      >
        <ol class="cluster-notes">
          <For each={clusterNotes()}>
            {(note) => (
              <li>
                <span class="dim">{note.at.slice(11, 19)}</span>
                <span class="clip" title={note.who}>
                  {note.who}
                </span>
                <span class={note.tone === 'idle' ? 'dim' : note.tone}>{note.words}</span>
              </li>
            )}
          </For>
        </ol>
      </Show>
    </Panel>
  );
}
