/** Writes down what was said and done in a session, as Markdown for people. Pure. */
import type { Part, ToolPart } from '@opencode-ai/sdk/v2/client';
import type { SessionMessage } from './outcome.ts';

const OUTPUT_CHARS_MAX = 8_000;

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

/** A fence longer than any inside. The middle of what is too long is left out, and that is said. */
function fence(text: string, language = ''): string {
  const half = OUTPUT_CHARS_MAX / 2;
  const left = text.length - OUTPUT_CHARS_MAX;
  const shown =
    left <= 0 ? text : `${text.slice(0, half)}\n… ${left} characters left out …\n${text.slice(-half)}`;
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const mark = '`'.repeat(longest + 1);
  return `${mark}${language}\n${shown}\n${mark}`;
}
