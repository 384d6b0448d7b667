/**
 * An operator's day at the console, in a real Chromium on the real stack and by keyboard alone: no mouse is touched. A
 * session on a real repository from the form to its diff, another one stopped, a third found again and deleted in a job.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildClient } from '#protocols/client/client.ts';
import type { SessionView } from '#protocols/http/session.ts';
import { makeRepository } from '../demo/repository.ts';
import { type System, startSystem } from '../demo/system.ts';
import { type Browser, openBrowser } from './browser.ts';

let folder: string;
let system: System;
let browser: Browser;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-console-'));
  [system, browser] = await Promise.all([
    startSystem({ dataDir: join(folder, 'data'), nodes: 1, model: null, onLog: () => undefined }),
    openBrowser(),
  ]);
  page = await browser.context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
});

afterAll(async () => {
  await browser?.close();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Pictures for people are kept where this variable says. */
async function picture(name: string): Promise<void> {
  const kept = process.env.OIO_PICTURES;
  if (!kept) return;
  await mkdir(kept, { recursive: true });
  await page.screenshot({ path: join(kept, `${name}.png`) });
}

async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** Fills the form of a new session and sends it: its page is what is shown then. */
async function createByKeys(fields: readonly string[]): Promise<string> {
  await press('n');
  await page.locator('dialog[open] input[name=title]').waitFor();
  for (const [at, field] of fields.entries()) {
    if (at > 0) await press('Tab');
    await page.keyboard.type(field);
  }
  await press('Enter');
  await page.waitForURL(/\/sessions\/[\w-]+$/);
  return new URL(page.url()).pathname.split('/').at(-1) ?? '';
}

async function read(id: string): Promise<SessionView> {
  const answer = await fetch(`${system.url}/api/v1/sessions/${id}`);
  return (await answer.json()) as SessionView;
}

const inState = (state: string) => page.locator(`.session[data-state="${state}"]`);

test('a session is created, watched to its end and its diff read, by keyboard alone', async () => {
  const repository = await makeRepository(folder);
  await page.goto(`${system.url}/sessions`);
  await page.locator('[data-lamp].run').waitFor();
  await page.getByText('NO SESSIONS YET').waitFor();
  await picture('sessions-empty');

  await createByKeys([
    'Make the tests pass and add the missing function',
    'Make the tests of this note store pass.',
    repository,
    'main',
    'crud',
  ]);

  await inState('running').waitFor();
  await page.locator('[data-line=text]').first().waitFor();
  await press('ArrowRight', 'ArrowDown', 'i');
  await page.locator('.pane .title').waitFor();
  await picture('session-graph');
  await press('t');
  await page.locator('table[aria-label=tasks] tbody tr').nth(4).waitFor();
  await press('v', 'v', 'h');
  await page.locator('[data-gantt] .run').first().waitFor();
  await inState('completed').waitFor({ timeout: 120_000 });
  await page.locator('[data-step^="CHECKPOINT"]').first().waitFor();
  await picture('session-gantt');

  await press('j', 'd', ']');
  await page.locator('.diff .code.add').first().waitFor();
  await picture('session-diff');
  await press('l', '/');
  await page.keyboard.type('bash test');
  await page.locator('[data-line=shell]').first().waitFor();
  await page.locator('[data-line=text]').first().waitFor({ state: 'detached' });
  await press('Escape', 'd');
  await page.locator('.files [data-file]').first().waitFor();

  expect(await page.locator('.files [data-file]').count()).toBeGreaterThan(0);
  // As of an earlier event: nothing had come of it then, and nothing can be done to it.
  await press('h', '[', '[', '[', '[');
  await page.locator('.as-of', { hasText: 'AS OF' }).waitFor();
  await inState('running').waitFor();
  expect(await page.locator('.session-head .acts').count()).toBe(0);
  await picture('session-as-of');
  await press('L');
  await inState('completed').waitFor();
  await press('d');
  expect(new URL(page.url()).searchParams.get('pane')).toBe('diff');
  expect(await page.locator('[data-gantt]').count()).toBe(5);
  expect(faults).toEqual([]);
});

test('another session is stopped from its menu, and the reason goes with it', async () => {
  await press('g', 's');
  await page.locator('tr[data-session]').first().waitFor();
  const id = await createByKeys(['Document the interface', 'Say what each route does.', '', '', 'none']);
  await inState('running').waitFor();

  await press('!', 'x');
  await page.locator('dialog[open] input[name=reason]').waitFor();
  await page.keyboard.type('wrong branch');
  await press('Enter');
  await inState('stopped').waitFor();

  expect(await read(id)).toMatchObject({ state: 'stopped', state_reason: 'wrong branch' });
  expect(faults).toEqual([]);
});

test('a session that its budget paused goes on with a higher one, from the menu', async () => {
  const client = buildClient({ url: system.url, fetch });
  const { id } = await client.createSession({
    body: {
      ...{ title: 'Tidy the note store', initial_prompt: 'Make the tests of this note store pass.' },
      ...{
        template: 'crud',
        token_budget: 1,
        workspace: { repo: await makeRepository(join(folder, 'tidy')) },
      },
    },
  });
  await client.startSession({ id });
  await page.goto(`${system.url}/sessions/${id}`);
  await inState('paused').waitFor();
  // What agents had at work goes on to its end, and is used too: the proposal is made when all is told.
  await expect
    .poll(async () => (await read(id)).progress.tasks_in_work, { timeout: 60_000, interval: 200 })
    .toBe(0);

  await press('!', 'r');
  await page.locator('dialog[open] input[name=token_budget]').waitFor();
  await picture('session-budget');
  await press('Control+A');
  await page.keyboard.type('5000000');
  await press('Tab');
  await page.keyboard.type('worth it');
  await press('Enter');
  await inState('running').waitFor();

  expect(await read(id)).toMatchObject({ token_budget: 5_000_000, state_reason: 'worth it' });
  await client.cancelSession({ id }).catch(() => client.stopSession({ id }));
  expect(faults).toEqual([]);
});

test('sessions are found, picked and deleted as a job, and the address says what is shown', async () => {
  await press('g', 's');
  await page.locator('tr[data-session]').nth(1).waitFor();

  await press('/');
  await page.keyboard.type('interface');
  await press('Enter');
  await page.locator('tr[data-session]').nth(1).waitFor({ state: 'detached' });
  await page.locator('tr[data-session]').waitFor();
  await press('j', 'x');
  await page.waitForURL(/\?q=interface&at=[\w-]+&x=[\w-]+/);
  await page.reload();
  await page.locator('tr[data-session][aria-selected=true]').waitFor();
  await picture('sessions-picked');

  await press('!', 'Shift+Tab');
  await page.locator('.bulk button', { hasText: 'delete' }).focus();
  await press('Enter');
  await page.locator('dialog[open] input[name=typed]').waitFor();
  await page.keyboard.type('delete 1');
  await press('Enter');
  await page.locator('[data-job=completed]').waitFor();
  await page.getByText('NO SESSION FITS').waitFor();

  await press('Escape');
  await page.locator('tr[data-state=completed]').waitFor();
  await press('f');
  await page.getByText('NO SESSION FITS').waitFor();
  expect(new URL(page.url()).searchParams.get('state')).toBe('failed,timeout,orphaned');
  expect(faults).toEqual([]);
});

test('the reference of the API is rendered from our own server alone', async () => {
  const foreign: string[] = [];
  const reference = await browser.context.newPage();
  reference.on('request', (request) => {
    if (!request.url().startsWith(system.url) && !/^(data|blob):/.test(request.url()))
      foreign.push(request.url());
  });

  await reference.goto(`${system.url}/docs`);
  await reference.getByText('Start a session', { exact: false }).first().waitFor({ state: 'attached' });

  expect(foreign).toEqual([]);
});
