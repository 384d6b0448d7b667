/**
 * Has a model answer in a form: asked once, told what is wrong with its answer and asked again, and then refused.
 *
 * R1. What is given back was read by `read`: no other answer counts.
 * R2. A model is told its faults once. A second wrong answer is refused, with the faults as the reason.
 */
import type { Form, Model, Question, Said } from './model.ts';

export type Wanted<Value> = {
  readonly form: Form;
  readonly messages: readonly Said[];
  /** The answer as it is meant, or in words for the model what is wrong with it. */
  readonly read: (text: string) => { readonly value: Value } | { readonly fault: string };
};

/** Expected: the model answered twice, and neither was an answer. */
export class AnswerRefused extends Error {
  override name = 'AnswerRefused';
  readonly code = 'ANSWER_REFUSED';
  readonly retryable = false;
}

/** Past this an answer is not sent back whole: what is wrong with it is. */
const ANSWER_CHARS_MAX = 20_000;

export async function askInForm<Value>(
  model: Model,
  wanted: Wanted<Value>,
  about: Pick<Question, 'signal' | 'onLimited'> & { readonly onFault: (fault: string) => void },
): Promise<Value> {
  const { form, messages, read } = wanted;
  const { signal, onLimited, onFault } = about;
  const ask = (said: readonly Said[]) => model.ask({ messages: said, form, signal, onLimited });
  const first = await ask(messages);
  const answer = read(first);
  if ('value' in answer) return answer.value;
  onFault(answer.fault);
  const repaired = read(await ask([...messages, ...toldFault(first, answer.fault)]));
  if ('value' in repaired) return repaired.value;
  throw new AnswerRefused(repaired.fault);
}

function toldFault(answer: string, fault: string): Said[] {
  const shown = answer.length <= ANSWER_CHARS_MAX ? answer : `${answer.slice(0, ANSWER_CHARS_MAX)}…`;
  const content = `This answer was not taken: ${fault}\nMend that, and answer again with the whole JSON object and nothing else.`;
  return [
    { role: 'assistant', content: shown === '' ? '(nothing)' : shown },
    { role: 'user', content },
  ];
}

/** JSON from the first brace to the last: models like to say something around it. Null: there is none. */
export function parseObject(text: string): unknown {
  try {
    return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  } catch {
    return null;
  }
}
