/**
 * The console's screens for agents, the cluster and dead letters in a real Chromium: an operator without a mouse, and
 * what axe finds on each with something selected.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type ApiClient, buildClient } from '#protocols/client/client.ts';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { laneSubject } from '#protocols/subjects.ts';
import { type System, startSystem } from '../demo/system.ts';
import { violationsOn } from './axe.ts';
import { type Browser, openBrowser } from './browser.ts';
import { startGuardedGateway } from './guarded-gateway.ts';

let folder: string;
let system: System;
let browser: Browser;
let page: Page;
let api: ApiClient;
const faults: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-screens-'));
  const dataDir = join(folder, 'data');
  system = await startSystem({ dataDir, nodes: 1, model: null, onLog: () => undefined });
  api = buildClient({ url: system.url, fetch });
  browser = await openBrowser();
  page = await browser.context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.goto(system.url);
  await page.getByText('LIVE').first().waitFor();
});

afterAll(async () => {
  await browser?.close();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Puts a message into the log as the runtime itself would: of its own, no route takes one that its actor refuses. */
async function putMessage(to: { type: string; id: string }, message: { type: string }): Promise<void> {
  const address = { ...to, tenant: 'dev' };
  const { partition_count } = await api.getCluster();
  const connection = await connect({ servers: system.natsUrl });
  const id = `test.${randomUUID()}`;
  const envelope = {
    id,
    to: `${to.type}/dev/${to.id}`,
    message,
    source: { kind: 'system' as const },
    root: id,
  };
  const subject = laneSubject('data', partitionOf(address, partition_count));
  await jetstream(connection).publish(subject, encodeEnvelope(envelope), { msgID: id });
  await connection.close();
}

async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** Goes to a screen by its two keys; pressed again where the machine was too busy to take them as one. */
async function goTo(letter: string, path: string): Promise<void> {
  const go = async () => {
    await press('g', letter);
    await page.waitForURL((url) => url.pathname === path, { timeout: 2_000 }).catch(() => undefined);
    return new URL(page.url()).pathname;
  };
  await expect.poll(go, { timeout: 20_000 }).toBe(path);
}

/** Says why in the dialog that is open, and sends it. */
async function confirmWith(reason: string): Promise<void> {
  await page.locator('dialog[open] input[name=reason]').waitFor();
  await page.keyboard.type(reason);
  await page.keyboard.press('Enter');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
}

/** Pictures for people are kept where this variable says. */
async function picture(name: string): Promise<void> {
  const kept = process.env.OIO_PICTURES;
  if (!kept) return;
  await mkdir(kept, { recursive: true });
  await page.screenshot({ path: join(kept, `${name}.png`) });
}

const rowsOf = (table: string) => page.locator(`table[aria-label="${table}"] tbody tr`);

test('a dead letter is found, mended and sent again by keyboard, and its actor does what it says', async () => {
  const session = await api.createSession({
    body: {
      title: 'Add retries to the mail sender',
      initial_prompt: 'Do it.',
    },
  });
  await putMessage({ type: 'session', id: session.id }, { type: 'cancel', reason: 5 } as { type: string });
  await expect.poll(async () => (await api.listDeadLetters()).items.length, { timeout: 20_000 }).toBe(1);

  await goTo('d', '/dead-letters');
  await rowsOf('causes').first().waitFor();
  await press('j', 'Enter');
  await rowsOf('letters').first().waitFor();
  await press('j');
  await page.locator('textarea[name=message]').waitFor();
  expect(await violationsOn(page, 'a letter')).toEqual([]);
  await picture('dead-letters');
  await press('e', 'Control+A');
  await page.keyboard.type('{"type": "cancel", "reason": }');
  await page.getByText('line 1, column 30 should be a value').waitFor();
  await press('Control+A');
  // Slower than the letter is read anew: what was typed stays.
  await page.keyboard.type('{"type": "cancel", "reason": "not wanted"}', { delay: 60 });
  await press('Control+Enter');
  await confirmWith('the reason was a number');
  await page.getByRole('heading', { name: 'Message, edited' }).waitFor();
  await press('Escape', 'r');
  await confirmWith('mended by hand');
  await page.locator('[data-outcome].done').waitFor();

  expect((await api.getSession({ id: session.id })).state).toBe('cancelled');
  const [summary] = (await api.listDeadLetters()).items;
  const letter = await api.getDeadLetter({ id: summary?.id ?? '' });
  expect(letter.acts.map(({ act, reason }) => [act, reason])).toEqual([
    ['edit', 'the reason was a number'],
    ['replay', 'mended by hand'],
  ]);
  expect(new URL(page.url()).searchParams.get('letter')).toBe(letter.id);
});

test('all letters of a cause are given up in one act, and only those that were counted', async () => {
  const { id } = await api.createSession({ body: { title: 'Add a cache', initial_prompt: 'Do it.' } });
  for (let n = 0; n < 3; n++) {
    await putMessage({ type: 'session', id }, { type: 'cancel', reason: n } as { type: string });
  }
  const countOpen = async () => (await api.listDeadLetters({ status: ['open'] })).items.length;
  await expect.poll(countOpen, { timeout: 20_000 }).toBe(3);

  await press('Escape', 'Escape', 'Escape');
  // The list is read every few seconds: what it showed of the letter before is not what is acted on.
  await rowsOf('causes').locator('.count', { hasText: /^3$/ }).waitFor();
  await press('j', 'X');
  await page.locator('dialog[open]', { hasText: '3 are open' }).waitFor();
  await page.keyboard.type('not worth it');
  await press('Tab');
  const [group] = (await api.listDeadLetterGroups({ status: ['open'] })).items;
  await page.keyboard.type(group?.group.slice(0, 6) ?? '');
  await press('Enter');
  await page.locator('[data-outcome]', { hasText: '3 dropped' }).waitFor();

  expect(await countOpen()).toBe(0);
});

test('an agent is found by the filter and drained by keyboard, and why stands in the audit', async () => {
  const capabilities = { primary: ['code_review'], secondary: [] };
  const card = { name: 'AGENT-GRACE', agent_type: 'reviewer', version: '1', heartbeat_seconds: 60 } as const;
  await api.registerAgent({ body: { ...card, capabilities } });

  await goTo('a', '/agents');
  await page.getByText('AGENT-GRACE').first().waitFor();
  await press('/');
  await page.keyboard.type('code_review reviewer');
  await expect.poll(() => rowsOf('agents').count()).toBe(1);
  await press('Escape', 'j', 'd');
  await confirmWith('the machine gets a new disk');
  await rowsOf('agents').getByText('DRAINING').waitFor();
  await picture('agents');

  expect(await api.getAgent({ id: 'agent-grace' })).toMatchObject({ status: 'draining' });
  await expect
    .poll(async () => (await api.listAudit({ target: 'agent-grace' })).items, { timeout: 10_000 })
    .toMatchObject([{ act: 'agent.drained', by: 'user:dev', reason: 'the machine gets a new disk' }]);
});

test('a route is tested by keyboard, and each candidate shows what its score is made of', async () => {
  await press('/', 'Control+A', 'Delete', 'Escape', 't');
  await page.keyboard.type('code_generation');
  await press('Enter');

  const best = page.locator('table.scores tbody tr').first();
  await best.waitFor();
  expect(await violationsOn(page, 'an agent and a route')).toEqual([]);
  const { chosen } = await api.routeTask({ body: { required_capabilities: ['code_generation'] } });
  expect(await best.textContent()).toContain(chosen.agent_id);
  expect(await best.locator('td').count()).toBe(3 + chosen.terms.length);
  expect(new URL(page.url()).searchParams.get('need')).toBe('code_generation');
  await press('Escape', 'Escape');
  await best.waitFor({ state: 'detached' });
});

test('a lock is broken by keyboard, and who waited for it has it', async () => {
  const acquire = (holder: string, wait_ms: number) => {
    const body = { holder, request_id: `r-${holder}`, ttl_ms: 600_000, wait_ms };
    return api.acquireLock({ name: 'repo/main', body });
  };
  await acquire('ci-17', 0);
  const waited = acquire('ci-18', 60_000);

  await goTo('c', '/cluster');
  await rowsOf('locks').first().waitFor();
  await press('j');
  await page.getByText('Waiting for repo/main · 1').waitFor();
  expect(await violationsOn(page, 'a lock')).toEqual([]);
  await picture('cluster');
  await press('b');
  await confirmWith('its machine is gone');
  await page.getByText('repo/main was taken from user:dev/ci-17').waitFor();

  expect(await waited).toMatchObject({ state: 'granted', owner: 'user:dev/ci-18' });
  expect((await api.listAudit({ act: ['lock.broken'] })).items).toMatchObject([
    { reason: 'its machine is gone' },
  ]);
});

test('an actor is looked into as it was, suspended and let go on by keyboard', async () => {
  const { id } = await api.createSession({
    body: { title: 'Rename the billing module', initial_prompt: 'Do it.' },
  });
  await api.cancelSession({ id });

  await press('i');
  await page.keyboard.type(`session/${id}`);
  await press('Enter');
  await page.locator('.step').nth(1).waitFor();
  await press('[');
  await page.getByRole('heading', { name: 'State as of version 1' }).waitFor();
  await page.locator('pre.json', { hasText: '"state": "pending"' }).waitFor();
  await press('L', 's');
  await page.locator('dialog[open] input[name=reason]').waitFor();
  await page.keyboard.type('to be looked at');
  await press('Tab');
  await page.keyboard.type(id.slice(-6));
  await press('Enter');
  await page.getByText('SUSPENDED by user:dev: to be looked at').waitFor();
  expect(await violationsOn(page, 'an actor')).toEqual([]);
  await picture('actor');
  await press('s');
  await confirmWith('looked at');
  await page.getByText('SUSPENDED by').waitFor({ state: 'detached' });

  expect(await api.getActorSupervision({ type: 'session', id })).toMatchObject({
    status: 'active',
    resumes: 1,
  });
});

test('where a gateway wants a key the console asks for it, shows who one is, and offers what the role may', async () => {
  const { url, adminKey, stop } = await startGuardedGateway(system);
  const guarded = await browser.context.newPage();
  onTestFinished(async () => {
    await guarded.close();
    await stop();
  });
  const admin = buildClient({ url, fetch, key: adminKey });
  const made = await admin.createKey({ body: { role: 'viewer', user: 'anna' } });
  const logIn = async (key: string) => {
    await guarded.getByLabel('Key').fill(key);
    await guarded.getByRole('button', { name: 'Log in' }).click();
  };

  await guarded.goto(`${url}/agents`);
  await guarded.getByRole('button', { name: 'Log in' }).waitFor();
  expect(await violationsOn(guarded, 'the login')).toEqual([]);
  await logIn(`${made.text}x`);
  await guarded.getByRole('alert').getByText('not known here').waitFor();
  await logIn(made.text ?? '');
  await guarded.getByText('LIVE').first().waitFor();
  expect(new URL(guarded.url()).pathname).toBe('/agents');
  expect(await violationsOn(guarded, 'with a login')).toEqual([]);

  await guarded.goto(`${url}/sessions`);
  await guarded.getByText('anna').waitFor();
  await guarded.keyboard.press('n');
  const create = guarded.locator('dialog[open] button[type=submit]');
  expect([await create.isDisabled(), await create.getAttribute('title')]).toEqual([
    true,
    'Not with a key of role viewer',
  ]);
  await admin.revokeKey({ id: made.key.id, body: { reason: 'the test is over' } });
  await guarded.getByRole('button', { name: 'Log in' }).waitFor({ timeout: 5_000 });

  await logIn(adminKey);
  await guarded.getByText('operator').waitFor();
  await guarded.getByRole('button', { name: 'log out' }).click();
  await guarded.getByRole('button', { name: 'Log in' }).waitFor();
});

test('nothing of it left an error on the page', () => {
  expect(faults).toEqual([]);
});
