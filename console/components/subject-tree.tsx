import { For, Show } from 'solid-js';
import { rateOf, type SubjectNode } from '../data/subject-tree.ts';

export interface SubjectTreeProps {
  nodes: readonly SubjectNode[];
  /** The filter that is set. */
  filter: string;
  onPick: (filter: string) => void;
}

/** What passes, by subject, with its rate; each branch sets the filter that shows it. */
export function SubjectTree(props: SubjectTreeProps) {
  return (
    <ul class="subjects">
      <For each={props.nodes}>{(node) => <Branch node={node} depth={0} tree={props} />}</For>
    </ul>
  );
}

function Branch(props: { node: SubjectNode; depth: number; tree: SubjectTreeProps }) {
  const isPicked = () => props.tree.filter === props.node.filter;
  return (
    <li>
      <button
        type="button"
        class="subject"
        style={{ 'padding-left': `${12 + props.depth * 12}px` }}
        aria-pressed={isPicked()}
        title={props.node.filter}
        onClick={() => props.tree.onPick(isPicked() ? '' : props.node.filter)}
      >
        <span class="clip">{props.node.name}</span>
        <span class={props.node.perSecond > 0 ? 'stream' : 'dim'}>{rateOf(props.node.perSecond)}</span>
      </button>
      <Show when={props.node.children.length > 0}>
        <ul>
          <For each={props.node.children}>
            {(child) => <Branch node={child} depth={props.depth + 1} tree={props.tree} />}
          </For>
        </ul>
      </Show>
    </li>
  );
}
