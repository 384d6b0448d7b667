/** Agents as a matrix: who is there, how busy, how good, on what, and when it was last heard. */
import { createMemo, For, Show } from 'solid-js';
import type { AgentView } from '#protocols/http/agent.ts';
import { type Heard, percentOf, silenceOf, slotsOf } from '../data/agent-matrix.ts';
import { AGENT_LOOK, CIRCUIT_LOOK, LOAD_TONE, TIER_TONE } from '../data/agent-words.ts';
import type { Usage } from '../data/agents-api.ts';
import { shortAge, shortCost, shortCount } from '../data/figures.ts';
import { LOAD_MINUTES, loadGradient, loadWords } from '../data/load-minutes.ts';
import { useConsole } from '../data/use-console.ts';
import { type Column, DataTable } from './data-table.tsx';
import { StateWord } from './state-word.tsx';

export interface AgentMatrixProps {
  /** A pane beside it says type and circuit. */
  isNarrow: boolean;
  agents: readonly AgentView[];
  heard: ReadonlyMap<string, Heard>;
  usage: ReadonlyMap<string, Usage['items'][number]>;
  nowSeconds: number;
  selectedId: string;
  onSelect: (id: string) => void;
}

export function AgentMatrix(props: AgentMatrixProps) {
  const all: readonly (Column<AgentView> & { readonly isWide?: boolean })[] = [
    { name: 'State', width: '15ch', cell: (agent) => <StateWord look={AGENT_LOOK[agent.status]} /> },
    { name: 'Agent', width: '24%', cell: (agent) => <span title={agent.name}>{agent.name}</span> },
    {
      name: 'Type',
      isWide: true,
      width: '14ch',
      isExtra: true,
      cell: (agent) => <span class="dim">{agent.agent_type}</span>,
    },
    { name: 'Load', cell: (agent) => <Load agent={agent} /> },
    {
      name: `${LOAD_MINUTES} min`,
      isWide: true,
      width: '24ch',
      isExtra: true,
      cell: (agent) => <LoadOverTime id={agent.id} />,
    },
    {
      name: 'Tier',
      width: '12ch',
      isExtra: true,
      cell: (agent) => <span class={TIER_TONE[agent.tier]}>{agent.tier}</span>,
    },
    {
      name: 'Success',
      width: '14ch',
      isNumber: true,
      isExtra: true,
      cell: (agent) => <Success agent={agent} />,
    },
    {
      name: 'Circuit',
      isWide: true,
      width: '13ch',
      isExtra: true,
      cell: (agent) => <StateWord look={CIRCUIT_LOOK[agent.circuit]} />,
    },
    {
      name: 'Tokens',
      width: '9ch',
      isNumber: true,
      isExtra: true,
      cell: (agent) => <Used usage={props.usage.get(agent.id)} what="tokens" />,
    },
    {
      name: 'Cost',
      width: '9ch',
      isNumber: true,
      isExtra: true,
      cell: (agent) => <Used usage={props.usage.get(agent.id)} what="cost" />,
    },
    {
      name: 'Heard',
      width: '8ch',
      isNumber: true,
      cell: (agent) => <Silence agent={agent} matrix={props} />,
    },
  ];
  const columns = createMemo(() => all.filter((column) => !(props.isNarrow && column.isWide)));
  return (
    <DataTable
      name="agents"
      items={props.agents}
      columns={columns()}
      selectedId={props.selectedId}
      onSelect={props.onSelect}
    />
  );
}

/** A cell a slot: full at work, hatched while it is only asked. */
function Load(props: { agent: AgentView }) {
  const load = () => props.agent.load;
  return (
    <span class="load">
      <span class={`slots ${LOAD_TONE[load().level]}`} aria-hidden="true">
        <For each={slotsOf(props.agent)}>{(slot) => <i class={slot} />}</For>
      </span>
      <span class="count">
        {load().running}
        <span class="dim">/{load().capacity}</span>
      </span>
    </span>
  );
}

/** A cell a minute, the newest at the right; as this page saw it. */
function LoadOverTime(props: { id: string }) {
  const { readings, nowSeconds } = useConsole();
  const shares = createMemo(() => {
    void readings.beat();
    return readings.loads.of(props.id, nowSeconds());
  });
  return (
    <span
      class="load-minutes"
      role="img"
      aria-label={`Load: ${loadWords(shares())}`}
      title={loadWords(shares())}
      style={{ 'background-image': loadGradient(shares()) }}
    />
  );
}

function Success(props: { agent: AgentView }) {
  return (
    <Show when={props.agent.success_rate !== null} fallback={<span class="dim">no task yet</span>}>
      {percentOf(props.agent.success_rate)}
      <span class="dim"> of {props.agent.tasks_total}</span>
    </Show>
  );
}

/** Over the tasks that changed last: the readings on top say since when. */
function Used(props: { usage: Usage['items'][number] | undefined; what: 'tokens' | 'cost' }) {
  return (
    <Show when={props.usage} fallback={<span class="dim">–</span>}>
      {(one) =>
        props.what === 'cost' ? shortCost(one().cost_usd) : shortCount(one().tokens_in + one().tokens_out)
      }
    </Show>
  );
}

function Silence(props: { agent: AgentView; matrix: AgentMatrixProps }) {
  const silence = () => silenceOf(props.agent, props.matrix.heard, props.matrix.nowSeconds);
  return (
    <Show when={silence()} fallback={<span class="dim">–</span>}>
      {(one) => <span class={one().tone === 'idle' ? 'dim' : one().tone}>{shortAge(one().seconds)}</span>}
    </Show>
  );
}
