/** Writes an answer as chat-completions JSON: whole, or as the chunks of a stream. */
import type { Answer } from './conversation.ts';

export type Usage = {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
};

export type Envelope = { readonly id: string; readonly created: number; readonly model: string };

type SpokenAnswer = Exclude<Answer, { type: 'fail' }>;

const CHARS_PER_TOKEN = 4;
const ARGUMENT_CHARS_PER_CHUNK = 160;
const WORDS_PER_CHUNK = 3;

/** Tokens are estimated from characters: enough for metering that is to be looked at, not to be paid. */
export function estimateUsage(promptChars: number, answer: SpokenAnswer): Usage {
  const spoken = answer.text.length + (answer.type === 'call' ? JSON.stringify(answer.calls).length : 0);
  const promptTokens = Math.ceil(promptChars / CHARS_PER_TOKEN);
  const completionTokens = Math.max(1, Math.ceil(spoken / CHARS_PER_TOKEN));
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

export function buildCompletion(envelope: Envelope, answer: SpokenAnswer, usage: Usage): unknown {
  const calls = answer.type === 'call' ? { tool_calls: toolCalls(envelope.id, answer) } : {};
  return {
    ...envelope,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer.text === '' ? null : answer.text, ...calls },
        finish_reason: finishReason(answer),
      },
    ],
    usage,
  };
}

export function buildChunks(envelope: Envelope, answer: SpokenAnswer, usage: Usage): readonly unknown[] {
  const deltas: unknown[] = [{ role: 'assistant', content: '' }];
  for (const words of splitWords(answer.text)) deltas.push({ content: words });
  if (answer.type === 'call') deltas.push(...callDeltas(envelope.id, answer));

  const chunk = (delta: unknown, finish: string | null) => ({
    ...envelope,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  return [
    ...deltas.map((delta) => chunk(delta, null)),
    chunk({}, finishReason(answer)),
    { ...envelope, object: 'chat.completion.chunk', choices: [], usage },
  ];
}

function callDeltas(id: string, answer: Extract<Answer, { type: 'call' }>): unknown[] {
  return toolCalls(id, answer).flatMap((call, index) => {
    const pieces: unknown[] = [
      { tool_calls: [{ index, ...call, function: { ...call.function, arguments: '' } }] },
    ];
    const text = call.function.arguments;
    for (let start = 0; start < text.length; start += ARGUMENT_CHARS_PER_CHUNK) {
      const part = text.slice(start, start + ARGUMENT_CHARS_PER_CHUNK);
      pieces.push({ tool_calls: [{ index, function: { arguments: part } }] });
    }
    return pieces;
  });
}

function toolCalls(id: string, { calls }: Extract<Answer, { type: 'call' }>) {
  return calls.map((call, index) => ({
    id: index === 0 ? `call_${id}` : `call_${id}_${index}`,
    type: 'function',
    function: { name: call.tool, arguments: JSON.stringify(call.arguments) },
  }));
}

function finishReason(answer: SpokenAnswer): string {
  return answer.type === 'call' ? 'tool_calls' : 'stop';
}

function splitWords(text: string): readonly string[] {
  const words = text.match(/\S+\s*/g) ?? [];
  const pieces: string[] = [];
  for (let start = 0; start < words.length; start += WORDS_PER_CHUNK) {
    pieces.push(words.slice(start, start + WORDS_PER_CHUNK).join(''));
  }
  return pieces;
}
