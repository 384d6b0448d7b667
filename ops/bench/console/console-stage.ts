/** What the console's gates are measured on: the whole system, a publisher beside it, a real Chromium. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { openDataFolder } from '#ops/dev/data-folder.ts';
import { buildLogStream } from '#ops/dev/log-stream.ts';
import { freePort } from '#ops/dev/ports.ts';
import { startSystem } from '#ops/dev/system.ts';
import { openBrowser } from '#ops/e2e/browser.ts';

/** Of the reference that the targets are set for. */
const VIEWPORT = { width: 1_280, height: 1_050 };

export interface ConsoleStage {
  readonly url: string;
  readonly page: Page;
  publish(perSecond: number): void;
  stop(): Promise<void>;
}

/** Starts all of it, the page empty; stop() leaves nothing behind. */
export async function startConsoleStage(): Promise<ConsoleStage> {
  const ends: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const path = await mkdtemp(join(tmpdir(), 'oio-console-gates-'));
    ends.push(() => rm(path, { recursive: true, force: true }));
    const folder = await openDataFolder(join(path, 'data'), 'bench:console');
    ends.push(() => folder.release());
    const logs = buildLogStream({
      level: 'error',
      isPretty: false,
      write: (line) => void process.stderr.write(line),
    });
    const place = { host: '127.0.0.1', port: await freePort() };
    const signal = new AbortController().signal;
    const system = await startSystem({ folder, logs, ...place, nodes: 1, hasAgent: false, signal });
    ends.push(() => system.stop());
    const publisher = await startPublisher(system.natsUrl);
    ends.push(() => publisher.disconnect());
    const browser = await openBrowser();
    ends.push(() => browser.close());
    const page = await browser.context.newPage();
    await page.setViewportSize(VIEWPORT);
    return { url: system.url, page, publish: (perSecond) => void publisher.send(perSecond), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startPublisher(natsUrl: string): Promise<ChildProcess> {
  const publisher = fork(fileURLToPath(new URL('publisher-main.ts', import.meta.url)), [natsUrl]);
  await once(publisher, 'message');
  return publisher;
}
