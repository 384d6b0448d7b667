/** One agent: what it is, how well it does what, what it has in hand, and what may be done to it. */
import { A } from '@solidjs/router';
import { createEffect, createMemo, createSignal, For, on, Show } from 'solid-js';
import type { AgentView } from '#protocols/http/agent.ts';
import { percentOf } from '../data/agent-matrix.ts';
import { AGENT_LOOK, CIRCUIT_LOOK, TIER_TONE } from '../data/agent-words.ts';
import { agentsApi, type Performance } from '../data/agents-api.ts';
import { createPolled } from '../data/create-polled.ts';
import { shortAge, shortCost, shortCount, shortSpan } from '../data/figures.ts';
import { toneOf } from '../data/state-words.ts';
import { createKeys } from '../keyboard.ts';
import { ActButton } from './act-button.tsx';
import { deedsFor } from './agent-acts.ts';
import { Facts } from './facts.tsx';
import { ListingNotice } from './listing-notice.tsx';
import { Pane, Part } from './pane.tsx';
import { StateWord } from './state-word.tsx';

export interface AgentPaneProps {
  agent: AgentView;
  nowSeconds: number;
  heardSeconds: number | null;
  onChanged: (agent: AgentView) => void;
  onClose: () => void;
}

const EVERY_MS = 5_000;

export function AgentPane(props: AgentPaneProps) {
  const [news, setNews] = createSignal('');
  const performance = createPolled(() => agentsApi.performance(props.agent.id), { everyMs: EVERY_MS });
  const tasks = createPolled(() => agentsApi.tasksOf(props.agent.id), { everyMs: EVERY_MS });
  const again = () => void Promise.all([performance.reload(), tasks.reload()]);
  // Memos pass on what differs: the agent itself is set again with each change of its list.
  const id = createMemo(() => props.agent.id);
  const version = createMemo(() => props.agent.version);
  createEffect(on(id, () => setNews(''), { defer: true }));
  createEffect(on([id, version], again, { defer: true }));
  const done = (agent: AgentView, words: string) => {
    setNews(`■ ${agent.name} was ${words}.`);
    props.onChanged(agent);
  };
  // Keys of acts belong to one state of one agent: made anew with it, so that a second try is the same act.
  const deeds = createMemo(() => deedsFor(props.agent, done));
  const press = (key: string) =>
    deeds()
      .find((deed) => deed.key === key)
      ?.ask();
  createKeys('Agent', [
    { key: 'd', help: 'drain', act: () => press('d') },
    { key: 'm', help: 'hold back, or let work', act: () => press('m') },
    { key: 'x', help: 'send away', act: () => press('x') },
  ]);
  return (
    <Pane
      name="Agent"
      title={props.agent.name}
      onClose={props.onClose}
      acts={
        <For each={deeds()}>
          {(deed) => (
            <ActButton needs="agents.write" class={deed.isGrave ? 'grave' : ''} onClick={() => deed.ask()}>
              {deed.name}{' '}
              <Show when={deed.key !== 'X'}>
                <kbd>{deed.key}</kbd>
              </Show>
            </ActButton>
          )}
        </For>
      }
    >
      <Show when={news()}>
        <p class="said-done done" role="status">
          {news()} <span class="dim">Why stands in the audit.</span>
        </p>
      </Show>
      <AgentFacts {...props} />
      <Part name="Tasks in hand" note={String(props.agent.assignments.length)}>
        <TasksInHand agent={props.agent} tasks={tasks.value()?.items ?? []} nowSeconds={props.nowSeconds} />
      </Part>
      <Part name="What it can, and how well">
        <ListingNotice
          phase={performance.phase()}
          isEmpty={false}
          what="PERFORMANCE"
          onRetry={again}
          empty=""
        />
        <Show when={performance.value()}>{(value) => <Abilities performance={value()} />}</Show>
      </Part>
    </Pane>
  );
}

function AgentFacts(props: AgentPaneProps) {
  const agent = () => props.agent;
  const heard = () =>
    props.heardSeconds === null ? 'not by this gateway' : `${shortAge(props.heardSeconds)} ago`;
  return (
    <>
      <Show when={agent().maintenance}>
        {(held) => (
          <p class="said-done warn">
            ‖ Held back by {held().by}: {held().reason ?? 'no reason was given'}
          </p>
        )}
      </Show>
      <Facts
        items={[
          { name: 'state', value: <StateWord look={AGENT_LOOK[agent().status]} /> },
          { name: 'type', value: agent().agent_type },
          { name: 'tier', value: agent().tier, tone: TIER_TONE[agent().tier] },
          { name: 'success', value: `${percentOf(agent().success_rate)} of ${agent().tasks_total}` },
          { name: 'load', value: `${agent().load.running}/${agent().load.capacity} ${agent().load.level}` },
          { name: 'circuit', value: <StateWord look={CIRCUIT_LOOK[agent().circuit]} /> },
          { name: 'heard', value: `${heard()}, every ${agent().heartbeat_seconds}s` },
          {
            name: 'joined',
            value: `${shortAge(props.nowSeconds - Date.parse(agent().last_registered_at) / 1_000)} ago`,
          },
          { name: 'model', value: agent().model ?? '–' },
          { name: 'program', value: `${agent().agent_version} · ${agent().protocol}` },
          { name: 'process', value: agent().instance ?? '–', title: agent().instance ?? '' },
          { name: 'actor', value: <A href={`/cluster?actor=agent/${agent().id}`}>agent/{agent().id}</A> },
        ]}
      />
    </>
  );
}

interface HeldTask {
  readonly id: string;
  readonly title: string;
  readonly state: string;
  readonly session_id: string;
  readonly percent: number | null;
  readonly usage: { readonly tokens_in: number; readonly tokens_out: number; readonly cost_usd: number };
}

function TasksInHand(props: { agent: AgentView; tasks: readonly HeldTask[]; nowSeconds: number }) {
  const taskOf = (id: string) => props.tasks.find((task) => task.id === id);
  return (
    <Show when={props.agent.assignments.length > 0} fallback={<p class="dim line">Nothing.</p>}>
      <ul class="rows-of-two">
        <For each={props.agent.assignments}>
          {(assignment) => (
            <li>
              <span class={toneOf(taskOf(assignment.task_id)?.state ?? '')}>
                {assignment.accepted ? '▶' : '▷'} {taskOf(assignment.task_id)?.state ?? 'assigned'}
              </span>
              <Show
                when={taskOf(assignment.task_id)}
                fallback={
                  <A class="clip" href={`/cluster?actor=task/${assignment.task_id}`}>
                    {assignment.task_id}
                  </A>
                }
              >
                {(task) => (
                  <A class="clip" href={`/sessions/${task().session_id}`}>
                    {task().title}
                  </A>
                )}
              </Show>
              <span class="dim number">
                <Show when={taskOf(assignment.task_id)}>
                  {(task) =>
                    `${shortCount(task().usage.tokens_in + task().usage.tokens_out)} tok · ${shortCost(task().usage.cost_usd)} · `
                  }
                </Show>
                {shortSpan(props.nowSeconds - Date.parse(assignment.since) / 1_000)}
              </span>
            </li>
          )}
        </For>
      </ul>
    </Show>
  );
}

/** A line a capability, with a bar for its success. */
function Abilities(props: { performance: Performance }) {
  const circuit = () => props.performance.circuit;
  return (
    <>
      <ul class="abilities">
        <For each={props.performance.by_capability.toSorted((a, b) => b.total - a.total)}>
          {(one) => (
            <li>
              <span class={one.kind === 'primary' ? '' : 'dim'}>
                {one.kind === 'primary' ? '●' : '○'} {one.capability}
              </span>
              <span class="gauge run" aria-hidden="true">
                <i style={{ width: `${(one.success_rate ?? 0) * 100}%` }} />
              </span>
              <span class="number">{percentOf(one.success_rate)}</span>
              <span class="number dim">of {one.total}</span>
            </li>
          )}
        </For>
      </ul>
      <Facts
        items={[
          {
            name: 'rated',
            value: percentOf(props.performance.rated),
            title: 'With a prior of 7 in 10: routing goes by it',
          },
          {
            name: 'quality',
            value:
              props.performance.quality.mean === null
                ? 'no mark'
                : `${props.performance.quality.mean.toFixed(2)} of ${props.performance.quality.marks} marks`,
          },
          {
            name: 'mean time',
            value: props.performance.mean_seconds === null ? '–' : shortSpan(props.performance.mean_seconds),
          },
          {
            name: 'circuit',
            value: `${circuit().successes} of the last ${circuit().results} · ${circuit().failures_in_row} failed in a row`,
          },
        ]}
      />
    </>
  );
}
