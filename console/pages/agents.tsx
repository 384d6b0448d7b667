/** Who is busy, good, costly? All agents in a matrix; one of them in full; a test of where a task would go. */
import { createMemo, Show } from 'solid-js';
import { AgentMatrix } from '../components/agent-matrix.tsx';
import { AgentPane } from '../components/agent-pane.tsx';
import { ListingNotice } from '../components/listing-notice.tsx';
import { Panel } from '../components/panel.tsx';
import { type Reading, Readings } from '../components/readings.tsx';
import { RouteTest } from '../components/route-test.tsx';
import { Screen } from '../components/screen.tsx';
import {
  AGENT_ORDERS,
  type AgentOrder,
  arrangeAgents,
  fleetFigures,
  percentOf,
  silenceOf,
} from '../data/agent-matrix.ts';
import { agentsApi, type Usage } from '../data/agents-api.ts';
import { createPolled } from '../data/create-polled.ts';
import { createQuery } from '../data/create-query.ts';
import { shortAge, shortCost } from '../data/figures.ts';
import { useConsole } from '../data/use-console.ts';
import { createKeys } from '../keyboard.ts';

const HEARD_EVERY_MS = 3_000;
const STATS_EVERY_MS = 5_000;
const USAGE_EVERY_MS = 20_000;

export function Agents() {
  const { agents, nowSeconds } = useConsole();
  const [selectedId, select] = createQuery('agent');
  const [filter, setFilter] = createQuery('filter');
  const [by, setBy] = createQuery('by');
  const [pane, setPane] = createQuery('pane');
  const heartbeats = createPolled(agentsApi.heartbeats, { everyMs: HEARD_EVERY_MS });
  const heard = createMemo(
    () => new Map((heartbeats.value()?.items ?? []).map((one) => [one.agent_id, one])),
  );
  const usage = createPolled(agentsApi.usage, { everyMs: USAGE_EVERY_MS });
  const used = createMemo(() => new Map((usage.value()?.items ?? []).map((one) => [one.agent_id, one])));
  const order = (): AgentOrder => AGENT_ORDERS.find((one) => one === by()) ?? 'name';
  const shown = () => arrangeAgents(agents.items, { filter: filter(), order: order() });
  const selected = () => agents.items.find((agent) => agent.id === selectedId());
  const abilities = () => [...new Set(agents.items.flatMap((agent) => agent.capabilities.primary))].sort();
  const test = () => setPane(pane() === 'route' ? null : 'route');
  let input: HTMLInputElement | undefined;
  createKeys('Agents', [
    { key: '/', help: 'filter', act: () => input?.focus() },
    {
      key: 'o',
      help: 'next order',
      act: () => setBy(AGENT_ORDERS[(AGENT_ORDERS.indexOf(order()) + 1) % 4] ?? null),
    },
    { key: 't', help: 'test a route', act: test },
  ]);
  return (
    <Screen name="Agents">
      <Fleet usage={usage.value()} />
      <div class={`desk fill ${selected() ? 'with-pane' : 'alone'}`}>
        <div class="column">
          <Panel
            name="Agents"
            note={`${shown().length} of ${agents.total()} · by ${order()}`}
            acts={
              <ListActs
                ref={(element) => {
                  input = element;
                }}
                filter={filter()}
                onFilter={setFilter}
                isTesting={pane() === 'route'}
                onTest={test}
              />
            }
          >
            <ListingNotice
              phase={agents.phase()}
              isEmpty={shown().length === 0}
              what="AGENTS"
              onRetry={() => void agents.reload()}
              empty={<NoAgents isFiltered={filter() !== ''} />}
            />
            <Show when={shown().length > 0}>
              <AgentMatrix
                agents={shown()}
                isNarrow={selected() !== undefined}
                heard={heard()}
                usage={used()}
                nowSeconds={nowSeconds()}
                selectedId={selectedId()}
                onSelect={select}
              />
            </Show>
          </Panel>
          <Show when={pane() === 'route'}>
            <RouteTest abilities={abilities()} onPick={select} onClose={() => setPane(null)} />
          </Show>
        </div>
        <Show when={selected()}>
          {(agent) => (
            <div class="column">
              <AgentPane
                agent={agent()}
                nowSeconds={nowSeconds()}
                heardSeconds={silenceOf(agent(), heard(), nowSeconds())?.seconds ?? null}
                onChanged={(changed) => agents.put(changed)}
                onClose={() => select(null)}
              />
            </div>
          )}
        </Show>
      </div>
    </Screen>
  );
}

interface ListActsProps {
  ref: (input: HTMLInputElement) => void;
  filter: string;
  onFilter: (filter: string) => void;
  isTesting: boolean;
  onTest: () => void;
}

function ListActs(props: ListActsProps) {
  return (
    <>
      <input
        ref={props.ref}
        class="filter"
        type="search"
        aria-label="Filter of agents"
        placeholder="filter: name, type, state, ability"
        value={props.filter}
        onInput={(event) => props.onFilter(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      <button type="button" aria-pressed={props.isTesting} onClick={() => props.onTest()}>
        Test a route <kbd>t</kbd>
      </button>
    </>
  );
}

function NoAgents(props: { isFiltered: boolean }) {
  return (
    <Show
      when={props.isFiltered}
      fallback={
        <>
          <strong>NO AGENTS</strong>
          None has joined. A program joins over NATS with a card of what it can, or over HTTP.
        </>
      }
    >
      <strong>NO AGENT PASSES THE FILTER</strong>
      Every word of it must be in an agent's name, type, state, tier or abilities.
    </Show>
  );
}

function Fleet(props: { usage: Usage | undefined }) {
  const { agents, nowSeconds } = useConsole();
  const stats = createPolled(agentsApi.stats, { everyMs: STATS_EVERY_MS });
  const figures = createMemo(() => fleetFigures(agents.items));
  const items = (): Reading[] => {
    const { present, gone, held, busy, capacity, success, brokenCircuits } = figures();
    const waiting = stats.value()?.tasks_waiting;
    const gonePart = gone > 0 ? `${gone} gone` : 'none gone';
    const { since, items: spenders = [] } = props.usage ?? {};
    const spent = spenders.reduce((sum, { cost_usd }) => sum + cost_usd, 0);
    return [
      { legend: 'Agents', value: present, tone: present === 0 ? 'fail' : '', note: gonePart },
      {
        legend: 'Slots at work',
        value: busy,
        note: `of ${capacity}`,
        share: capacity === 0 ? 0 : busy / capacity,
        tone: capacity > 0 && busy >= capacity ? 'warn' : 'run',
      },
      {
        legend: 'Tasks without an agent',
        value: waiting ?? '–',
        tone: (waiting ?? 0) > 0 ? 'warn' : '',
        note: (waiting ?? 0) > 0 ? 'nobody can take them' : 'none waits',
      },
      { legend: 'Success of all tasks', value: percentOf(success), share: success ?? 0, tone: 'done' },
      {
        legend: 'Spent of late',
        value: since ? shortCost(spent) : '–',
        note: since ? `in ${shortAge(nowSeconds() - Date.parse(since) / 1_000)}` : 'by no task yet',
      },
      { legend: 'Draining or held back', value: held, tone: held > 0 ? 'wait' : '' },
      { legend: 'Circuits not closed', value: brokenCircuits, tone: brokenCircuits > 0 ? 'fail' : '' },
    ];
  };
  return <Readings name="The fleet" items={items()} />;
}
