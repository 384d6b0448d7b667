/** The dependencies of a session's tasks as text, Mermaid or Graphviz. Pure. */
import type { SessionGraph } from '#protocols/client/operations.generated.ts';
import { plain } from './output.ts';

export const GRAPH_FORMATS = ['text', 'mermaid', 'dot'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

type Node = SessionGraph['nodes'][number];
type Edge = SessionGraph['edges'][number];

interface Numbered {
  readonly node: Node;
  readonly number: number;
  /** What it waits for, and the number of that. */
  readonly waits: readonly (Edge & { readonly number: number })[];
}

/** Tasks in an order in which they can be begun; * marks those of the critical path. */
export function drawGraph(graph: SessionGraph, format: GraphFormat): string {
  const tasks = numberAll(graph);
  switch (format) {
    case 'text':
      return tasks.map(textOf).join('\n');
    case 'mermaid':
      return ['flowchart LR', ...tasks.flatMap(mermaidOf)].join('\n');
    case 'dot':
      return ['digraph session {', '  rankdir=LR;', ...tasks.flatMap(dotOf), '}'].join('\n');
  }
}

function numberAll({ nodes, edges, order }: SessionGraph): Numbered[] {
  const numbers = new Map(order.map((id, at) => [id, at + 1]));
  const numberOf = (id: string) => numbers.get(id) ?? 0;
  return nodes
    .toSorted((a, b) => numberOf(a.id) - numberOf(b.id))
    .map((node) => {
      const own = edges.filter(({ to }) => to === node.id);
      const waits = own.map((edge) => ({ ...edge, number: numberOf(edge.from) }));
      return { node, number: numberOf(node.id), waits };
    });
}

function textOf({ node, number, waits }: Numbered): string {
  const words = waits.map((one) => {
    const kind = one.kind === 'finish_to_start' ? '' : ` ${one.kind}`;
    return `${one.number}${kind}${one.required ? '' : ' optional'}`;
  });
  const after = words.length === 0 ? '' : `  ← ${words.join(', ')}`;
  const mark = node.is_critical ? '*' : ' ';
  return `${String(number).padStart(3)}${mark} ${node.state.padEnd(12)} ${plain(node.title)}${after}`;
}

function mermaidOf({ node, number, waits }: Numbered): string[] {
  const label = plain(node.title).replaceAll('"', "'");
  return [
    `  t${number}["${label}<br/>${node.state}"]`,
    ...waits.map((one) => `  t${one.number} ${arrowOf(one)} t${number}`),
  ];
}

function arrowOf({ kind, required }: Edge): string {
  const line = required ? '-->' : '-.->';
  return kind === 'finish_to_start' ? line : `${line}|${kind}|`;
}

function dotOf({ node, number, waits }: Numbered): string[] {
  const label = JSON.stringify(`${plain(node.title)}\n${node.state}`);
  return [
    `  t${number} [label=${label}];`,
    ...waits.map((one) => `  t${one.number} -> t${number}${one.required ? '' : ' [style=dashed]'};`),
  ];
}
