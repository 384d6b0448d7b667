/**
 * What a session tells its tasks, a bounded part of it in a turn. Pure.
 *
 * W1. A task hears its words in the order in which they were told.
 * W2. A turn sends at most TOLD_PER_TURN_MAX of them. What is left is in the state, and the session tells itself to go on
 *     until nothing is: nothing is lost, whatever comes between.
 * W3. A word that makes earlier ones pointless takes their place, so what waits is a few words a task at most.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { type Effect, emit, send } from '#protocols/effects.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Session, SessionMessage, TaskSummary, TaskWord, Untold } from '#protocols/session.ts';
import { type Step, withEffects } from '../turn.ts';
import { makeBranchReader } from './graph.ts';

export const TOLD_PER_TURN_MAX = 250;
export const SKIPPED_REASON = 'a task that it depends on did not succeed';

const NEWS_OF_WORK: readonly TaskWord[] = ['ready', 'hold', 'unhold', 'finish'];

/** Which words that are still untold a word takes the place of. A new run begins with none. */
const VOIDS = {
  ready: [],
  finish: [],
  skip: NEWS_OF_WORK,
  cancel: NEWS_OF_WORK,
  hold: ['hold', 'unhold'],
  unhold: ['hold', 'unhold'],
  restart: [],
  undo: [],
  redo: [],
} as const satisfies Record<TaskWord, readonly TaskWord[]>;

/** Tells the tasks at these places something, now or as soon as those before them have heard. */
export function tell(step: Step<Session>, word: TaskWord, at: readonly number[]): Step<Session> {
  if (at.length === 0) return step;
  const told = new Set(at);
  const voided: readonly TaskWord[] = VOIDS[word];
  const kept = step.state.untold.flatMap((one) => {
    if (!voided.includes(one.word)) return [one];
    const rest = one.at.filter((place) => !told.has(place));
    return rest.length === 0 ? [] : [{ ...one, at: rest }];
  });
  return { ...step, state: { ...step.state, untold: [...kept, { word, at: [...at] }] } };
}

/** Ends a turn: sends what is told, as much of it as a turn may. */
export function sendWords(
  before: Session | null,
  { turn, message }: { readonly turn: Turn<Session>; readonly message: SessionMessage },
  context: TurnContext,
): Turn<Session> {
  const { state } = turn;
  if (!state || state.untold.length === 0) return turn;
  const { now, rest } = part(state.untold);
  const told = withEffects({ ...turn, state: { ...state, untold: rest } }, ...wordsFor(state, now));
  if (rest.length === 0) return told;
  // One chain is enough: it is under way where something was left before, and its own turns carry it on.
  const isUnderWay = before !== null && before.untold.length > 0 && message.type !== 'go_on';
  return isUnderWay ? told : withEffects(told, send(context.self, { type: 'go_on' }));
}

function part(untold: readonly Untold[]): { now: Untold[]; rest: Untold[] } {
  const now: Untold[] = [];
  const rest: Untold[] = [];
  let left = TOLD_PER_TURN_MAX;
  for (const { word, at } of untold) {
    if (left > 0) now.push({ word, at: at.slice(0, left) });
    if (at.length > left) rest.push({ word, at: at.slice(left) });
    left = Math.max(0, left - at.length);
  }
  return { now, rest };
}

function wordsFor(session: Session, words: readonly Untold[]): Effect[] {
  const readBranches = makeBranchReader(session);
  return words.flatMap(({ word, at }) =>
    at.flatMap((place) => {
      const task = session.tasks[place];
      if (!task) return [];
      const message = messageOf(session, word, () => readBranches(place));
      const sent = send({ type: 'task', tenant: session.tenant_id, id: task.id }, message);
      return [sent, ...eventOf(session, { ...task, word })];
    }),
  );
}

function messageOf(session: Session, word: TaskWord, readBranches: () => string[]): Message {
  const { run, state, state_reason } = session;
  switch (word) {
    case 'ready':
      return { type: 'make_ready', merge: readBranches() };
    case 'skip':
      return { type: 'skip', reason: SKIPPED_REASON };
    case 'cancel':
      return { type: 'cancel', reason: `the session is ${state}: ${state_reason}`, run };
    case 'hold':
      return { type: 'hold', run, reason: state_reason ?? state };
    case 'unhold':
      return { type: 'unhold', run };
    case 'restart':
      return { type: 'restart', run, from: 'unfinished' };
    case 'undo':
      return { type: 'restart', run, from: 'anew' };
    case 'redo':
      return { type: 'restart', run, from: 'completed' };
    case 'finish':
      return { type: 'may_finish', run };
  }
}

/** What the session decided of a task is an event when it is told; all else the task reports itself. */
function eventOf({ run }: Session, task: TaskSummary & { readonly word: TaskWord }): Effect[] {
  if (task.word === 'ready') return [taskChanged({ ...task, state: 'ready' }, { run, reason: null })];
  if (task.word === 'skip')
    return [taskChanged({ ...task, state: 'skipped' }, { run, reason: SKIPPED_REASON })];
  return [];
}

export function taskChanged(
  { id, title, state, attempt, agent_id, error, usage }: TaskSummary,
  { run, reason }: { readonly run: number; readonly reason: string | null },
): Effect {
  return emit('task_changed', { task_id: id, title, state, attempt, agent_id, reason, error, usage, run });
}
