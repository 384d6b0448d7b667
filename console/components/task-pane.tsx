import { For, Show } from 'solid-js';
import type { TaskView } from '#protocols/http/task.ts';
import { shortBytes, shortCost, shortCount, shortSpan } from '../data/figures.ts';
import { TASK_LOOK } from '../data/state-words.ts';
import { Fact } from './session-facts.tsx';
import { StateWord } from './state-word.tsx';

export interface TaskPaneProps {
  task: TaskView;
  slackHours: number;
  isCritical: boolean;
  titleOf: (id: string) => string | undefined;
  onSelect: (id: string) => void;
  onDiff: () => void;
}

/** One task whole: what it is, who tried it, what came of each try. */
export function TaskPane(props: TaskPaneProps) {
  const task = () => props.task;
  return (
    <div class="pane">
      <p class="title">
        <StateWord look={TASK_LOOK[task().state]} /> {task().title}
      </p>
      <dl class="facts">
        <Fact name="id" value={task().id} />
        <Fact name="type" value={`${task().task_type} · ${task().complexity} · ${task().priority}`} />
        <Fact name="expected" value={`${task().expected_hours.toFixed(2)} h`} />
        <Fact
          name="slack"
          value={props.isCritical ? 'none: on the critical path' : `${props.slackHours.toFixed(2)} h`}
        />
        <Fact name="needs" value={task().required_capabilities.join(', ') || 'nothing'} />
        <Fact
          name="tokens"
          value={`${shortCount(task().usage.tokens_in)} in · ${shortCount(task().usage.tokens_out)} out`}
        />
        <Fact name="cost" value={shortCost(task().usage.cost_usd)} />
        <Show when={task().state_reason}>{(reason) => <Fact name="reason" value={reason()} />}</Show>
        <Show when={task().result?.commit}>{(commit) => <Fact name="branch" value={commit().branch} />}</Show>
      </dl>
      <Show when={task().dependencies.length > 0}>
        <p class="waits">
          <span class="legend">waits for</span>
          <For each={task().dependencies}>
            {(one) => (
              <button type="button" class="link" onClick={() => props.onSelect(one.task_id)}>
                {props.titleOf(one.task_id) ?? one.task_id}
                <span class="dim">
                  {one.kind === 'finish_to_start' ? '' : ` ${one.kind.replaceAll('_', ' ')}`}
                  {one.required ? '' : ' optional'}
                </span>
              </button>
            )}
          </For>
        </p>
      </Show>
      <p class="dim said">{task().description}</p>
      <Show when={task().error}>
        <p class="said fail">{task().error}</p>
      </Show>
      <Show when={task().result?.summary}>
        <p class="said">{task().result?.summary}</p>
      </Show>
      <Attempts task={task()} />
      <Artifacts task={task()} onDiff={props.onDiff} />
    </div>
  );
}

function Attempts(props: { task: TaskView }) {
  return (
    <Show when={props.task.attempts.length > 0}>
      <table class="grid" aria-label="Attempts">
        <thead>
          <tr>
            <th scope="col" class="number">
              Try
            </th>
            <th scope="col">Outcome</th>
            <th scope="col">Agent</th>
            <th scope="col" class="number">
              At work
            </th>
            <th scope="col" class="number">
              Tokens
            </th>
            <th scope="col" class="number">
              Cost
            </th>
          </tr>
        </thead>
        <tbody>
          <For each={props.task.attempts}>
            {(one) => (
              <tr>
                <td class="number">
                  {one.number}
                  <span class="dim">/{props.task.max_attempts}</span>
                </td>
                <td class={one.outcome === 'completed' ? 'done' : one.outcome === null ? 'run' : 'fail'}>
                  {one.outcome ?? `at work ${one.percent === null ? '' : `${Math.round(one.percent)} %`}`}
                </td>
                <td class="clip">{one.agent_id}</td>
                <td class="number">{workOf(one.started_at, one.ended_at)}</td>
                <td class="number">{shortCount(one.usage.tokens_in + one.usage.tokens_out)}</td>
                <td class="number">{shortCost(one.usage.cost_usd)}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </Show>
  );
}

function Artifacts(props: { task: TaskView; onDiff: () => void }) {
  return (
    <ul class="artifacts">
      <For each={props.task.artifacts}>
        {(one) => (
          <li>
            <Show when={!one.deleted_at} fallback={one.name}>
              <a href={`/api/v1/tasks/${props.task.id}/artifacts/${one.artifact_id}`} download={one.name}>
                ↓ {one.name}
              </a>
            </Show>{' '}
            <span class="dim">
              {one.role} · {one.deleted_at ? 'deleted' : shortBytes(one.size_bytes)} · attempt {one.attempt}
            </span>{' '}
            <Show when={one.role === 'patch' && !one.deleted_at}>
              <button type="button" class="link" onClick={() => props.onDiff()}>
                read
              </button>
            </Show>
          </li>
        )}
      </For>
    </ul>
  );
}

function workOf(started: string | null, ended: string | null): string {
  if (started === null) return '–';
  return ended === null ? '…' : shortSpan((Date.parse(ended) - Date.parse(started)) / 1_000);
}
