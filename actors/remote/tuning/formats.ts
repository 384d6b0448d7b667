/** Samples in the formats that trainers read: one line of JSON each. Pure functions of the sample. */
import type { DatasetFormat } from '#protocols/dataset.ts';
import type { TrajectoryMessage } from '#protocols/trajectory.ts';
import { isToLearn, type TrajectorySample } from './sample.ts';

type Calls = Extract<TrajectoryMessage, { role: 'assistant' }>['tool_calls'];

/** A line without its end; null: there is no way to say it in this format. */
export const EXPORTERS: Readonly<Record<DatasetFormat, (sample: TrajectorySample) => object | null>> = {
  openai_chat: toOpenAiChat,
  sharegpt: toShareGpt,
};

function toOpenAiChat({ messages }: TrajectorySample): object {
  const tools = toolsOf(messages);
  return {
    messages: messages.map((message) => toChatMessage(message, messages)),
    ...(tools.length === 0 ? {} : { tools: tools.map((tool) => ({ type: 'function', function: tool })) }),
  };
}

/** `weight` 0: it is context, and not learned. */
function toChatMessage(message: TrajectoryMessage, messages: TrajectorySample['messages']): object {
  const { role, content } = message;
  if (role === 'tool') return { role, tool_call_id: message.tool_call_id, content };
  if (role !== 'assistant') return { role, content };
  const weight = isToLearn(message, messages) ? 1 : 0;
  if (message.tool_calls.length === 0) return { role, content, weight };
  return {
    role,
    content: content === '' ? null : content,
    tool_calls: message.tool_calls.map(toCall),
    weight,
  };
}

function toCall({ id, name, arguments: given }: Calls[number]) {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(given) } };
}

interface Turn {
  readonly from: 'human' | 'gpt' | 'function_call' | 'observation';
  readonly value: string;
}

const OF_PERSON: ReadonlySet<Turn['from']> = new Set(['human', 'observation']);

/**
 * Strictly in turn: human or observation, then gpt or function_call. Calls that were made together are made one after the
 * other; what was said beside a call has no place here.
 */
function toShareGpt({ messages }: TrajectorySample): object | null {
  const turns: Turn[] = [];
  for (const turn of turnsOf(messages)) {
    const last = turns.at(-1);
    if (!last && !OF_PERSON.has(turn.from)) continue;
    if (!last || OF_PERSON.has(last.from) !== OF_PERSON.has(turn.from)) turns.push(turn);
    else if (last.from === turn.from && turn.from !== 'function_call') {
      turns[turns.length - 1] = { from: last.from, value: `${last.value}\n\n${turn.value}` };
    } else turns[turns.length - 1] = turn;
  }
  while (turns.length > 0 && turns.at(-1)?.from !== 'gpt') turns.pop();
  if (turns.length < 2) return null;
  const system = messages.find(({ role }) => role === 'system')?.content;
  const tools = toolsOf(messages);
  return {
    conversations: turns,
    ...(system === undefined ? {} : { system }),
    ...(tools.length === 0 ? {} : { tools: JSON.stringify(tools) }),
  };
}

function turnsOf(messages: TrajectorySample['messages']): Turn[] {
  const results = new Map(
    messages.flatMap((one) => (one.role === 'tool' ? [[one.tool_call_id, one.content] as const] : [])),
  );
  return messages.flatMap((message): Turn[] => {
    if (message.role === 'user') return [{ from: 'human', value: message.content }];
    if (message.role !== 'assistant') return [];
    if (message.tool_calls.length === 0) return [{ from: 'gpt', value: message.content }];
    return message.tool_calls.flatMap(({ id, name, arguments: given }): Turn[] => [
      { from: 'function_call', value: JSON.stringify({ name, arguments: given }) },
      { from: 'observation', value: results.get(id) ?? '' },
    ]);
  });
}

/** The tools that were used. What their parameters mean nobody wrote down: their names are known. */
function toolsOf(messages: TrajectorySample['messages']) {
  const names = new Map<string, Set<string>>();
  for (const message of messages) {
    if (message.role !== 'assistant') continue;
    for (const { name, arguments: given } of message.tool_calls) {
      const known = names.get(name) ?? new Set<string>();
      for (const parameter of Object.keys(given)) known.add(parameter);
      names.set(name, known);
    }
  }
  return [...names]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, parameters]) => ({
      name,
      description: '',
      parameters: {
        type: 'object',
        properties: Object.fromEntries([...parameters].sort().map((parameter) => [parameter, {}])),
      },
    }));
}
