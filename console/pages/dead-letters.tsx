/** Messages that were set aside, by their cause. */
import { Show } from 'solid-js';
import { DataTable } from '../components/data-table.tsx';
import { ListingNotice } from '../components/listing-notice.tsx';
import { Panel } from '../components/panel.tsx';
import { Screen } from '../components/screen.tsx';
import { api } from '../data/api.ts';
import { createPolled } from '../data/create-polled.ts';

const EVERY_MS = 5_000;

export function DeadLetters() {
  const groups = createPolled(api.deadLetterGroups, { everyMs: EVERY_MS });
  const items = () => (groups.value()?.items ?? []).map((group) => ({ ...group, id: group.group }));
  return (
    <Screen name="Dead letters">
      <Panel name="Dead letters" note={`${items().length} causes`}>
        <ListingNotice
          phase={groups.phase()}
          isEmpty={items().length === 0}
          what="DEAD LETTERS"
          onRetry={() => void groups.reload()}
          empty="NO DEAD LETTERS: every message was handled."
        />
        <Show when={items().length > 0}>
          <DataTable
            name="causes"
            items={items()}
            columns={[
              { name: 'Open', width: '8ch', isNumber: true, cell: (group) => group.counts.open ?? 0 },
              { name: 'Reason', width: '18ch', cell: (group) => <span class="fail">✕ {group.reason}</span> },
              { name: 'For', width: '20ch', cell: (group) => group.actor_type ?? '–' },
              { name: 'Cause', cell: (group) => group.summary },
              { name: 'Last', width: '26ch', isExtra: true, cell: (group) => group.last_at },
            ]}
          />
        </Show>
      </Panel>
    </Screen>
  );
}
