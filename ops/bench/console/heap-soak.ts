/**
 * Whether a page keeps what it should let go of: its heap, nodes and listeners over time, and after many changes of screen.
 *
 * Each reading is taken after the garbage was collected. The slope is told per hour of 5,000 events a second: four times
 * as many a second make a quarter of an hour of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { median } from '../quantiles.ts';
import type { Finding } from './gates.ts';

export interface Reading {
  readonly atMinutes: number;
  readonly heapMb: number;
  readonly nodes: number;
  readonly listeners: number;
}

export interface SoakOptions {
  readonly page: Page;
  readonly minutes: number;
  /** Events a second meanwhile. */
  readonly perSecond: number;
  readonly onReading: (reading: Reading) => void;
}

const HEAP_MB_MAX = 80;
const SLOPE_MB_MAX = 1;
const MOVED_PERCENT_MAX = 2;
const REFERENCE_PER_SECOND = 5_000;
const READINGS = 30;
/** Until then windows fill that are bounded by time; of a short soak, a third of it. */
const FILLED_MINUTES = 3;
const MB = 1_000_000;
const SCREEN_KEYS = ['s', 'a', 't', 'c', 'd', 'w'] as const;

export async function soak({ page, minutes, perSecond, onReading }: SoakOptions): Promise<Finding[]> {
  const beganMs = performance.now();
  const readings: Reading[] = [];
  for (let at = 0; at <= READINGS; at++) {
    const dueMs = beganMs + (at / READINGS) * minutes * 60_000;
    await sleep(Math.max(0, dueMs - performance.now()));
    const reading = await read(page, (performance.now() - beganMs) / 60_000);
    onReading(reading);
    readings.push(reading);
  }
  return judgeSoak(readings, perSecond);
}

/** Goes through the screens so many times, by their keys, and reads before and after at the same one. */
export async function changeScreens(page: Page, changes: number): Promise<Finding[]> {
  // Twice before it: a screen is loaded when it is first gone to, and stays.
  await walk(page, 2 * SCREEN_KEYS.length);
  const before = await read(page, 0);
  await walk(page, Math.ceil(changes / SCREEN_KEYS.length) * SCREEN_KEYS.length);
  const after = await read(page, 0);
  return compare(`${changes} changes of screen`, before, after);
}

/** Readings in the order of their time. */
export function judgeSoak(readings: readonly Reading[], perSecond: number): Finding[] {
  const lastMinute = readings.at(-1)?.atMinutes ?? 0;
  const filled = readings.filter(({ atMinutes }) => atMinutes >= Math.min(FILLED_MINUTES, lastMinute / 3));
  const [first, last] = [filled[0], filled.at(-1)];
  if (!first || !last) return [];
  const hours = perSecond / REFERENCE_PER_SECOND;
  const scene = `soak, ${lastMinute.toFixed(0)} min at ${perSecond.toLocaleString('en')}/s`;
  const slope = (60 * slopeOf(filled)) / hours;
  return [
    { scene, gate: { name: 'heap', unit: 'MB', atMost: HEAP_MB_MAX }, value: last.heapMb, empty: Number.NaN },
    {
      ...{ scene, value: slope, empty: Number.NaN },
      gate: { name: 'heap, an hour at 5,000/s adds', unit: 'MB', atMost: SLOPE_MB_MAX },
    },
    ...compare(scene, first, last),
  ];
}

/**
 * In MB a minute: the median of the slopes between any two readings. By least squares one reading that caught a batch on its
 * way, and such come, would say that megabytes are kept.
 */
function slopeOf(readings: readonly Reading[]): number {
  const slopes = readings.flatMap((before, at) =>
    readings
      .slice(at + 1)
      .map((after) => (after.heapMb - before.heapMb) / (after.atMinutes - before.atMinutes)),
  );
  return median(slopes);
}

function compare(scene: string, before: Reading, after: Reading): Finding[] {
  return (['nodes', 'listeners'] as const).map((name) => ({
    scene,
    gate: { name: `${name} moved`, unit: '%', atMost: MOVED_PERCENT_MAX },
    value: (100 * Math.abs(after[name] - before[name])) / before[name],
    empty: Number.NaN,
  }));
}

async function walk(page: Page, changes: number): Promise<void> {
  for (let at = 0; at < changes; at++) {
    const key = SCREEN_KEYS[at % SCREEN_KEYS.length] ?? 'w';
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await page.locator('h1').waitFor({ state: 'attached' });
    // As long as a person would look at least: what a screen asks for comes, and is shown.
    await sleep(150);
  }
  await sleep(2_000);
}

async function read(page: Page, atMinutes: number): Promise<Reading> {
  const protocol = await page.context().newCDPSession(page);
  try {
    await protocol.send('Performance.enable');
    // What the first collection lets go of may hold more.
    await protocol.send('HeapProfiler.collectGarbage');
    await protocol.send('HeapProfiler.collectGarbage');
    const { metrics } = await protocol.send('Performance.getMetrics');
    const of = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
    return {
      atMinutes,
      heapMb: of('JSHeapUsedSize') / MB,
      nodes: of('Nodes'),
      listeners: of('JSEventListeners'),
    };
  } finally {
    await protocol.detach();
  }
}
