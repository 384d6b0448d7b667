/** Writes down what was said and done in a session, as Markdown for people. Pure. */
import type { Part, ToolPart } from '@opencode-ai/sdk/v2/client';
import { fence } from '#actors/remote/workspace/fence.ts';
import type { SessionMessage } from './outcome.ts';

export function writeTranscript(title: string, messages: readonly SessionMessage[]): string {
  const body = messages.flatMap(({ info, parts }) => [
    `## ${info.role === 'user' ? 'Task' : 'Agent'}`,
    ...parts.map(writePart).filter((text) => text !== ''),
    ...(info.role === 'assistant' && info.error !== undefined ? [`**Error:** ${info.error.name}`] : []),
  ]);
  return `${[`# ${title}`, ...body].join('\n\n')}\n`;
}

function writePart(part: Part): string {
  switch (part.type) {
    case 'text':
      return part.text.trim();
    case 'reasoning':
      return part.text.trim().replace(/^/gm, '> ');
    case 'tool':
      return writeTool(part);
    default:
      return '';
  }
}

function writeTool({ tool, state }: ToolPart): string {
  const title = state.status === 'completed' && state.title !== '' ? `: ${state.title}` : '';
  const heading = `**${tool}**${title} (${state.status})`;
  const blocks = [fence(JSON.stringify(state.input, null, 2), 'json')];
  if (state.status === 'completed') blocks.push(fence(state.output));
  if (state.status === 'error') blocks.push(fence(state.error));
  return [heading, ...blocks].join('\n\n');
}
