/** Writes down what was said and done in a session, for machines: what data sets for fine-tuning are made of. Pure. */
import type { Part } from '@opencode-ai/sdk/v2/client';
import type { Trajectory, TrajectoryMessage } from '#protocols/trajectory.ts';
import type { SessionMessage } from './outcome.ts';

type Assistant = Extract<TrajectoryMessage, { role: 'assistant' }>;
type Result = Extract<TrajectoryMessage, { role: 'tool' }>;

/** Without reasoning, which is no answer, and without tools that never ended. */
export function toTrajectory(messages: readonly SessionMessage[]): Trajectory {
  const last = messages.findLast(({ info }) => info.role === 'assistant')?.info;
  const model = last?.role === 'assistant' ? `${last.providerID}/${last.modelID}` : null;
  return {
    format: 1,
    model,
    messages: messages.flatMap(({ info, parts }) =>
      info.role === 'user' ? userMessage(parts) : assistantMessages(parts),
    ),
  };
}

function userMessage(parts: readonly Part[]): TrajectoryMessage[] {
  const content = parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');
  return content === '' ? [] : [{ role: 'user', content }];
}

/** Text after tools begins a new message: it was said with their results at hand. */
function assistantMessages(parts: readonly Part[]): TrajectoryMessage[] {
  const done: TrajectoryMessage[] = [];
  let text: string[] = [];
  let calls: Assistant['tool_calls'] = [];
  let results: Result[] = [];
  const flush = () => {
    if (text.length === 0 && calls.length === 0) return;
    done.push({ role: 'assistant', content: text.join('\n\n'), tool_calls: calls }, ...results);
    [text, calls, results] = [[], [], []];
  };
  for (const part of parts) {
    if (part.type === 'text' && part.text.trim() !== '') {
      if (calls.length > 0) flush();
      text.push(part.text);
    }
    if (part.type !== 'tool') continue;
    const { state, callID: id, tool: name } = part;
    if (state.status !== 'completed' && state.status !== 'error') continue;
    calls.push({ id, name, arguments: state.input });
    const isError = state.status === 'error';
    const content = state.status === 'error' ? state.error : state.output;
    results.push({ role: 'tool', tool_call_id: id, content, is_error: isError });
  }
  flush();
  return done;
}
