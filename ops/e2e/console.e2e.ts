/** The console in a real Chromium, on the real stack: a session from the form to its end, live. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeRepository } from '../demo/repository.ts';
import { type System, startSystem } from '../demo/system.ts';
import { type Browser, openBrowser } from './browser.ts';

let folder: string;
let system: System;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-console-'));
  system = await startSystem({
    dataDir: join(folder, 'data'),
    nodes: 1,
    model: null,
    onLog: () => undefined,
  });
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Pictures for people are kept where this variable says. */
async function picture(page: import('playwright-core').Page, name: string): Promise<void> {
  const kept = process.env.OIO_PICTURES;
  if (!kept) return;
  await mkdir(kept, { recursive: true });
  await page.screenshot({ path: join(kept, `${name}.png`) });
}

test('a session is created by the form, is seen at work with its live events, and is seen to complete', async () => {
  const repository = await makeRepository(folder);
  const page = await browser.context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.goto(`${system.url}/sessions`);
  await page.getByText('LIVE', { exact: false }).first().waitFor();
  await picture(page, 'empty');

  await page
    .getByRole('button', { name: /new session/i })
    .first()
    .click();
  await page.fill('input[name=title]', 'Make the tests pass and add the missing function');
  await page.fill('textarea[name=prompt]', 'Make the tests of this note store pass.');
  await page.fill('input[name=repo]', repository);
  await page.fill('input[name=template]', 'crud');
  await page.getByRole('button', { name: 'Create and start' }).click();

  const session = page.locator('tr[data-session]').first();
  await session.getByText(/running/i).waitFor();
  await page.locator('tr[data-task]').nth(4).waitFor();
  await page.locator('.row[data-seq]').first().waitFor();
  await page.locator('tr[data-task]').getByText('RUNNING').nth(1).waitFor();
  await picture(page, 'running');
  await session.getByText('DONE').waitFor({ timeout: 120_000 });
  await picture(page, 'completed');

  expect(await page.locator('tr[data-task]').count()).toBe(5);
  expect(faults).toEqual([]);
});

test('the reference of the API is rendered from our own server alone', async () => {
  const page = await browser.context.newPage();
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(system.url) && !/^(data|blob):/.test(request.url()))
      foreign.push(request.url());
  });

  await page.goto(`${system.url}/docs`);
  await page.getByText('Start a session', { exact: false }).first().waitFor({ state: 'attached' });

  expect(foreign).toEqual([]);
  await picture(page, 'reference');
});
