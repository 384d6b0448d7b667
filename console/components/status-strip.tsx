import { For } from 'solid-js';
import type { SessionState } from '#protocols/session.ts';
import type { ConsoleData } from '../data/create-console.ts';
import type { Line } from '../data/live-events.ts';
import type { Tone } from '../data/state-words.ts';

const LAMP = {
  connecting: { word: 'CONNECTING', tone: 'wait' },
  live: { word: 'LIVE', tone: 'run' },
  reconnecting: { word: 'RECONNECTING', tone: 'warn' },
  offline: { word: 'OFFLINE', tone: 'fail' },
} as const satisfies Record<Line['state'], { word: string; tone: Tone }>;

const AT_WORK: readonly SessionState[] = ['running', 'degraded'];
const WAITING: readonly SessionState[] = ['pending', 'queued', 'paused'];
const DONE: readonly SessionState[] = ['completed', 'partially_completed'];
const FAILED: readonly SessionState[] = ['failed', 'timeout', 'orphaned'];

/** The readings on top: is it well, is it busy, does anybody work. */
export function StatusStrip(props: { data: ConsoleData }) {
  const count = (states: readonly SessionState[]) =>
    props.data.sessions.items.filter((session) => states.includes(session.state)).length;
  const present = () => props.data.agents.items.filter((agent) => agent.status !== 'offline');
  const slots = (of: 'running' | 'capacity') => present().reduce((sum, agent) => sum + agent.load[of], 0);
  const rates = () => props.data.tail.rates();
  const peak = () => Math.max(1, ...rates());
  return (
    <div class="strip">
      <div class="cell brand" title="OpenCode Industrial Orchestrator">
        OIO
      </div>
      <div class="cell">
        <span class="legend">Line</span>
        <span class={`lamp ${LAMP[props.data.line().state].tone}`} role="status" data-lamp>
          {LAMP[props.data.line().state].word}
        </span>
      </div>
      <div class="cell">
        <span class="legend">Sessions</span>
        <span class="figure">
          <span class="run">
            {count(AT_WORK)} <small>run</small>
          </span>
          <span class="wait">
            {count(WAITING)} <small>wait</small>
          </span>
          <span class="done">
            {count(DONE)} <small>done</small>
          </span>
          <span class={count(FAILED) > 0 ? 'fail' : 'dim'}>
            {count(FAILED)} <small>fail</small>
          </span>
        </span>
      </div>
      <div class="cell">
        <span class="legend">Agents · busy slots</span>
        <span class="figure">
          <span class={present().length > 0 ? '' : 'warn'}>{present().length}</span>
          <span>
            {slots('running')}
            <span class="dim">/{slots('capacity')}</span>
          </span>
        </span>
      </div>
      <div class="cell wide">
        <span class="legend">Events · last minute · {rates().at(-2) ?? 0}/s</span>
        <span class="rate" aria-hidden="true">
          <For each={rates()}>
            {(rate) => <i class={rate > 0 ? 'some' : ''} style={{ height: `${(rate / peak()) * 100}%` }} />}
          </For>
        </span>
      </div>
      <div class="cell clock">
        <span class="legend">UTC</span>
        <time class="figure">{new Date(props.data.nowSeconds() * 1_000).toISOString().slice(11, 19)}</time>
      </div>
    </div>
  );
}
