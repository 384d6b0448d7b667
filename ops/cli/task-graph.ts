/** The dependencies of a session's tasks as text, Mermaid or Graphviz. Pure. */
import type { Session } from '#protocols/client/operations.generated.ts';
import { plain } from './output.ts';

export const GRAPH_FORMATS = ['text', 'mermaid', 'dot'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

type Tasks = Session['tasks'];

export function drawGraph(tasks: Tasks, format: GraphFormat): string {
  const numbers = new Map(tasks.map((task, at) => [task.id, at + 1]));
  switch (format) {
    case 'text':
      return tasks.map((task) => textOf(task, numbers)).join('\n');
    case 'mermaid':
      return ['flowchart LR', ...tasks.flatMap((task) => mermaidOf(task, numbers))].join('\n');
    case 'dot':
      return [
        'digraph session {',
        '  rankdir=LR;',
        ...tasks.flatMap((task) => dotOf(task, numbers)),
        '}',
      ].join('\n');
  }
}

type Numbers = ReadonlyMap<string, number>;

function textOf(task: Tasks[number], numbers: Numbers): string {
  const waits = task.dependencies.map((one) => {
    const kind = one.kind === 'finish_to_start' ? '' : ` ${one.kind}`;
    return `${numbers.get(one.task_id) ?? '?'}${kind}${one.required ? '' : ' optional'}`;
  });
  const after = waits.length === 0 ? '' : `  ← ${waits.join(', ')}`;
  return `${String(numbers.get(task.id)).padStart(3)}  ${task.state.padEnd(12)} ${plain(task.title)}${after}`;
}

function mermaidOf(task: Tasks[number], numbers: Numbers): string[] {
  const label = plain(task.title).replaceAll('"', "'");
  const name = `t${numbers.get(task.id)}`;
  return [
    `  ${name}["${label}<br/>${task.state}"]`,
    ...task.dependencies.map((one) => `  t${numbers.get(one.task_id) ?? 0} ${arrowOf(one)} ${name}`),
  ];
}

function arrowOf({ kind, required }: Tasks[number]['dependencies'][number]): string {
  const line = required ? '-->' : '-.->';
  return kind === 'finish_to_start' ? line : `${line}|${kind}|`;
}

function dotOf(task: Tasks[number], numbers: Numbers): string[] {
  const label = JSON.stringify(`${plain(task.title)}\n${task.state}`);
  const name = `t${numbers.get(task.id)}`;
  return [
    `  ${name} [label=${label}];`,
    ...task.dependencies.map((one) => {
      const style = one.required ? '' : ' [style=dashed]';
      return `  t${numbers.get(one.task_id) ?? 0} -> ${name}${style};`;
    }),
  ];
}
