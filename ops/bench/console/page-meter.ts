/**
 * What a page tells of itself while it is looked at: when each frame came, tasks that blocked it, how old what it paints is.
 *
 * The recorder runs in the page, whose words this program has no types of; what it gives is summed up here, by pure code.
 */
import type { CDPSession, Page } from 'playwright-core';
import { quantile } from '../quantiles.ts';

/** All in ms but the counts. */
export interface Frames {
  readonly framesPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly longestMs: number;
  /** Share of frames that came later than two frames of a 60 Hz screen. */
  readonly lateShare: number;
  /** Tasks of more than 50 ms, and what they took over that. */
  readonly longTasks: number;
  readonly blockedMs: number;
  /** Share of the time in which the page's main thread was at work. */
  readonly busyShare: number;
  /** From publication to being painted; not a number where the page shows no tail. */
  readonly paintedP50Ms: number;
  readonly paintedP95Ms: number;
  /** What the page said of itself then: `LIVE`, `SAMPLED 1:3`, … */
  readonly lamp: string;
}

interface Recorded {
  readonly spansMs: readonly number[];
  readonly longTasksMs: readonly number[];
  /** Of each painting of the newest row: when it was published, and when it was painted. */
  readonly paintings: readonly { readonly newestMs: number; readonly atMs: number }[];
  readonly lamp: string;
}

const LATE_MS = 34;
const LONG_TASK_MS = 50;
/** Ages are told for so many moments between two paintings. */
const AGES_EACH = 8;
const DAY_MS = 86_400_000;

const START = `(() => {
  const meter = { spansMs: [], longTasksMs: [], paintings: [], isOver: false };
  window.oioMeter = meter;
  let lastMs = 0;
  const tick = (nowMs) => {
    if (meter.isOver) return;
    if (lastMs > 0) meter.spansMs.push(nowMs - lastMs);
    lastMs = nowMs;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  const tasks = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) meter.longTasksMs.push(duration);
  });
  tasks.observe({ type: 'longtask' });
  const row = document.querySelector('.tail .row');
  const seen = new MutationObserver(() => {
    const [hours, minutes, seconds] = row.firstElementChild.textContent.split(':').map(Number);
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    meter.paintings.push({ newestMs: midnight.getTime() + ((hours * 60 + minutes) * 60 + seconds) * 1000, atMs: Date.now() });
  });
  if (row) seen.observe(row.firstElementChild, { childList: true, characterData: true, subtree: true });
  meter.end = () => {
    meter.isOver = true;
    tasks.disconnect();
    seen.disconnect();
    const { spansMs, longTasksMs, paintings } = meter;
    return { spansMs, longTasksMs, paintings, lamp: document.querySelector('[data-lamp]')?.textContent ?? '' };
  };
})()`;

/** Looks at a page while `look` runs. */
export async function meter(page: Page, look: () => Promise<void>): Promise<Frames> {
  const protocol = await page.context().newCDPSession(page);
  try {
    await protocol.send('Performance.enable');
    await page.evaluate(START);
    const before = await readTaskMs(protocol);
    const beganMs = performance.now();
    await look();
    const tookMs = performance.now() - beganMs;
    const taskMs = (await readTaskMs(protocol)) - before;
    const recorded = await page.evaluate<Recorded>('window.oioMeter.end()');
    return { ...summarise(recorded), busyShare: taskMs / tookMs };
  } finally {
    await protocol.detach();
  }
}

/** What was recorded, in figures. */
export function summarise(recorded: Recorded): Omit<Frames, 'busyShare'> {
  const { spansMs, longTasksMs, paintings, lamp } = recorded;
  const shownMs = spansMs.reduce((sum, span) => sum + span, 0);
  const ages = agesOf(paintings);
  return {
    framesPerSecond: (spansMs.length * 1_000) / shownMs,
    p50Ms: quantile(spansMs, 0.5),
    p95Ms: quantile(spansMs, 0.95),
    longestMs: Math.max(0, ...spansMs),
    lateShare: spansMs.filter((span) => span > LATE_MS).length / spansMs.length,
    longTasks: longTasksMs.length,
    blockedMs: longTasksMs.reduce((sum, ms) => sum + Math.max(0, ms - LONG_TASK_MS), 0),
    paintedP50Ms: quantile(ages, 0.5),
    paintedP95Ms: quantile(ages, 0.95),
    lamp,
  };
}

/**
 * How old what was published between two paintings was at the later one. Only the newest row says when it was published;
 * the others came evenly since the newest of the painting before.
 */
function agesOf(paintings: Recorded['paintings']): number[] {
  return paintings.flatMap(({ newestMs, atMs }, at) => {
    const before = paintings[at - 1];
    if (!before || newestMs < before.newestMs || newestMs - before.newestMs > DAY_MS / 2) return [];
    const stepMs = (newestMs - before.newestMs) / AGES_EACH;
    return Array.from({ length: AGES_EACH }, (_, step) => atMs - newestMs + stepMs * (step + 0.5));
  });
}

async function readTaskMs(protocol: CDPSession): Promise<number> {
  const { metrics } = await protocol.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1_000;
}
