/**
 * A person's word on a request. Pure.
 *
 * P1. The first word decides; a later one is refused, with what was decided, and kept as an event.
 * P2. `allow_always` and `reject_always` become rules of the session.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { InputAsk, PermissionAsk, PermissionOption, TaskRequest } from '#protocols/approval.ts';
import { emit, reply, send } from '#protocols/effects.ts';
import type { Failure, Fault } from '#protocols/failure.ts';
import type { PermissionRule } from '#protocols/permission-rules.ts';
import type { Task, TaskMessage } from '#protocols/task.ts';
import { beginWith, refused, type Step, withEffects } from '../turn.ts';
import { addressOfSession } from './change.ts';
import { type Ending, endingBy, settle } from './settle.ts';

type Decide = Extract<TaskMessage, { type: 'decide' }>;

const REJECT = 'reject';
const RULE_CHARS_MAX = 500;

export function decide(task: Task, message: Decide, context: TurnContext): Turn<Task> {
  const request = task.requests.find(({ id }) => id === message.approval_id);
  if (!request) {
    const detail = `This task knows no request ${message.approval_id}, or no longer.`;
    return refused(task, { code: 'APPROVAL_NOT_FOUND', detail });
  }
  if (request.state === 'judging') {
    const detail = 'The rules are asked first; a moment.';
    return refused(task, { code: 'NOT_READY', detail, retry_after_seconds: 1 });
  }
  if (request.state !== 'pending' || !request.ask) return refuseLate(task, { request, message }, context);
  const word = wordOn(request, message, context.by);
  if ('failure' in word) return refused(task, word.failure);
  const step = word.rules.length === 0 ? beginWith(task) : tellRules(task, word.rules, context);
  const settled = settle(step, word.ending, context);
  const answer = { approval_id: request.id, task_id: task.id, state: word.ending.state };
  return withEffects(settled, reply(answer));
}

interface Word {
  readonly ending: Ending;
  readonly rules: readonly PermissionRule[];
}

function wordOn(request: TaskRequest, message: Decide, by: string): Word | { readonly failure: Failure } {
  const { ask } = request;
  const reason = message.reason ?? null;
  if (ask?.kind === 'input') {
    const faults = message.option === undefined ? faultsOf(ask, message.answers) : refusalFaults(message);
    if (faults.length > 0) return { failure: invalid('This does not answer the questions.', faults) };
    if (message.answers === undefined)
      return { ending: endingBy(request, { state: 'rejected', by, reason }), rules: [] };
    const decision = { by, reason, option_id: null, answers: message.answers };
    return { ending: { request, state: 'answered', decision }, rules: [] };
  }
  const option = ask ? optionOf(ask, message.option) : undefined;
  if (!ask || !option || message.answers !== undefined) {
    const offered = ask?.options.map(({ option_id, kind }) => `${option_id} (${kind})`).join(', ');
    const fault = { path: message.answers ? 'answers' : 'option', message: `one of: ${offered}` };
    return { failure: invalid('No such option was offered.', [fault]) };
  }
  const state = option.kind.startsWith('allow') ? 'approved' : 'rejected';
  const decision = { by, reason, option_id: option.option_id, answers: null };
  return { ending: { request, state, decision }, rules: rulesOf(ask, option) };
}

/** By id, by kind, or the plain word for no. */
function optionOf({ options }: PermissionAsk, wanted: string | undefined): PermissionOption | undefined {
  const named = options.find((one) => one.option_id === wanted) ?? options.find((one) => one.kind === wanted);
  return named ?? (wanted === REJECT ? options.find((one) => one.kind === 'reject_once') : undefined);
}

function rulesOf(ask: PermissionAsk, { kind }: PermissionOption): PermissionRule[] {
  if (kind !== 'allow_always' && kind !== 'reject_always') return [];
  const action = kind === 'allow_always' ? 'allow' : 'deny';
  const { permission, always, patterns } = ask;
  // A long one cannot be kept as a rule; it is asked for again.
  const usable = (always.length > 0 ? always : patterns).filter((one) => one.length <= RULE_CHARS_MAX);
  return usable.map((pattern) => ({ permission, pattern, action }));
}

function faultsOf({ questions }: InputAsk, answers: Decide['answers']): Fault[] {
  if (answers === undefined) return [{ path: 'answers', message: 'one list for each question' }];
  if (answers.length !== questions.length) {
    return [{ path: 'answers', message: `one list for each of ${questions.length} questions` }];
  }
  return questions.flatMap(({ multiple, custom, options }, at) => {
    const given = answers[at] ?? [];
    const path = `answers.${at}`;
    if (given.length === 0) return [{ path, message: 'has no answer' }];
    if (given.length > 1 && !multiple) return [{ path, message: 'takes one answer' }];
    const labels = options.map(({ label }) => label);
    const isOffered = custom || options.length === 0 || given.every((one) => labels.includes(one));
    return isOffered ? [] : [{ path, message: `one of: ${labels.join(', ')}` }];
  });
}

function refusalFaults({ option, answers }: Decide): Fault[] {
  if (answers !== undefined) return [{ path: 'option', message: 'answers, or reject: not both' }];
  return option === REJECT || option === 'reject_once'
    ? []
    : [{ path: 'option', message: `a question is answered, or told ${REJECT}` }];
}

function invalid(detail: string, errors: Fault[]): Failure {
  return { code: 'VALIDATION_FAILED', detail, errors };
}

function tellRules(task: Task, rules: readonly PermissionRule[], context: TurnContext): Step<Task> {
  const message = { type: 'add_rules', run: task.brief.run, rules, by: context.by };
  return withEffects(beginWith(task), send(addressOfSession(task), message));
}

function refuseLate(
  task: Task,
  { request, message }: { readonly request: TaskRequest; readonly message: Decide },
  context: TurnContext,
): Turn<Task> {
  const { id: approval_id, state, attempt, decision } = request;
  const detail = `It is ${state} already, by ${decision?.by ?? 'nobody'}.`;
  const turn = refused(task, { code: 'INVALID_TRANSITION', detail, current_state: state, allowed: [] });
  const { session_id, run } = task.brief;
  const { option = null, answers = null, reason = null } = message;
  const evidence = { approval_id, attempt, state, by: context.by, option, answers, reason, session_id, run };
  return { state: task, effects: [...turn.effects, emit('late_decision', evidence)] };
}
