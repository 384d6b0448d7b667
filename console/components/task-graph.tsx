import { createEffect, createMemo, on, onCleanup, onMount } from 'solid-js';
import type { TaskView } from '#protocols/http/task.ts';
import { shortSpan } from '../data/figures.ts';
import { type Layout, layOut } from '../data/graph-layout.ts';
import { type Arrow, walk } from '../data/graph-walk.ts';
import { isSameGraph, type Plan } from '../data/plan-figures.ts';
import { TASK_LOOK } from '../data/state-words.ts';
import { createKeys } from '../keyboard.ts';
import { type GraphCanvas, makeGraphCanvas } from './graph-canvas.ts';
import type { NodeLook } from './graph-drawing.ts';

export interface TaskGraphProps {
  plan: Plan;
  /** For what only the task itself knows: how far it is. */
  taskOf: (id: string) => TaskView | undefined;
  selectedId: string | null;
  onSelect: (id: string | null) => void;
  onOpen: (id: string) => void;
}

const ZOOM_STEP = 1.25;

/**
 * The plan as a picture. For those who do not see it the same stands in the table, one key away; what is selected here is
 * said in words.
 */
export function TaskGraph(props: TaskGraphProps) {
  let canvas: HTMLCanvasElement | undefined;
  let stage: GraphCanvas | undefined;
  const layout = createLayout(() => props.plan);
  const selected = () =>
    props.selectedId === null ? null : (props.plan.placeOf.get(props.selectedId) ?? null);
  const looks = createMemo(() => props.plan.tasks.map((_, place) => lookOf(props, place)));
  const go = (arrow: Arrow) => {
    const place = walk(layout(), selected(), arrow);
    const id = place === null ? undefined : layout().graph.ids[place];
    if (id === undefined) return;
    stage?.select(place, true);
    props.onSelect(id);
  };
  createKeys('Graph', [
    { key: 'ArrowRight', help: 'to what waits for it', act: () => go('ArrowRight') },
    { key: 'ArrowLeft', help: 'to what it waits for', act: () => go('ArrowLeft') },
    { key: 'ArrowDown', help: 'down the column', act: () => go('ArrowDown') },
    { key: 'ArrowUp', help: 'up the column', act: () => go('ArrowUp') },
    { key: '+', help: 'larger', act: () => stage?.zoom(ZOOM_STEP) },
    { key: '-', help: 'smaller', act: () => stage?.zoom(1 / ZOOM_STEP) },
    { key: '0', help: 'all of it', act: () => stage?.fit() },
  ]);
  onMount(() => {
    if (!canvas) return;
    stage = makeGraphCanvas({
      canvas,
      onSelect: (place) => props.onSelect(place === null ? null : (layout().graph.ids[place] ?? null)),
      onOpen: (place) => props.onOpen(layout().graph.ids[place] ?? ''),
    });
    const made = stage;
    onCleanup(() => made.stop());
    createEffect(() => made.show({ layout: layout(), looks: looks() }));
    createEffect(on(selected, (place) => made.select(place, true)));
  });
  return (
    <div class="graph">
      <div class="stage" aria-hidden="true">
        <canvas ref={canvas} />
      </div>
      <p class="unseen" role="status">
        {saidOf(props, selected())}
      </p>
    </div>
  );
}

/** Laid out again only where tasks or edges changed, and then on what was shown before. */
function createLayout(plan: () => Plan): () => Layout {
  return createMemo<Layout>((known) => {
    const { graph } = plan();
    if (known && isSameGraph(known.graph, graph)) return known;
    const from = performance.now();
    const layout = layOut(graph, known);
    // Seen in the browser's own profiler, and by the measurement of large graphs.
    performance.measure('graph layout', { start: from, end: performance.now() });
    return layout;
  });
}

function lookOf({ plan, taskOf }: TaskGraphProps, place: number): NodeLook {
  const task = plan.tasks[place];
  if (!task) return NOTHING;
  const view = taskOf(task.id);
  const slack = plan.slackHours[place] ?? 0;
  const isAtWork = task.state === 'in_progress';
  const note = task.agent_id ?? (slack > 0 ? `slack ${shortSpan(slack * 3_600)}` : '');
  return {
    ...{ title: task.title, ...TASK_LOOK[task.state] },
    note: isAtWork && view?.percent != null ? `${Math.round(view.percent)} % ${note}` : note,
    percent: isAtWork ? (view?.percent ?? null) : null,
    isCritical: plan.isCritical[place] === true,
  };
}

const NOTHING: NodeLook = {
  ...{ title: '', mark: '', word: '', tone: 'idle', note: '', percent: null, isCritical: false },
};

function saidOf({ plan }: TaskGraphProps, place: number | null): string {
  const task = place === null ? undefined : plan.tasks[place];
  if (!task || place === null) return '';
  const critical = plan.isCritical[place] ? ', on the critical path' : '';
  return `${task.title}: ${TASK_LOOK[task.state].word.toLowerCase()}, waits for ${task.depends_on.length} tasks${critical}`;
}
