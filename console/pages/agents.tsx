/** The agents: who is there, how busy, since when. */
import { For, Show } from 'solid-js';
import { DataTable } from '../components/data-table.tsx';
import { ListingNotice } from '../components/listing-notice.tsx';
import { Panel } from '../components/panel.tsx';
import { Screen } from '../components/screen.tsx';
import { createQuery } from '../data/create-query.ts';
import { toneOf } from '../data/state-words.ts';
import { useConsole } from '../data/use-console.ts';

export function Agents() {
  const { agents } = useConsole();
  const [selectedId, select] = createQuery('agent');
  return (
    <Screen name="Agents">
      <Panel name="Agents" note={agents.phase().state === 'loading' ? '–' : String(agents.total())}>
        <ListingNotice
          phase={agents.phase()}
          isEmpty={agents.items.length === 0}
          what="AGENTS"
          onRetry={() => void agents.reload()}
          empty="NO AGENTS: none has joined."
        />
        <Show when={agents.items.length > 0}>
          <DataTable
            name="agents"
            items={agents.items}
            selectedId={selectedId()}
            onSelect={select}
            columns={[
              {
                name: 'Status',
                width: '14ch',
                cell: (agent) => <span class={toneOf(agent.status)}>{agent.status}</span>,
              },
              { name: 'Name', cell: (agent) => agent.name },
              { name: 'Tier', width: '12ch', cell: (agent) => agent.tier },
              { name: 'Slots', width: '8ch', isNumber: true, cell: (agent) => slotsOf(agent.load) },
              {
                name: 'Able to',
                isExtra: true,
                cell: (agent) => (
                  <For each={agent.capabilities.primary}>{(name) => <span class="dim">{name} </span>}</For>
                ),
              },
            ]}
          />
        </Show>
      </Panel>
    </Screen>
  );
}

function slotsOf(load: { readonly running: number; readonly capacity: number }): string {
  return `${load.running}/${load.capacity}`;
}
