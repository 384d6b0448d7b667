/** The nodes and what each runs. */
import { Show } from 'solid-js';
import { DataTable } from '../components/data-table.tsx';
import { ListingNotice } from '../components/listing-notice.tsx';
import { Panel } from '../components/panel.tsx';
import { Screen } from '../components/screen.tsx';
import { api } from '../data/api.ts';
import { createPolled } from '../data/create-polled.ts';

const EVERY_MS = 3_000;

export function Cluster() {
  const cluster = createPolled(api.cluster, { everyMs: EVERY_MS });
  const nodes = () => cluster.value()?.nodes ?? [];
  const note = () => {
    const value = cluster.value();
    return value ? `${value.owned} of ${value.partition_count} partitions have an owner` : '–';
  };
  return (
    <Screen name="Cluster">
      <Panel name="Nodes" note={note()}>
        <ListingNotice
          phase={cluster.phase()}
          isEmpty={nodes().length === 0}
          what="NODES"
          onRetry={() => void cluster.reload()}
          empty="NO NODES: none was heard lately."
        />
        <Show when={nodes().length > 0}>
          <DataTable
            name="nodes"
            items={nodes()}
            columns={[
              { name: 'Node', cell: (node) => node.id },
              { name: 'Partitions', width: '12ch', isNumber: true, cell: (node) => node.partitions },
              { name: 'Waiting', width: '12ch', isNumber: true, cell: (node) => node.lag },
              { name: 'Heard', width: '14ch', isNumber: true, cell: (node) => `${node.heard_ms_ago} ms ago` },
            ]}
          />
        </Show>
      </Panel>
    </Screen>
  );
}
