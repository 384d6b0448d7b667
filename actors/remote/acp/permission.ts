/** A permission that an ACP agent asks for, in words for people and for rules; and their answer as one of its options. Pure. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { PermissionAnswer, PermissionQuestion } from '#actors/remote/sdk/requests.ts';
import { clip } from '#actors/remote/sdk/result.ts';
import type { OptionKind, PermissionAsked, ToolChange, ToolKind } from './link.ts';

type Question = Pick<PermissionQuestion, 'permission' | 'patterns' | 'subject' | 'risk'>;

const DETAIL_CHARS_MAX = 2_500;
const PERMISSION_CHARS_MAX = 128;
/** So many things at once cannot be judged one by one. */
const PATTERNS_MAX = 20;
const PATTERNS_CHARS_MAX = 6_000;

/** By the names that tenants' rules speak of. */
const OF_FILES: Partial<Record<ToolKind, 'read' | 'edit'>> = {
  read: 'read',
  search: 'read',
  edit: 'edit',
  delete: 'edit',
  move: 'edit',
};

/** `directory`: the working copy, whose place says nothing to the one who reads. */
export function toQuestion(call: ToolChange, directory: string): Question {
  const { kind = 'other', title = '' } = call;
  const outside = (call.paths ?? []).filter((path) => isOutside(path, directory));
  if (kind === 'execute') return ofCommand(commandOf(call) ?? title, title);
  if (outside.length > 0) return ofOutside(outside, call, directory);
  if (kind === 'fetch') return ofAddress(call);
  const permission = OF_FILES[kind];
  if (permission !== undefined) return ofFiles(permission, call, directory);
  const name = (call.name ?? (kind === 'switch_mode' ? 'plan' : 'tool')).slice(0, PERMISSION_CHARS_MAX);
  const shown = shorten(title, directory) || name;
  const type = kind === 'switch_mode' ? ('plan' as const) : ('tool' as const);
  return {
    permission: name,
    patterns: [shown],
    subject: { type, title: shown, ...detailOf(call) },
    risk: 'unknown',
  };
}

/** A command that is to be run for the agent. */
export function ofCommand(command: string, title = command): Question {
  const shown = command.trim() === '' ? '*' : command;
  const detail = title.trim() !== '' && title !== command ? { detail: clip(title, DETAIL_CHARS_MAX) } : {};
  const subject = { type: 'command' as const, title: shown, ...detail };
  return { permission: 'bash', patterns: [shown], subject, risk: 'medium' };
}

/** A file that is to be written for the agent. */
export function ofWrite(path: string, directory: string): Question {
  const call = { callId: '', kind: 'edit' as const, paths: [path] };
  return isOutside(path, directory) ? ofOutside([path], call, directory) : ofFiles('edit', call, directory);
}

export function isTooMuch({ patterns }: Pick<Question, 'patterns'>): boolean {
  return patterns.length > PATTERNS_MAX || patterns.join('').length > PATTERNS_CHARS_MAX;
}

/** The command that a call is about; null where it does not say. */
export function commandOf({ input }: ToolChange): string | null {
  if (typeof input !== 'object' || input === null || !('command' in input)) return null;
  const { command } = input;
  if (typeof command === 'string') return command;
  if (!Array.isArray(command)) return null;
  const words = command.filter((word) => typeof word === 'string');
  const [shell = '', flag = '', line] = words;
  // A shell with a line: rules speak of the line.
  if (/(^|\/)(ba|z|da)?sh$/.test(shell) && /^-\w*c$/.test(flag) && line !== undefined) return line;
  return words.join(' ');
}

/**
 * The agent's option for an answer; null: none fits. `always` is the orchestrator's to keep: the agent is told `once`, and
 * asks again. One that knows no `once` gets more than that only where more was said.
 */
export function chooseOption(
  options: PermissionAsked['options'],
  { isAllowed, optionKind }: Pick<PermissionAnswer, 'isAllowed' | 'optionKind'>,
): string | null {
  const first = (kind: OptionKind) => options.find((option) => option.kind === kind)?.optionId ?? null;
  if (!isAllowed) return first('reject_once') ?? first('reject_always');
  return first('allow_once') ?? (optionKind === 'allow_always' ? first('allow_always') : null);
}

function ofFiles(permission: 'read' | 'edit', call: ToolChange, directory: string): Question {
  const paths = (call.paths ?? []).map((path) => shorten(path, directory));
  // A place that is not named is any place.
  const patterns = paths.length === 0 ? ['*'] : paths;
  const shown = paths.join(', ') || shorten(call.title ?? '', directory) || permission;
  const verb = call.kind === undefined || call.kind === permission ? permission : call.kind;
  const subject = { type: 'file' as const, title: `${verb}: ${shown}`, paths, ...detailOf(call) };
  return {
    permission,
    patterns,
    subject,
    risk: call.kind === 'delete' || call.kind === 'move' ? 'medium' : 'low',
  };
}

function ofOutside(paths: readonly string[], call: ToolChange, directory: string): Question {
  const patterns = paths.map((path) => resolve(directory, path));
  const title = `outside the working copy: ${patterns.join(', ')}`;
  const subject = { type: 'file' as const, title, paths: patterns, ...detailOf(call) };
  return { permission: 'external_directory', patterns, subject, risk: 'high' };
}

function ofAddress({ input, title = '' }: ToolChange): Question {
  const url = typeof input === 'object' && input !== null && 'url' in input ? input.url : undefined;
  const shown = typeof url === 'string' && url !== '' ? url : title || '*';
  const subject = { type: 'network' as const, title: `webfetch: ${shown}` };
  return { permission: 'webfetch', patterns: [shown], subject, risk: 'medium' };
}

function detailOf({ diffs = [], output = '' }: ToolChange): { readonly detail?: string } {
  const changes = diffs.map(({ path, oldText, newText }) => {
    const removed = oldText === null || oldText === '' ? [] : [oldText.replace(/^/gm, '-')];
    return [path, ...removed, newText.replace(/^/gm, '+')].join('\n');
  });
  const detail = changes.join('\n') || output;
  return detail === '' ? {} : { detail: clip(detail, DETAIL_CHARS_MAX) };
}

function isOutside(path: string, directory: string): boolean {
  const from = relative(directory, resolve(directory, path));
  return from === '..' || from.startsWith(`..${sep}`) || isAbsolute(from);
}

function shorten(text: string, directory: string): string {
  return text.replaceAll(`${directory}${sep}`, '').replaceAll('`', '').trim();
}
