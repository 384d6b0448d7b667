/** One message or event whole: its headers, its body, what caused it and what it caused, each a step away. */
import { createResource, For, type JSX, Show } from 'solid-js';
import { ladderOf, placeOf } from '../data/ladder.ts';
import { type AnyFrame, isMessage } from '../data/lanes.ts';
import { readCause, readMessage } from '../data/traffic-api.ts';
import { nameOf, toTrafficRow } from '../data/traffic-row.ts';

export interface MessageInspectorProps {
  frame: AnyFrame;
  /** What passed lately, for what the log does not say. */
  passed: () => readonly AnyFrame[];
  onOpen: (frame: AnyFrame) => void;
  onClose: () => void;
}

export function MessageInspector(props: MessageInspectorProps) {
  // Of an event its cause is read: the message whose turn recorded it.
  const [detail] = createResource(
    () => props.frame,
    (frame) => (isMessage(frame) ? readMessage(frame.lane, frame.seq) : readCause(frame)).catch(() => null),
  );
  const ladder = () => ladderOf(props.frame, props.passed());
  const whole = () => (detail.loading ? null : (detail.latest ?? null));
  const causedBy = () => {
    if (isMessage(props.frame)) return whole()?.caused_by ?? ladder().causedBy;
    return whole()?.message ?? ladder().causedBy;
  };
  const caused = (): readonly AnyFrame[] => {
    const read = whole()?.caused;
    if (!isMessage(props.frame)) return [];
    return read ? [...read.messages, ...read.events] : ladder().caused;
  };
  const besides = (): readonly AnyFrame[] => {
    const read = isMessage(props.frame) ? null : whole()?.caused;
    const all = read ? [...read.messages, ...read.events] : ladder().besides;
    return all.filter((other) => placeOf(other) !== placeOf(props.frame));
  };
  const body = () => (isMessage(props.frame) ? whole()?.body : props.frame.payload.payload);
  return (
    <section class="panel inspector" aria-label="The selected message">
      <header>
        <h2>{isMessage(props.frame) ? 'Message' : 'Event'}</h2>
        <span class="clip dim">{placeOf(props.frame)}</span>
        <button type="button" class="push" onClick={() => props.onClose()}>
          Close
        </button>
      </header>
      <div class="body">
        <Rungs
          name="Caused by"
          id="cause"
          frames={causedBy() ? [causedBy() as AnyFrame] : []}
          onOpen={props.onOpen}
        >
          <Show when={!detail.loading} fallback="reading …">
            {props.frame.payload.cause === null
              ? 'nothing: it came from outside'
              : `${props.frame.payload.cause}, which is no longer in the log`}
          </Show>
        </Rungs>
        <Show when={isMessage(props.frame)}>
          <Rungs name="Caused" id="effects" frames={caused()} onOpen={props.onOpen}>
            nothing that was heard
          </Rungs>
        </Show>
        <h3 class="legend">Headers</h3>
        <dl class="headers">
          <For each={headersOf(props.frame, isMessage(props.frame) ? (whole()?.headers ?? {}) : {})}>
            {([name, value]) => (
              <div>
                <dt>{name}</dt>
                <dd title={value}>{value}</dd>
              </div>
            )}
          </For>
        </dl>
        <h3 class="legend">Body</h3>
        <pre>
          <Show when={body()} fallback={detail.loading ? 'reading …' : 'no longer in the log'}>
            {JSON.stringify(body(), null, 2)}
          </Show>
        </pre>
        <Show when={besides().length > 0}>
          <Rungs name="Of the same turn" id="besides" frames={besides()} onOpen={props.onOpen}>
            nothing
          </Rungs>
        </Show>
        <p class="dim rung-note">{ladder().ofRoot} in the tail go back to the same first message.</p>
      </div>
    </section>
  );
}

interface RungsProps {
  name: string;
  id: string;
  frames: readonly AnyFrame[];
  onOpen: (frame: AnyFrame) => void;
  /** Where there are none. */
  children: JSX.Element;
}

function Rungs(props: RungsProps) {
  return (
    <div class="rungs" id={props.id}>
      <h3 class="legend">
        {props.name} <Show when={props.frames.length > 1}>{props.frames.length}</Show>
      </h3>
      <Show when={props.frames.length > 0} fallback={<p class="dim">{props.children}</p>}>
        <ul>
          <For each={props.frames}>
            {(frame) => {
              const row = toTrafficRow(frame);
              return (
                <li>
                  <button type="button" class="rung" onClick={() => props.onOpen(frame)}>
                    <span class="dim">{row.time}</span>
                    <span class={row.lane === 'evt' ? 'dim' : 'stream'}>{row.lane}</span>
                    <span class="clip">
                      {row.kind} · <b>{row.name}</b> <span class="dim">{row.words}</span>
                    </span>
                  </button>
                </li>
              );
            }}
          </For>
        </ul>
      </Show>
    </div>
  );
}

function headersOf(
  frame: AnyFrame,
  others: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  const { payload } = frame;
  const own: [string, string | null][] = isMessage(frame)
    ? [
        ['to', frame.payload.to],
        ['by', frame.payload.by === null ? null : nameOf(frame.payload.by)],
        ['source', frame.payload.source],
        ['partition', String(frame.payload.partition)],
        ['bytes', String(frame.payload.bytes)],
      ]
    : [
        ['address', frame.payload.address],
        ['version', String(frame.payload.version)],
      ];
  const all: [string, string | null][] = [
    ['subject', frame.subject],
    ['time', frame.timestamp],
    ['seq', String(frame.seq)],
    ['id', payload.id],
    ...own,
    ['cause', payload.cause],
    ['root', payload.root],
    ...Object.entries(others).filter(([name]) => !own.some(([known]) => known === name)),
  ];
  return all.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
}
