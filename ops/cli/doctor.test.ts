/** Each check of `oio doctor` by what it finds, and that whatever is wrong comes with its mend. */
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { sampleAgent } from '#protocols/testing/samples.ts';
import { checkClock } from './doctor/gateway.ts';
import { checkDisk, checkGit, checkNode, checkPort } from './doctor/machine.ts';
import { checkDatabase, checkNats } from './doctor/services.ts';
import { EXIT } from './exit.ts';
import { buildTestCli } from './testing/run.ts';

test('a Node or a git that is too old or missing is found', async () => {
  expect(checkNode('20.19.0')).toMatchObject({ status: 'fail', mend: expect.stringContaining('npm ci') });
  expect(checkNode()).toMatchObject({ status: 'ok' });
  expect(await checkGit('no-such-git')).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('ENOENT'),
  });
  expect(await checkGit()).toMatchObject({ name: 'git', status: 'ok' });
});

test('the disk of a folder that is not there yet is that of its parent', async () => {
  expect(await checkDisk('.oio-not-there')).toMatchObject({
    name: 'disk',
    detail: expect.stringContaining('GiB'),
  });
});

test('a port that another program has is found, with the way round it', async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;

  const taken = await checkPort(`http://localhost:${port}`, false);

  expect(taken).toMatchObject({
    status: 'fail',
    mend: expect.stringContaining(`--port ${Number(port) + 1}`),
  });
  expect(await checkPort(`http://localhost:${port}`, true)).toMatchObject({ status: 'ok' });
  expect(await checkPort('https://oio.example', false)).toMatchObject({ status: 'ok' });
});

test('a clock that is off by more than five seconds is found, in both directions', async () => {
  const at = Date.parse('2026-01-01T00:00:00.000Z');
  const fetch = async () => new Response('{}', { headers: { date: new Date(at).toUTCString() } });
  const statuses = [0, 4_000, -4_000, 7_000, -7_000].map(async (offMs) => {
    return (await checkClock(fetch, 'http://gateway', () => at + offMs)).status;
  });

  expect(await Promise.all(statuses)).toEqual(['ok', 'ok', 'ok', 'fail', 'fail']);
});

test('services that are not there are found, without their passwords', async () => {
  const nats = await checkNats('nats://oio:secret@127.0.0.1:1');
  const database = await checkDatabase('postgres://oio:secret@127.0.0.1:1/oio');

  for (const finding of [nats, database]) {
    expect(finding).toMatchObject({ status: 'fail', mend: expect.stringContaining('oio dev') });
    expect(JSON.stringify(finding)).not.toContain('secret');
  }
});

test('a well system is exit code 0; one without agents only warns', async () => {
  const cli = buildTestCli({ env: { OIO_URL: 'http://gateway.example' } });

  const without = await cli.run('doctor');
  cli.client.put({ type: 'agent', tenant: 'dev', id: 'agent-one' }, sampleAgent(), { status: 'online' });
  const withAgent = await cli.run('doctor', '--json');

  expect(without.stdout).toContain(
    'WARN agents    none is present: tasks wait\n               → start one with `oio agent`',
  );
  expect([without.exitCode, withAgent.exitCode]).toEqual([EXIT.done, EXIT.done]);
  expect(withAgent.json).toMatchObject([{ ok: true }]);
});

test('a gateway that is not ready, or not there, is exit code 9 with the mend for each', async () => {
  const cli = buildTestCli();
  cli.client.healthNow = { ...cli.client.healthNow, nats: false };
  const nobody = buildTestCli({ fetch: async () => Promise.reject(new TypeError('fetch failed')) });

  const unready = await cli.run('doctor', '--json');
  const away = await nobody.run('doctor', '--json');

  expect([unready.exitCode, away.exitCode]).toEqual([EXIT.toMend, EXIT.toMend]);
  for (const { json } of [unready, away]) {
    const { ok, checks } = Object(json[0]);
    expect(ok).toBe(false);
    for (const check of checks) if (check.status !== 'ok') expect(check.mend).toMatch(/\w/);
    expect(checks).toContainEqual(expect.objectContaining({ name: 'gateway', status: 'fail' }));
  }
});
