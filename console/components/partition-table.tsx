import type { Cluster } from '../data/cluster-api.ts';
import { createRows } from '../data/create-rows.ts';
import { shortAge, shortSpan } from '../data/figures.ts';
import { DataTable } from './data-table.tsx';
import { Facts } from './facts.tsx';

type Partition = Cluster['partitions'][number];

/** All partitions, for who reads rather than looks. */
export function PartitionTable(props: {
  partitions: readonly Partition[];
  selected: number;
  nowSeconds: number;
  onSelect: (partition: number) => void;
}) {
  const items = createRows(() =>
    props.partitions.map((partition) => ({ ...partition, id: String(partition.id) })),
  );
  return (
    <DataTable
      name="partitions"
      items={items()}
      selectedId={props.selected === -1 ? null : String(props.selected)}
      onSelect={(id) => props.onSelect(Number(id))}
      columns={[
        { name: 'Partition', width: '11ch', isNumber: true, cell: (one) => one.id },
        {
          name: 'Owner',
          cell: (one) => <span class={one.is_owner_heard ? '' : 'fail'}>{one.owner ?? '✕ nobody'}</span>,
        },
        { name: 'Epoch', width: '8ch', isNumber: true, cell: (one) => one.epoch },
        { name: 'Commits', width: '10ch', isNumber: true, isExtra: true, cell: (one) => one.batch },
        {
          name: 'Waiting',
          width: '10ch',
          isNumber: true,
          cell: (one) => one.lag ?? <span class="dim">few</span>,
        },
        {
          name: 'Last commit',
          width: '14ch',
          isNumber: true,
          isExtra: true,
          cell: (one) => `${shortAge(props.nowSeconds - Date.parse(one.moved_at) / 1_000)} ago`,
        },
      ]}
    />
  );
}

/** One partition in words: what its row in the store says, and its owner. */
export function PartitionFacts(props: { partition: Partition; nowSeconds: number }) {
  const one = () => props.partition;
  return (
    <Facts
      items={[
        { name: 'partition', value: one().id },
        {
          name: 'owner',
          value: one().owner ?? '✕ nobody',
          tone: one().is_owner_heard ? '' : 'fail',
          title: one().owner ?? '',
        },
        { name: 'epoch', value: one().epoch, title: 'How often it was taken' },
        { name: 'commits', value: one().batch },
        { name: 'cursor', value: `${one().cursor} · control ${one().control_cursor}` },
        { name: 'log', value: `generation ${one().generation}` },
        {
          name: 'waiting',
          value:
            one().lag === null
              ? 'under 200, none for 2 s'
              : `${one().lag}, the oldest for ${shortSpan((one().oldest_ms ?? 0) / 1_000)}`,
          tone: one().lag === null ? '' : 'warn',
        },
        {
          name: 'committed',
          value: `${shortAge(props.nowSeconds - Date.parse(one().moved_at) / 1_000)} ago`,
        },
      ]}
    />
  );
}
