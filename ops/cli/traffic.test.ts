/** `oio traffic` on the live feed of a real gateway, over a real socket on loopback. */
import { expect, onTestFinished, test } from 'vitest';
import { EXIT } from './exit.ts';
import { buildTestCli } from './testing/run.ts';

const session = (id: string) => ({ type: 'session', tenant: 'dev', id });

async function listen() {
  const cli = buildTestCli();
  onTestFinished(() => cli.app.close());
  const url = await cli.app.listen({ port: 0, host: '127.0.0.1' });
  return { cli, url };
}

test('events are told one a line as they happen, and Ctrl-C ends it well', async () => {
  const { cli, url } = await listen();
  const running = cli.run('traffic', 'evt.dev.session.>', '--url', url);
  const publish = setInterval(() => cli.client.publish(session('s-1'), 'started', { payload: { n: 1 } }), 20);
  onTestFinished(() => clearInterval(publish));

  await expect.poll(cli.stdout, { timeout: 5_000 }).toMatch(/started.*\n.*started/);
  cli.interrupt();
  const ended = await running;

  expect(ended.exitCode).toBe(EXIT.done);
  expect(ended.stdout.split('\n')[0]).toMatch(/^[\d:.]{12} evt\.dev\.session\.s-1\.started \{/);
});

test('messages between actors are told one a line, by what they say of themselves', async () => {
  const { cli, url } = await listen();
  const running = cli.run('traffic', 'tap.dev.task.*.start', '--url', url, '--count', '2');
  const message = { id: 'c.1', to: 'task/dev/t-1', message: { type: 'start' }, root: 'c.1' };
  const send = () => cli.client.messages.add('data', { ...message, source: { kind: 'system' } });
  const sending = setInterval(send, 20);
  onTestFinished(() => clearInterval(sending));

  const ended = await running;
  const wrong = await cli.run('traffic', 'tap.dev.>', '--after', '1', '--url', url);
  const foreign = await cli.run('traffic', 'tap.other.>', '--url', url);

  expect(ended.exitCode).toBe(EXIT.done);
  expect(ended.stdout.split('\n')[0]).toMatch(/^[\d:.]{12} tap\.dev\.task\.t-1\.start \{"id":"c\.1"/);
  expect([wrong.exitCode, foreign.exitCode]).toEqual([EXIT.usage, EXIT.invalid]);
});

test('past events come first, and --count ends it after so many', async () => {
  const { cli, url } = await listen();
  for (let n = 0; n < 5; n++) cli.client.publish(session('s-1'), 'transitioned', { payload: { n } });

  const ended = await cli.run('traffic', 'evt.dev.>', '--after', '1', '--count', '2', '--json', '--url', url);

  expect(ended.json).toMatchObject([
    { seq: 2, subject: 'evt.dev.session.s-1.transitioned', body: { payload: { n: 1 } } },
    { seq: 3, body: { payload: { n: 2 } } },
  ]);
});

test('a subject of another tenant, or of no event, is refused with the reason', async () => {
  const { cli, url } = await listen();

  const foreign = await cli.run('traffic', 'evt.other.>', '--url', url);
  const wrong = await cli.run('traffic', 'evt.', '--url', url);

  expect([foreign.exitCode, wrong.exitCode]).toEqual([EXIT.invalid, EXIT.invalid]);
  expect(foreign.stderr).toContain('evt.other.> is not of this tenant');
});

test('a subject beyond events needs NATS, and without one it is said how to name it', async () => {
  const { cli } = await listen();

  const ended = await cli.run('traffic', 'eap.>');
  const away = await cli.run('traffic', 'eap.>', '--nats', 'nats://127.0.0.1:1');

  expect([ended.exitCode, away.exitCode]).toEqual([EXIT.usage, EXIT.unreachable]);
  expect(ended.stderr).toContain('--nats or NATS_URL');
});

test('a gateway that is not there is exit code 3', async () => {
  const ended = await buildTestCli().run('traffic', 'evt.dev.>', '--url', 'http://127.0.0.1:1');

  expect(ended.exitCode).toBe(EXIT.unreachable);
});
