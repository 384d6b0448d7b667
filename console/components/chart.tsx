/**
 * Lines over time on a canvas: the one file that knows uPlot. It is drawn anew when `beat` changes; the arrays are given
 * as they are. Beside the picture stands the newest figure of each line in words, for those who do not see it.
 */
import { createEffect, For, on, onCleanup, onMount } from 'solid-js';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { inkOf, whenInkChanges } from '../data/ink.ts';

export interface ChartLine {
  readonly name: string;
  /** Name of a colour token: `run`, `wait`, `stream` … */
  readonly ink: string;
  readonly values: () => (number | null)[];
  readonly isDashed?: boolean;
}

export interface ChartProps {
  name: string;
  lines: readonly ChartLine[];
  times: () => Float64Array;
  beat: number;
  /** The newest value in words. */
  figure: (value: number) => string;
}

/** All charts of a page show the same moment under the pointer. */
const SYNC = 'wall';
const HEIGHT_MIN_PX = 60;
const SPAN_MIN_SECONDS = 120;

export function Chart(props: ChartProps) {
  let frame: HTMLDivElement | undefined;
  let plot: uPlot | undefined;
  const data = () => [props.times(), ...props.lines.map((line) => line.values())] as uPlot.AlignedData;
  const draw = () => {
    if (!frame) return;
    plot?.destroy();
    plot = new uPlot(optionsOf(props, frame), data(), frame);
  };
  onMount(() => {
    draw();
    const observer = new ResizeObserver(() => {
      if (frame) plot?.setSize(sizeOf(frame));
    });
    if (frame) observer.observe(frame);
    const stop = whenInkChanges(draw);
    onCleanup(() => {
      observer.disconnect();
      stop();
      plot?.destroy();
    });
  });
  createEffect(
    on(
      () => props.beat,
      () => plot?.setData(data()),
      { defer: true },
    ),
  );
  const latest = (line: ChartLine) => {
    void props.beat;
    const value = line.values().findLast((one) => one !== null) ?? null;
    return value === null ? '–' : props.figure(value);
  };
  return (
    <section class="chart" aria-label={props.name}>
      <header>
        <h2>{props.name}</h2>
        <For each={props.lines}>
          {(line) => (
            <span class={line.ink}>
              <i aria-hidden="true" class={line.isDashed ? 'dashed' : ''} />
              {line.name} <b>{latest(line)}</b>
            </span>
          )}
        </For>
      </header>
      <div ref={frame} class="plot" aria-hidden="true" />
    </section>
  );
}

function sizeOf(frame: HTMLElement): { width: number; height: number } {
  return { width: Math.max(1, frame.clientWidth), height: Math.max(HEIGHT_MIN_PX, frame.clientHeight) };
}

function optionsOf(props: ChartProps, frame: HTMLElement): uPlot.Options {
  const axis = {
    stroke: inkOf('dim'),
    grid: { stroke: inkOf('rule'), width: 1 },
    ticks: { show: false },
    font: `10px ${getComputedStyle(frame).fontFamily}`,
  };
  return {
    ...sizeOf(frame),
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: SYNC }, points: { size: 5 }, drag: { setScale: false } },
    // Never less than from 0 to 1: a line of nothing lies on the ground, and noise does not look like a mountain.
    scales: {
      // Before the page was opened nothing is known: the window grows with it, from two minutes on.
      x: {
        range: (plot, min, max) => [Math.max(min, Math.min(firstKnown(plot), max - SPAN_MIN_SECONDS)), max],
      },
      y: { range: (_plot, _min, max) => [0, Math.max(1, (max ?? 0) * 1.1)] },
    },
    axes: [
      { ...axis, size: 22, space: 80, values: (_plot, splits) => splits.map(clockOf) },
      { ...axis, size: 44, space: 24 },
    ],
    series: [
      {},
      ...props.lines.map((line) => ({
        stroke: inkOf(line.ink),
        width: 1.25,
        points: { show: false },
        spanGaps: false,
        ...(line.isDashed && { dash: [4, 3] }),
      })),
    ],
  };
}

function firstKnown(plot: uPlot): number {
  const [times, ...lines] = plot.data;
  const at = Math.min(
    ...lines.map((values) => {
      const found = [...values].findIndex((value) => value !== null);
      return found === -1 ? values.length - 1 : found;
    }),
  );
  return times[at] ?? 0;
}

function clockOf(second: number): string {
  return new Date(second * 1_000).toISOString().slice(11, 19);
}
