/** Is it healthy now? The events of the last minute, six charts of the last ten, and what is in trouble. */
import { A } from '@solidjs/router';
import { For, Show } from 'solid-js';
import { Chart } from '../components/chart.tsx';
import { HeatStrip } from '../components/heat-strip.tsx';
import { Panel } from '../components/panel.tsx';
import { Screen } from '../components/screen.tsx';
import type { SeriesName } from '../data/create-readings.ts';
import { shortCost, shortCount } from '../data/figures.ts';
import { findTroubles } from '../data/troubles.ts';
import { useConsole } from '../data/use-console.ts';
import '../styles/wall.css';

interface ChartPlan {
  readonly name: string;
  readonly lines: readonly { name: string; series: SeriesName; ink: string; isDashed?: true }[];
  readonly figure?: (value: number) => string;
}

const CHARTS: readonly ChartPlan[] = [
  { name: 'Events a second', lines: [{ name: 'events', series: 'events', ink: 'stream' }] },
  { name: 'Messages waiting', lines: [{ name: 'waiting', series: 'waiting', ink: 'warn' }] },
  {
    name: 'Sessions',
    lines: [
      { name: 'at work', series: 'atWork', ink: 'run' },
      { name: 'in line', series: 'inLine', ink: 'wait', isDashed: true },
    ],
  },
  {
    name: 'Tasks',
    lines: [
      { name: 'in work', series: 'tasksInWork', ink: 'run' },
      { name: 'ready', series: 'tasksReady', ink: 'wait', isDashed: true },
      { name: 'blocked', series: 'tasksBlocked', ink: 'warn', isDashed: true },
    ],
  },
  {
    name: "Agents' slots",
    lines: [
      { name: 'busy', series: 'slotsBusy', ink: 'run' },
      { name: 'there are', series: 'slots', ink: 'dim', isDashed: true },
    ],
  },
  {
    name: 'Spend an hour',
    lines: [{ name: 'newest 100 sessions', series: 'spend', ink: 'stream' }],
    figure: shortCost,
  },
];

export function Wall() {
  const { lanes, readings } = useConsole();
  const rates = lanes.events;
  const peak = () => (lanes.isCounted() ? `${Math.max(0, ...rates())}/s` : '– (nothing is counted now)');
  const label = () => `Events a second over the last minute: at most ${peak()}`;
  return (
    <Screen name="Wall">
      <section class="heat-panel" aria-label="Events of the last minute">
        <span class="legend">Events · last minute · peak {peak()}</span>
        <HeatStrip values={lanes.isCounted() ? rates() : []} label={label()} />
      </section>
      <div class="charts">
        <For each={CHARTS}>
          {(chart) => (
            <Chart
              name={chart.name}
              lines={chart.lines.map(({ series, ...line }) => ({
                ...line,
                values: () => readings.pulse.series(series),
              }))}
              times={() => readings.pulse.times}
              beat={readings.beat()}
              figure={chart.figure ?? shortCount}
            />
          )}
        </For>
      </div>
      <Troubles />
    </Screen>
  );
}

function Troubles() {
  const { sessions, agents, readings } = useConsole();
  const troubles = () =>
    findTroubles({
      sessions: sessions.items,
      agents: agents.items,
      cluster: readings.cluster(),
      deadLetters: readings.deadLetters(),
    });
  const isKnown = () => sessions.phase().state !== 'loading' && agents.phase().state !== 'loading';
  return (
    <Panel name="Trouble" note={isKnown() ? String(troubles().length) : '–'}>
      <Show when={isKnown()} fallback={<p class="notice">READING SESSIONS AND AGENTS …</p>}>
        <Show when={troubles().length === 0}>
          <p class="notice">
            <strong>NO TROUBLE</strong>
            Of the newest 100 sessions none failed or is degraded; every agent is there, every partition has
            an owner, no dead letter is open.
          </p>
        </Show>
        <ul class="troubles">
          <For each={troubles()}>
            {(trouble) => (
              <li>
                <span class={trouble.tone}>{trouble.word}</span>
                <A class="clip" href={trouble.path}>
                  {trouble.name}
                </A>
                <span class="dim clip">{trouble.detail}</span>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </Panel>
  );
}
