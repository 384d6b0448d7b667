/** Reads a chat-completions request: which task is asked, how far it is, and so what the model says next. */
import { z } from 'zod';
import { type CallStep, chooseScript, type Script, type ScriptStep, type ToolCall } from './script.ts';

const TextPart = z.looseObject({ type: z.string(), text: z.string().optional() });
const ChatMessage = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(TextPart), z.null()]).optional(),
  tool_calls: z
    .array(z.looseObject({ id: z.string(), function: z.looseObject({ arguments: z.string() }) }))
    .nullish(),
  tool_call_id: z.string().optional(),
});
type ChatMessage = z.infer<typeof ChatMessage>;

const Commanding = z.looseObject({ command: z.string().optional() });

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
      readonly calls: readonly [ToolCall, ...ToolCall[]];
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
  return { script: script.name, step, answer: answerOf(planned, request.messages, since) };
}

/** opencode asks for a title with a prompt of its own and without tools. */
function isTitleRequest(request: ChatRequest): boolean {
  const system = textOf(request.messages.find((message) => message.role === 'system'));
  return (request.tools ?? []).length === 0 && /title generator/i.test(system);
}

function answerOf(step: ScriptStep, messages: readonly ChatMessage[], since: readonly ChatMessage[]): Answer {
  switch (step.type) {
    case 'call':
      return { type: 'call', text: step.say ?? '', calls: callsOf(step, directoryOf(messages)) };
    case 'answer': {
      const lastResult = textOf(since.findLast((message) => message.role === 'tool'));
      const isBorneOut = step.needs === undefined || lastResult.includes(step.needs);
      return { type: 'text', text: isBorneOut ? step.text : (step.otherwise ?? 'This did not work.') };
    }
    case 'report':
      return { type: 'text', text: [step.text, ...commandsWith(since, step.has)].join(' ') };
    case 'fail':
      return step;
  }
}

function callsOf(step: CallStep, directory: string): readonly [ToolCall, ...ToolCall[]] {
  const filled = (call: ToolCall): ToolCall => ({
    tool: call.tool,
    arguments: fill(call.arguments, directory),
  });
  return [filled(step), ...(step.also ?? []).map(filled)];
}

function commandsWith(since: readonly ChatMessage[], has: string): string[] {
  const calls = since.flatMap(({ tool_calls }) => tool_calls ?? []);
  return calls.flatMap(({ id, function: called }) => {
    const result = textOf(since.find(({ tool_call_id }) => tool_call_id === id));
    const { command } = Commanding.parse(JSON.parse(called.arguments));
    return command !== undefined && result.includes(has) ? [command] : [];
  });
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
