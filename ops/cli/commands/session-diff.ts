/** `oio session diff`: what the tasks of a session changed, as patches. */
import { buildCommand } from '@stricli/core';
import type { Artifact } from '#protocols/client/operations.generated.ts';
import { type Cli, COMMON, type CommonFlags, describe, oneId, perform } from '../cli.ts';
import { CliFailure, EXIT } from '../exit.ts';
import { plain } from '../output.ts';
import { readArtifacts } from './artifact.ts';

export const diff = buildCommand({
  docs: describe({
    brief: 'Show what the tasks of a session changed',
    more:
      'The patch of the latest attempt of each task, in the order of the plan; git apply takes it. What a session comes\n' +
      'to as a whole stands on the branches that `oio session watch` names at the end.',
    examples: ['oio session diff s-1', 'oio session diff s-1 --task t-2', 'oio session diff s-1 --json'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      task: {
        kind: 'parsed',
        parse: String,
        brief: 'Of this task alone',
        placeholder: 'ID',
        optional: true,
      },
    },
    positional: oneId('session'),
  },
  async func(this: Cli, flags: CommonFlags & { readonly task?: string }, id: string) {
    await perform(this, flags, async (job) => {
      const { api, out } = job;
      const session = await api.getSession({ id });
      const latest = latestPatches(await readArtifacts(job, id), flags.task);
      const patches = latest.filter((patch) => !patch.deleted_at);
      const deleted = latest.length - patches.length;
      if (deleted > 0) out.note(`the patches of ${deleted} tasks were deleted`);
      if (patches.length === 0) {
        const mend = `it is ${session.state}; \`oio session watch ${id}\` follows it`;
        throw new CliFailure(EXIT.notFound, 'there is no patch of it', { mend });
      }
      const place = new Map(session.tasks.map((task, at) => [task.id, at]));
      patches.sort((a, b) => (place.get(a.task_id) ?? 0) - (place.get(b.task_id) ?? 0));
      for (const patch of patches) {
        const { task_id, artifact_id, task_title, attempt } = patch;
        const bytes = await api.getArtifactContent({ id: task_id, artifact_id });
        const text = new TextDecoder().decode(bytes);
        out.both(
          { task_id, task_title, attempt, patch: text },
          `# ${plain(task_title)} (${task_id})\n${text.trimEnd()}`,
        );
      }
    });
  },
});

function latestPatches(artifacts: readonly Artifact[], taskId: string | undefined): Artifact[] {
  const latest = new Map<string, Artifact>();
  for (const artifact of artifacts) {
    if (artifact.role !== 'patch' || (taskId !== undefined && artifact.task_id !== taskId)) continue;
    if (artifact.attempt >= (latest.get(artifact.task_id)?.attempt ?? 0))
      latest.set(artifact.task_id, artifact);
  }
  return [...latest.values()];
}
