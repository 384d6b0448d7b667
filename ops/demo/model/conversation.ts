/** Reads a chat-completions request: which task is asked, how far it is, and so what the model says next. */
import { z } from 'zod';
import { chooseScript, type Script, type ScriptStep } from './script.ts';

const TextPart = z.looseObject({ type: z.string(), text: z.string().optional() });
const ChatMessage = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(TextPart), z.null()]).optional(),
  tool_calls: z.array(z.unknown()).nullish(),
});
type ChatMessage = z.infer<typeof ChatMessage>;

export const ChatRequest = z.looseObject({
  model: z.string(),
  stream: z.boolean().optional(),
  messages: z.array(ChatMessage).min(1),
  tools: z.array(z.unknown()).optional(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

export type Answer =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'call';
      readonly text: string;
      readonly tool: string;
      readonly arguments: Readonly<Record<string, unknown>>;
    }
  | { readonly type: 'fail'; readonly status: number; readonly message: string };

export type Choice = { readonly script: string; readonly step: number; readonly answer: Answer };

const TITLE_CHARS_MAX = 50;

/** The next thing to say. The place in the script is the number of tool calls since the task was asked. */
export function chooseAnswer(scripts: readonly Script[], request: ChatRequest): Choice {
  const title = titleOf(request.messages);
  if (isTitleRequest(request)) {
    return { script: 'title', step: 0, answer: { type: 'text', text: title.slice(0, TITLE_CHARS_MAX) } };
  }

  const asked = request.messages.findLastIndex((message) => message.role === 'user');
  const since = request.messages.slice(asked + 1);
  const script = chooseScript(scripts, title);
  const step = since.filter((message) => (message.tool_calls?.length ?? 0) > 0).length;
  const planned = script.steps[Math.min(step, script.steps.length - 1)];
  if (planned === undefined)
    return { script: script.name, step, answer: { type: 'text', text: 'Nothing to do.' } };
  const lastResult = textOf(since.findLast((message) => message.role === 'tool'));
  return { script: script.name, step, answer: answerOf(planned, directoryOf(request.messages), lastResult) };
}

/** opencode asks for a title with a prompt of its own and without tools. */
function isTitleRequest(request: ChatRequest): boolean {
  const system = textOf(request.messages.find((message) => message.role === 'system'));
  return (request.tools ?? []).length === 0 && /title generator/i.test(system);
}

function answerOf(step: ScriptStep, directory: string, lastResult: string): Answer {
  switch (step.type) {
    case 'call':
      return {
        type: 'call',
        text: step.say ?? '',
        tool: step.tool,
        arguments: fill(step.arguments, directory),
      };
    case 'answer': {
      const isBorneOut = step.needs === undefined || lastResult.includes(step.needs);
      return { type: 'text', text: isBorneOut ? step.text : (step.otherwise ?? 'This did not work.') };
    }
    case 'fail':
      return step;
  }
}

function fill(values: Readonly<Record<string, unknown>>, directory: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.replaceAll('{directory}', directory) : value,
    ]),
  );
}

/** The first line of the last prompt that says something, without marks of a heading. */
function titleOf(messages: readonly ChatMessage[]): string {
  const prompt = textOf(messages.findLast((message) => message.role === 'user'));
  const line = prompt.split('\n').find((candidate) => candidate.trim() !== '') ?? '';
  return line.replace(/^[#\s"]*(?:task:\s*)?/i, '').trim();
}

/** opencode tells the model where it works, in its system prompt. */
function directoryOf(messages: readonly ChatMessage[]): string {
  const system = messages
    .filter((message) => message.role === 'system')
    .map(textOf)
    .join('\n');
  return /^\s*Working directory: (.+)$/m.exec(system)?.[1]?.trim() ?? '.';
}

function textOf(message: ChatMessage | undefined): string {
  const content = message?.content;
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => part.text ?? '').join('');
}
