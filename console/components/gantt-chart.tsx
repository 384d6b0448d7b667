import { createMemo, For, Show } from 'solid-js';
import { shortSpan } from '../data/figures.ts';
import type { Bar, Gantt, GanttRow } from '../data/gantt.ts';
import { ticksOf } from '../data/gantt.ts';
import { TASK_LOOK } from '../data/state-words.ts';
import { WindowedRows } from './windowed-rows.tsx';

export interface GanttChartProps {
  gantt: Gantt;
  isCritical: (id: string) => boolean;
  selectedId: string | null;
  onSelect: (id: string) => void;
}

const ROW_PX = 24;
const TICKS = 6;
const TICKS_TO = 0.92;

/** Tasks over time: hatched is waiting, solid is work, one colour for each way to end. */
export function GanttChart(props: GanttChartProps) {
  const spanMs = () => Math.max(1, props.gantt.toMs - props.gantt.fromMs);
  // The last one would stand in the figures.
  const ticks = () => ticksOf(spanMs(), TICKS).filter((offset) => offset <= spanMs() * TICKS_TO);
  const shownIndex = createMemo(() => props.gantt.rows.findIndex((row) => row.id === props.selectedId));
  return (
    <div class="gantt">
      <div class="gantt-axis" aria-hidden="true">
        <span class="legend">
          <i class="key queue" /> waited <i class="key run" /> at work
        </span>
        <span class="axis">
          <For each={ticks()}>
            {(offset) => (
              <i style={{ left: `${(100 * offset) / spanMs()}%` }}>
                <b>{offset === 0 ? '0' : `+${shortSpan(offset / 1_000)}`}</b>
              </i>
            )}
          </For>
        </span>
        <span class="legend number">waited</span>
        <span class="legend number">at work</span>
      </div>
      <WindowedRows name="Tasks over time" rows={props.gantt.rows} rowPx={ROW_PX} shownIndex={shownIndex()}>
        {(row) => (
          <button
            type="button"
            class="gantt-row"
            data-gantt={row().id}
            aria-pressed={row().id === props.selectedId}
            onClick={() => props.onSelect(row().id)}
          >
            <span class="clip">
              <b class={TASK_LOOK[row().state].tone} aria-hidden="true">
                {TASK_LOOK[row().state].mark}
              </b>{' '}
              <Show when={props.isCritical(row().id)}>
                <b title="on the critical path">◆ </b>
              </Show>
              {row().title}
              <span class="unseen"> {saidOf(row())}</span>
            </span>
            <span class="bars">
              <For each={row().bars}>
                {(bar) => <BarView bar={bar} fromMs={props.gantt.fromMs} spanMs={spanMs()} />}
              </For>
            </span>
            <span class="number wait" aria-hidden="true">
              {row().queueMs > 0 ? shortSpan(row().queueMs / 1_000) : ''}
            </span>
            <span class="number" aria-hidden="true">
              {row().runMs > 0 ? shortSpan(row().runMs / 1_000) : ''}
            </span>
          </button>
        )}
      </WindowedRows>
    </div>
  );
}

function BarView(props: { bar: Bar; fromMs: number; spanMs: number }) {
  const share = (ms: number) => `${(100 * ms) / props.spanMs}%`;
  return (
    <i
      class={`${props.bar.kind} ${toneOfBar(props.bar)} ${props.bar.isOpen ? 'open' : ''}`}
      style={{
        left: share(props.bar.fromMs - props.fromMs),
        width: share(props.bar.toMs - props.bar.fromMs),
      }}
      title={`attempt ${props.bar.attempt}: ${props.bar.outcome ?? (props.bar.kind === 'queue' ? 'waited' : 'at work')} ${shortSpan((props.bar.toMs - props.bar.fromMs) / 1_000)}`}
    />
  );
}

function toneOfBar({ kind, outcome, isOpen }: Bar): string {
  if (kind === 'queue') return 'wait';
  if (isOpen) return 'run';
  if (outcome === 'completed') return 'done';
  return outcome === 'failed' || outcome === 'timed_out' ? 'fail' : 'warn';
}

function saidOf(row: GanttRow): string {
  const spans = `waited ${shortSpan(row.queueMs / 1_000)}, at work ${shortSpan(row.runMs / 1_000)}`;
  return `${TASK_LOOK[row.state].word.toLowerCase()}, ${spans}`;
}
