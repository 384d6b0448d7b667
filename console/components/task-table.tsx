import { For, Show } from 'solid-js';
import type { TaskView } from '#protocols/http/task.ts';
import { shortBytes, shortCount } from '../data/figures.ts';
import { TASK_LOOK, toneOf } from '../data/state-words.ts';
import { PercentBar } from './progress-cells.tsx';
import { StateWord } from './state-word.tsx';

export function TaskTable(props: { tasks: readonly TaskView[] }) {
  return (
    <table class="grid tasks">
      <caption class="unseen">Tasks of the selected session</caption>
      <colgroup>
        <col style={{ width: '15ch' }} />
        <col />
        <col style={{ width: '7ch' }} />
        <col class="extra" style={{ width: '9ch' }} />
        <col style={{ width: '20%' }} />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Task</th>
          <th scope="col" class="number">
            Try
          </th>
          <th scope="col" class="number extra">
            Tokens
          </th>
          <th scope="col">Done</th>
        </tr>
      </thead>
      <tbody>
        <For each={props.tasks}>{(task) => <TaskRow task={task} />}</For>
      </tbody>
    </table>
  );
}

function TaskRow(props: { task: TaskView }) {
  const task = () => props.task;
  const tokens = () => task().usage.tokens_in + task().usage.tokens_out;
  return (
    <tr data-task={task().id}>
      <td>
        <StateWord look={TASK_LOOK[task().state]} />
      </td>
      <td title={task().description}>
        <div class="clip">{task().title}</div>
        <TaskNews task={task()} />
      </td>
      <td class="number">
        {task().attempt}
        <span class="dim">/{task().max_attempts}</span>
      </td>
      <td class="number extra">
        <Show when={tokens() > 0} fallback={<span class="dim">–</span>}>
          {shortCount(tokens())}
        </Show>
      </td>
      <td>
        <Show when={task().percent !== null} fallback={<span class="dim">–</span>}>
          <PercentBar percent={task().percent ?? 0} tone={toneOf(task().state)} />
        </Show>
      </td>
    </tr>
  );
}

/** Who has the task, what it last said, what it left. */
function TaskNews(props: { task: TaskView }) {
  const task = () => props.task;
  const isEnded = () => ['completed', 'failed', 'cancelled', 'skipped'].includes(task().state);
  const said = () => task().error ?? (isEnded() ? task().state_reason : (task().note ?? task().state_reason));
  return (
    <div class="clip dim under" title={said() ?? undefined}>
      <Show when={task().agent_id} fallback={<span>{isEnded() ? 'no agent' : 'no agent yet'}</span>}>
        {(agent) => <span>{agent()}</span>}
      </Show>
      <Show when={said()}>
        <span class={task().error ? 'fail' : ''}>{said()}</span>
      </Show>
      <For each={task().artifacts}>
        {(artifact) => (
          <a href={`/api/v1/tasks/${task().id}/artifacts/${artifact.artifact_id}`} download={artifact.name}>
            ↓ {artifact.name} {shortBytes(artifact.size_bytes)}
          </a>
        )}
      </For>
    </div>
  );
}
