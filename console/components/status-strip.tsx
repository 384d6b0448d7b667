import { A } from '@solidjs/router';
import { type JSX, Show } from 'solid-js';
import { logOut } from '../data/access-api.ts';
import { me } from '../data/create-access.ts';
import type { ConsoleData } from '../data/create-console.ts';
import { shortCost, shortCount } from '../data/figures.ts';
import type { Tone } from '../data/state-words.ts';

/** The twelve readings on top: can it be trusted, is it well, is it busy, what does it cost. */
export function StatusStrip(props: { data: ConsoleData }) {
  const readings = () => props.data.readings;
  const rate = () => (props.data.lanes.isCounted() ? props.data.lanes.events().at(-1) : null);
  return (
    <div class="strip">
      <div class="cell brand" title="OpenCode Industrial Orchestrator">
        OIO
      </div>
      <div class="cell" title={props.data.lamp().means}>
        <span class="legend">Line</span>
        <span class={`lamp ${props.data.lamp().tone}`} role="status" data-lamp>
          {props.data.lamp().word}
        </span>
      </div>
      <Cell name="Events/s" path="/traffic" value={figureOf(rate())} />
      <ClusterCells data={props.data} />
      <Cell
        name="Waiting"
        path="/cluster"
        means="Messages that wait in the partitions' logs"
        value={figureOf(readings().cluster()?.waiting)}
      />
      <Cell
        name="Dead letters"
        path="/dead-letters"
        value={figureOf(readings().deadLetters())}
        tone={(readings().deadLetters() ?? 0) > 0 ? 'fail' : undefined}
      />
      <Cell
        name="Locks"
        path="/cluster"
        means="Held, and how many of them somebody waits for"
        value={figureOf(readings().locks()?.held)}
        of={(readings().locks()?.waiting ?? 0) > 0 ? `${readings().locks()?.waiting} awaited` : undefined}
      />
      <AgentCell data={props.data} />
      <Cell
        name="At work"
        path="/sessions?state=running"
        means="Sessions at work, and those in line"
        value={figureOf(readings().sessions()?.atWork)}
        tone={(readings().sessions()?.atWork ?? 0) > 0 ? 'run' : undefined}
        of={`+${figureOf(readings().sessions()?.inLine)} in line`}
      />
      <Cell
        name="Failed"
        path="/sessions?state=failed"
        means="Sessions that failed, ran out of time or lost their owner"
        value={figureOf(readings().sessions()?.failed)}
        tone={(readings().sessions()?.failed ?? 0) > 0 ? 'fail' : undefined}
      />
      <Cell
        name="Spend/h"
        path="/"
        means="Of the newest 100 sessions, as seen in the last ten minutes or since this page was opened"
        value={readings().spend() === null ? '–' : shortCost(readings().spend() ?? 0)}
      />
      <Show when={me()?.auth === 'keys'}>
        <div class="cell" title={`${me()?.by}, ${me()?.standing}`}>
          <span class="legend">{me()?.standing}</span>
          <span class="figure">
            <small>{me()?.user}</small>{' '}
            <button type="button" onClick={() => void logOut()}>
              log out
            </button>
          </span>
        </div>
      </Show>
      <div class="cell clock">
        <span class="legend">UTC</span>
        <time class="figure">{new Date(props.data.nowSeconds() * 1_000).toISOString().slice(11, 19)}</time>
      </div>
    </div>
  );
}

function ClusterCells(props: { data: ConsoleData }) {
  const cluster = () => props.data.readings.cluster();
  const isUnowned = () => (cluster()?.owned ?? 0) < (cluster()?.partitions ?? 0);
  return (
    <>
      <Cell
        name="Nodes"
        path="/cluster"
        value={figureOf(cluster()?.nodes)}
        tone={cluster()?.nodes === 0 ? 'fail' : undefined}
      />
      <Cell
        name="Partitions"
        path="/cluster"
        means="That have an owner, of all"
        value={figureOf(cluster()?.owned)}
        of={`/${figureOf(cluster()?.partitions)}`}
        tone={isUnowned() ? 'warn' : undefined}
      />
    </>
  );
}

function AgentCell(props: { data: ConsoleData }) {
  const present = () => props.data.agents.items.filter(({ status }) => status !== 'offline');
  const slots = (of: 'running' | 'capacity') => present().reduce((sum, { load }) => sum + load[of], 0);
  const isKnown = () => props.data.agents.phase().state !== 'loading';
  return (
    <Cell
      name="Agents"
      path="/agents"
      means="That are there, and their busy slots"
      value={isKnown() ? String(present().length) : '–'}
      of={`${slots('running')}/${slots('capacity')} slots`}
      tone={isKnown() && present().length === 0 ? 'warn' : undefined}
    />
  );
}

interface CellProps {
  name: string;
  path: string;
  value: JSX.Element;
  of?: string | undefined;
  means?: string;
  tone?: Tone | undefined;
}

/** A reading that leads to its screen. */
function Cell(props: CellProps) {
  return (
    <A class="cell" href={props.path} title={props.means} activeClass="" inactiveClass="">
      <span class="legend">{props.name}</span>
      <span class={`figure ${props.tone ?? ''}`}>
        {props.value}
        <Show when={props.of}>
          {' '}
          <small class="dim">{props.of}</small>
        </Show>
      </span>
    </A>
  );
}

/** What is not known is not zero. */
function figureOf(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : shortCount(value);
}
