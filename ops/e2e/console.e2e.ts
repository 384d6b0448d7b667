/**
 * The console in a real Chromium, on the real stack: every screen empty and full, dark and light, as axe
 * sees it, without a mouse; and a message's cause found in the traffic of a session.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildClient } from '#protocols/client/client.ts';
import { makeRepository } from '../demo/repository.ts';
import { type System, startSystem } from '../demo/system.ts';
import { violationsOn } from './axe.ts';
import { type Browser, openBrowser } from './browser.ts';

let folder: string;
let system: System;
let browser: Browser;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-console-'));
  system = await startSystem({
    dataDir: join(folder, 'data'),
    nodes: 1,
    model: null,
    onLog: () => undefined,
  });
  browser = await openBrowser();
  page = await browser.context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(system.url);
  await page.locator('[data-lamp]', { hasText: 'LIVE' }).waitFor();
});

afterAll(async () => {
  await browser?.close();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

const SCREENS = { w: 'Wall', s: 'Sessions', a: 'Agents', t: 'Traffic', c: 'Cluster', d: 'Dead letters' };

async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

async function goTo(letter: string, name: string): Promise<void> {
  await press('g', letter);
  await page.locator('h1', { hasText: name }).waitFor({ state: 'attached' });
}

/** Goes to every screen by its two keys, and says what axe finds there. */
async function tour(state: string): Promise<string[]> {
  const found: string[] = [];
  for (const [letter, name] of Object.entries(SCREENS)) {
    await goTo(letter, name);
    await page.getByText('READING').first().waitFor({ state: 'detached' });
    found.push(...(await violationsOn(page, `${name}, ${state}`)));
    await picture(`${name.toLowerCase().replace(' ', '-')}-${state}`);
  }
  return found;
}

/** Pictures for people are kept where this variable says. */
async function picture(name: string): Promise<void> {
  const kept = process.env.OIO_PICTURES;
  if (!kept) return;
  await mkdir(kept, { recursive: true });
  await page.screenshot({ path: join(kept, `${name}.png`) });
}

test('every screen is reached by two keys, and axe finds nothing on it while it is empty', async () => {
  expect(await tour('empty')).toEqual([]);
});

test('the link past the navigation, help and palette are there for whoever has no mouse', async () => {
  await page.goto(system.url);
  await press('Tab');
  await page.locator('a:focus', { hasText: 'Skip to the screen' }).waitFor();

  await press('?');
  await page.locator('dialog[open]', { hasText: 'dead letters' }).waitFor();
  expect(await violationsOn(page, 'help')).toEqual([]);
  await press('Escape', ':');
  await page.keyboard.type('traf');
  await page
    .getByRole('option', { name: /traffic/ })
    .first()
    .waitFor();
  expect(await violationsOn(page, 'palette')).toEqual([]);
  await press('Enter');

  await page.locator('h1', { hasText: 'Traffic' }).waitFor({ state: 'attached' });
  expect(new URL(page.url()).pathname).toBe('/traffic');
});

test('a session is made and started by keyboard, its messages pass, and one is followed to its cause', async () => {
  const repository = await makeRepository(folder);
  await goTo('s', 'Sessions');
  await press('n');
  await page.locator('dialog[open] input[name=title]').waitFor();
  await page.keyboard.type('Make the tests pass and add the missing function');
  await press('Tab');
  await page.keyboard.type('Make the tests of this note store pass.');
  await press('Tab');
  await page.keyboard.type(repository);
  await press('Tab', 'Tab');
  await page.keyboard.type('crud');
  await press('Enter');
  // What was made is opened.
  await page.locator('[data-session][data-state=running]').waitFor();

  await goTo('t', 'Traffic');
  await press('/');
  await page.keyboard.type('evt.>');
  await press('Enter', 'Escape');
  await page.locator('.row[data-place^="evt:"]', { hasText: 'transitioned' }).first().waitFor();
  await press('j');
  await page.locator('#cause .rung').waitFor();
  const places = await page.locator('.tail .row').evaluateAll((rows) => rows.map((row) => row.dataset.place));
  expect(new Set(places).size).toBe(places.length);
  expect(await violationsOn(page, 'traffic with a message open')).toEqual([]);
  await picture('traffic');
  await press('c');
  await page.getByRole('heading', { name: 'Message' }).waitFor();
  await page.locator('#effects .rung').first().waitFor();
  expect(new URL(page.url()).searchParams.get('at')).toMatch(/^(data|control):\d+$/);
  await press('e');
  await page.waitForURL(/at=/);
});

test('what is passed on in an address is shown to whoever opens it: filter and message', async () => {
  const other = await browser.context.newPage();
  await press('Escape', 'j');
  await page.locator('#cause .rung').first().waitFor();
  await press('c');
  await page.getByRole('heading', { name: 'Message' }).waitFor();

  await other.goto(page.url());
  await other.getByRole('heading', { name: 'Message' }).waitFor();

  expect(await other.locator('input[aria-label="Filter of traffic"]').inputValue()).toBe('evt.>');
  await other.close();
});

test('the tail that is paused keeps receiving, and says how much is new', async () => {
  await press('Escape', 'L', ' ');
  await page.locator('.held', { hasText: 'PAUSED' }).waitFor();
  const newest = await page.locator('.row').first().getAttribute('data-place');
  const body = { title: 'Add a cache', initial_prompt: 'Do it.' };
  await buildClient({ url: system.url, fetch }).createSession({ body });
  await page.locator('.held', { hasText: /PAUSED · [1-9]/ }).waitFor();

  expect(await page.locator('.row').first().getAttribute('data-place')).toBe(newest);
  await press('L');
  await page.locator('.held').waitFor({ state: 'detached' });
});

test('axe finds nothing on any screen while a session is at work', async () => {
  expect(await tour('full')).toEqual([]);
});

test('where no WebSocket is let through, events come by an event stream', async () => {
  const other = await browser.context.newPage();
  await other.routeWebSocket('**/ws*', (socket) => socket.close({ code: 1006 }));
  await other.goto(system.url);

  await other.locator('[data-lamp]', { hasText: 'SSE' }).waitFor({ timeout: 20_000 });
  // It carries no counts: what is not known is not told as zero.
  expect(await other.locator('.strip a', { hasText: 'Events/s' }).textContent()).toBe('Events/s–');
  await other.close();
});

test('nothing of it left an error on the page', () => {
  expect(faults).toEqual([]);
});
