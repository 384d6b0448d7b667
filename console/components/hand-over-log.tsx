import { For, Show } from 'solid-js';
import type { clusterApi } from '../data/cluster-api.ts';
import type { Polled } from '../data/create-polled.ts';
import { ListingNotice } from './listing-notice.tsx';
import { Panel } from './panel.tsx';

type HandOvers = Awaited<ReturnType<typeof clusterApi.handOvers>>;

/** Partitions that went from node to node, the newest first. */
export function HandOverLog(props: { log: Polled<HandOvers>; onSelect: (partition: number) => void }) {
  const items = () => props.log.value()?.items ?? [];
  const since = () => props.log.value()?.since.slice(11, 19) ?? '–';
  return (
    <Panel name="Hand-overs" note={`${items().length} since ${since()}, as this gateway heard`}>
      <ListingNotice
        phase={props.log.phase()}
        isEmpty={items().length === 0}
        what="HAND-OVERS"
        onRetry={() => void props.log.reload()}
        empty={
          <>
            <strong>NO PARTITION MOVED</strong>
            Each is where it was when this gateway began to listen.
          </>
        }
      />
      <Show when={items().length > 0}>
        <ol class="hand-overs">
          <For each={items()}>
            {(one) => (
              <li>
                <span class="dim">{one.at.slice(11, 19)}</span>
                <button type="button" class="plain-button" onClick={() => props.onSelect(one.partition)}>
                  #{one.partition}
                </button>
                <span class="clip dim" title={one.from ?? ''}>
                  {one.from ?? 'nobody'}
                </span>
                <span class="wait">▷</span>
                <span class="clip" title={one.to}>
                  {one.to}
                </span>
              </li>
            )}
          </For>
        </ol>
      </Show>
    </Panel>
  );
}
