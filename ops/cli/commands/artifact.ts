/** `oio artifact …`: what tasks left, and making room by deleting content of it. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { Artifact } from '#protocols/client/operations.generated.ts';
import { type Cli, COMMON, type CommonFlags, describe, type Job, oneId, perform } from '../cli.ts';
import { CliFailure, EXIT } from '../exit.ts';
import { plain, toTable } from '../output.ts';

const PAGE_SIZE = 100;
const MIB = 1_048_576;

interface Choice extends CommonFlags {
  readonly task?: string;
  readonly role?: string;
}

const text = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, optional: true, placeholder, brief }) as const;

const CHOICE = {
  task: text('ID', 'Of this task alone'),
  role: text('ROLE', 'Only these: result, patch, report, log, test, transcript'),
};

const ls = buildCommand({
  docs: describe({
    brief: 'List what the tasks of a session left',
    examples: ['oio artifact ls s-1', 'oio artifact ls s-1 --role log --json'],
  }),
  parameters: { flags: { ...COMMON, ...CHOICE }, positional: oneId('session') },
  async func(this: Cli, flags: Choice, id: string) {
    await perform(this, flags, async (job) => {
      const artifacts = choose(await readArtifacts(job, id), flags);
      job.out.json(artifacts);
      const rows = artifacts.map((one) => [
        one.task_id,
        one.artifact_id,
        one.role,
        one.deleted_at ? 'deleted' : `${one.size_bytes} bytes`,
        plain(one.name),
      ]);
      job.out.line(toTable(['TASK', 'ARTIFACT', 'ROLE', 'SIZE', 'NAME'], rows));
    });
  },
});

const rm = buildCommand({
  docs: describe({
    brief: 'Delete the content of what the tasks of a session left, for good',
    more:
      'Their records stay, with their hashes; their bytes no longer count against the quota. Without --yes it says what\n' +
      'would go, and deletes nothing.',
    examples: ['oio artifact rm s-1 --role transcript', 'oio artifact rm s-1 --task t-2 --yes'],
  }),
  parameters: {
    flags: { ...COMMON, ...CHOICE, yes: { kind: 'boolean', brief: 'Do it', default: false } },
    positional: oneId('session'),
  },
  async func(this: Cli, flags: Choice & { readonly yes: boolean }, id: string) {
    await perform(this, flags, async (job) => {
      const { api, out } = job;
      const there = choose(await readArtifacts(job, id), flags).filter((one) => !one.deleted_at);
      const bytes = there.reduce((sum, one) => sum + one.size_bytes, 0);
      const what = `${there.length} artifacts, ${(bytes / MIB).toFixed(1)} MiB`;
      if (there.length > 0 && !flags.yes) {
        throw new CliFailure(EXIT.usage, `${what} would be deleted for good`, { mend: 'say it with --yes' });
      }
      for (const { task_id, artifact_id } of there) {
        await api.deleteArtifact({ id: task_id, artifact_id, 'idempotency-key': crypto.randomUUID() });
      }
      out.both({ artifacts: there.length, bytes }, `deleted: ${what}`);
    });
  },
});

/** All artifacts of a session, in the order of its tasks. */
export async function readArtifacts({ api }: Job, id: string): Promise<Artifact[]> {
  const all: Artifact[] = [];
  for (let page = 1, pages = 1; page <= pages; page++) {
    const answer = await api.listSessionArtifacts({ id, page, page_size: PAGE_SIZE });
    all.push(...answer.items);
    pages = answer.pages;
  }
  return all;
}

function choose(artifacts: readonly Artifact[], { task, role }: Choice): Artifact[] {
  return artifacts.filter(
    (one) => (task === undefined || one.task_id === task) && (role === undefined || one.role === role),
  );
}

export const artifactRoutes = buildRouteMap({
  routes: { ls, rm },
  docs: { brief: 'Artifacts: what tasks left behind' },
});
