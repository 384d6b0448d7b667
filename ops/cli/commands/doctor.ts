/** `oio doctor`: looks at everything that a session needs, and says the mend for what is wrong. */
import { buildCommand } from '@stricli/core';
import { type Cli, COMMON, type CommonFlags, describe, type Job, perform } from '../cli.ts';
import { readDevAddresses } from '../dev-addresses.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkClock, checkGateway } from '../doctor/gateway.ts';
import { checkDisk, checkGit, checkNode, checkPort } from '../doctor/machine.ts';
import { checkDatabase, checkNats } from '../doctor/services.ts';
import { CliFailure, EXIT } from '../exit.ts';

const MARKS = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' } as const;

export const doctor = buildCommand({
  docs: describe({
    brief: 'Look at all that a session needs, and say what to mend',
    more:
      'Node, git, disk, the port, the gateway and its clock and agents; NATS and Postgres by NATS_URL and DATABASE_URL or\n' +
      'where `oio dev` has them. Exit code 9 where something must be mended.',
    examples: ['oio doctor', 'oio doctor --url https://oio.example --json'],
  }),
  parameters: { flags: COMMON },
  async func(this: Cli, flags: CommonFlags) {
    await perform(this, flags, async (job) => {
      const findings = await examine(job);
      const isWell = findings.every(({ status }) => status !== 'fail');
      job.out.json({ ok: isWell, checks: findings });
      for (const { name, status, detail, mend } of findings) {
        job.out.line(`${MARKS[status]} ${name.padEnd(9)} ${detail}`);
        if (mend !== null) job.out.line(`${' '.repeat(15)}→ ${mend}`);
      }
      if (isWell) return;
      const broken = findings.filter(({ status }) => status === 'fail').map(({ name }) => name);
      throw new CliFailure(EXIT.toMend, `to mend: ${broken.join(', ')}`);
    });
  },
});

async function examine({ api, cli, settings }: Job): Promise<readonly Finding[]> {
  const addresses = await readDevAddresses(settings.dataDir);
  const [gateway, git, disk, nats, database] = await Promise.all([
    checkGateway(api, settings.url),
    checkGit(),
    checkDisk(settings.dataDir),
    checkNats(settings.natsUrl ?? addresses.natsUrl),
    checkDatabase(settings.databaseUrl ?? addresses.databaseUrl),
  ]);
  const port = await checkPort(settings.url, gateway.isThere);
  const clock = gateway.isThere ? [await checkClock(cli.fetch, settings.url, Date.now)] : [];
  return [checkNode(), git, disk, port, ...gateway.findings, ...clock, nats, database];
}
