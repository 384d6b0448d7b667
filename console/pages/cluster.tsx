/** What runs where? Nodes by partitions, what moved, who holds which lock, and any actor looked into. */
import { createEffect, createMemo, on, Show } from 'solid-js';
import { ActorInspector } from '../components/actor-inspector.tsx';
import { ActorPanel } from '../components/actor-panel.tsx';
import { ClusterNotes } from '../components/cluster-notes.tsx';
import { HandOverLog } from '../components/hand-over-log.tsx';
import { ListingNotice } from '../components/listing-notice.tsx';
import { LockPanel } from '../components/lock-panel.tsx';
import { Panel } from '../components/panel.tsx';
import { PartitionMatrix } from '../components/partition-matrix.tsx';
import { PartitionFacts, PartitionTable } from '../components/partition-table.tsx';
import { type Reading, Readings } from '../components/readings.tsx';
import { Screen } from '../components/screen.tsx';
import { type ActorPlace, parseActorPlace } from '../data/actor-place.ts';
import { type Cluster as ClusterNow, clusterApi } from '../data/cluster-api.ts';
import { createPolled } from '../data/create-polled.ts';
import { createQuery } from '../data/create-query.ts';
import { clusterFigures, lastMoves, toNodeRows } from '../data/partition-map.ts';
import { useConsole } from '../data/use-console.ts';
import { createKeys } from '../keyboard.ts';

const EVERY_MS = 2_000;

export function Cluster() {
  const { nowSeconds, clusterMoved } = useConsole();
  const cluster = createPolled(clusterApi.cluster, { everyMs: EVERY_MS });
  const moves = createPolled(clusterApi.handOvers, { everyMs: EVERY_MS });
  createEffect(on(clusterMoved, () => void Promise.all([cluster.reload(), moves.reload()]), { defer: true }));
  const [partition, setPartition] = createQuery('partition');
  const [actor, setActor] = createQuery('actor');
  // The place stays the same object while its name does: the inspector is not made anew.
  const place = createMemo<ActorPlace | null>(() => parseActorPlace(actor()));
  const waitingFor = ({ type, id }: ActorPlace) => {
    const found = cluster
      .value()
      ?.fullest.find(({ address }) => address.startsWith(`${type}/`) && address.endsWith(`/${id}`));
    return found?.waiting ?? null;
  };
  const pick = (id: number) => setPartition(String(id));
  return (
    <Screen name="Cluster">
      <Show when={cluster.value()}>{(now) => <ClusterReadings cluster={now()} />}</Show>
      <div class={`desk fill ${place() ? 'with-pane' : 'even'}`}>
        <div class="column">
          <NodesPanel
            cluster={cluster}
            moves={moves.value()?.items ?? []}
            selected={/^\d+$/.test(partition()) ? Number(partition()) : -1}
            onSelect={pick}
          />
          <HandOverLog log={moves} onSelect={pick} />
          <ClusterNotes />
        </div>
        <div class="column">
          <Show
            when={place()}
            keyed
            fallback={
              <>
                <LockPanel nowSeconds={nowSeconds()} />
                <ActorPanel fullest={cluster.value()?.fullest ?? []} onOpen={setActor} />
              </>
            }
          >
            {(one) => (
              <ActorInspector
                place={one}
                waiting={waitingFor(one)}
                nowSeconds={nowSeconds()}
                onClose={() => setActor(null)}
              />
            )}
          </Show>
        </div>
      </div>
    </Screen>
  );
}

function ClusterReadings(props: { cluster: ClusterNow }) {
  const items = (): Reading[] => {
    const { nodes, stalled, unowned, stuck, behind, waiting } = clusterFigures(props.cluster);
    const { owned, partition_count } = props.cluster;
    return [
      {
        legend: 'Nodes',
        value: nodes,
        tone: nodes === 0 || stalled > 0 ? 'fail' : '',
        note: stalled > 0 ? `${stalled} stalled` : 'all reach the store',
      },
      {
        legend: 'Partitions with an owner',
        value: owned,
        note: `of ${partition_count}`,
        share: partition_count === 0 ? 0 : owned / partition_count,
        tone: unowned > 0 ? 'fail' : 'run',
      },
      { legend: 'Stuck', value: stuck, tone: stuck > 0 ? 'fail' : '' },
      { legend: 'Partitions behind', value: behind, tone: behind > 0 ? 'warn' : '' },
      { legend: 'Messages waiting', value: waiting, tone: waiting > 0 ? 'warn' : '' },
    ];
  };
  return <Readings name="The cluster" items={items()} />;
}

interface NodesPanelProps {
  cluster: ReturnType<typeof createPolled<ClusterNow>>;
  moves: readonly { readonly at: string; readonly partition: number }[];
  selected: number;
  onSelect: (partition: number) => void;
}

function NodesPanel(props: NodesPanelProps) {
  const { nowSeconds } = useConsole();
  const [view, setView] = createQuery('view');
  const isTable = () => view() === 'table';
  const toggle = () => setView(isTable() ? null : 'table');
  createKeys('Nodes', [{ key: 't', help: 'partitions as a table', act: toggle }]);
  const now = () => props.cluster.value();
  const rows = createMemo(() => {
    const cluster = now();
    return cluster ? toNodeRows(cluster, lastMoves(props.moves), nowSeconds()) : [];
  });
  const selected = () => now()?.partitions.find(({ id }) => id === props.selected);
  return (
    <Panel
      name="Nodes × partitions"
      note={`${now()?.partition_count ?? '–'} partitions`}
      acts={
        <button type="button" aria-pressed={isTable()} onClick={toggle}>
          Table <kbd>t</kbd>
        </button>
      }
    >
      <ListingNotice
        phase={props.cluster.phase()}
        isEmpty={now()?.partitions.length === 0}
        what="NODES"
        onRetry={() => void props.cluster.reload()}
        empty={
          <>
            <strong>NO PARTITIONS</strong>
            No node has opened this cluster yet.
          </>
        }
      />
      <Show when={selected()}>{(one) => <PartitionFacts partition={one()} nowSeconds={nowSeconds()} />}</Show>
      <Show when={(now()?.partitions.length ?? 0) > 0}>
        <Show
          when={isTable()}
          fallback={
            <PartitionMatrix
              rows={rows()}
              count={now()?.partition_count ?? 0}
              selected={props.selected}
              onSelect={props.onSelect}
            />
          }
        >
          <PartitionTable
            partitions={now()?.partitions ?? []}
            selected={props.selected}
            nowSeconds={nowSeconds()}
            onSelect={props.onSelect}
          />
        </Show>
      </Show>
    </Panel>
  );
}
