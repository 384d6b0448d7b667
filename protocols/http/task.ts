/** Tasks and their artifacts on HTTP. */
import { z } from 'zod';
import { EntityId } from '../ids.ts';
import { Artifact, type Attempt, NO_USAGE, Task, TokenUsage } from '../task.ts';
import { addUsage } from '../usage.ts';
import { pageOf } from './page.ts';

export const TaskParams = z.object({ id: EntityId.describe('Id of the task.') });
export const ArtifactParams = z.object({
  id: EntityId.describe('Id of the task.'),
  artifact_id: EntityId.describe('Id of the artifact.'),
});

export const TaskView = Task.extend({
  version: z.number().int().describe('Grows with each change; also the ETag.'),
  session_id: EntityId,
  attempt: z.number().int().describe('Number of the latest attempt; 0 before the first.'),
  agent_id: z.string().nullable().describe('Who has or had the latest attempt.'),
  percent: z.number().nullable().describe('How far the latest attempt says it is.'),
  note: z.string().nullable().describe('What the latest attempt last said of itself.'),
  expected_hours: z.number().describe('(optimistic + 4 · likely + pessimistic) / 6'),
  usage: TokenUsage.describe('Of all attempts together.'),
}).meta({ id: 'Task', description: 'A task: a step inside a session, with every attempt at it.' });
export type TaskView = z.infer<typeof TaskView>;

export const TaskPage = pageOf('TaskPage', TaskView);

export const ArtifactView = Artifact.extend({
  task_id: EntityId,
  task_title: z.string(),
  href: z.string().describe('Path of its content.'),
}).meta({ id: 'Artifact', description: 'A file that came out of a task. The content is at `href`.' });
export type ArtifactView = z.infer<typeof ArtifactView>;

export const ArtifactPage = pageOf('ArtifactPage', ArtifactView);

export function toTaskView(task: Task, version: number): TaskView {
  const latest = task.attempts.at(-1);
  const { optimistic, likely, pessimistic } = task.estimate;
  return {
    ...task,
    version,
    session_id: task.brief.session_id,
    attempt: latest?.number ?? 0,
    agent_id: latest?.agent_id ?? null,
    percent: task.state === 'completed' ? 100 : (latest?.percent ?? null),
    note: latest?.note ?? null,
    expected_hours: (optimistic + 4 * likely + pessimistic) / 6,
    usage: usageOf(task.attempts),
  };
}

export function toArtifactView(task: Task, artifact: Artifact): ArtifactView {
  return {
    ...artifact,
    task_id: task.id,
    task_title: task.title,
    href: `/api/v1/tasks/${task.id}/artifacts/${artifact.artifact_id}`,
  };
}

function usageOf(attempts: readonly Attempt[]): TokenUsage {
  return attempts.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE);
}
