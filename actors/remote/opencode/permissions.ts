/**
 * What opencode may do by itself in a worktree, and what it asks for. The last rule that matches decides.
 * What changes something, or reaches outside, asks: the tenant's policy allows most of it in a moment, and can be changed
 * while the work goes on. Where nobody can be asked every rule allows or denies.
 */
import type { PermissionConfig, PermissionRuleset } from '@opencode-ai/sdk/v2/client';

type Rule = PermissionRuleset[number];

const rule = (permission: string, pattern: string, action: Rule['action']): Rule => ({
  permission,
  pattern,
  action,
});

/** What only looks, or only keeps the agent's own notes. `question` is put to people as a question. */
const HARMLESS = [
  'read',
  'glob',
  'grep',
  'list',
  'lsp',
  'todowrite',
  'todoread',
  'skill',
  'task',
  'question',
];

const SECRETS: readonly Rule[] = [
  rule('read', '*.env', 'deny'),
  rule('read', '*.env.*', 'deny'),
  rule('read', '*.env.example', 'allow'),
];

/** MCP servers of a task: what they do is bounded by the token that they are asked with. */
const OWN_TOOLS = 'oio_*';

/** With people behind it. */
export function buildAskingPermissions(toolOutputDirectory: string): PermissionRuleset {
  return [
    rule('*', '*', 'ask'),
    ...HARMLESS.map((permission) => rule(permission, '*', 'allow')),
    rule(OWN_TOOLS, '*', 'allow'),
    ...SECRETS,
    rule('external_directory', `${toolOutputDirectory}/*`, 'allow'),
    rule('plan_enter', '*', 'deny'),
  ];
}

/** With nobody behind it. */
export function buildPermissions(toolOutputDirectory: string): PermissionRuleset {
  return [
    rule('*', '*', 'allow'),
    rule('external_directory', '*', 'deny'),
    rule('external_directory', `${toolOutputDirectory}/*`, 'allow'),
    ...SECRETS,
    rule('webfetch', '*', 'deny'),
    rule('websearch', '*', 'deny'),
    rule('question', '*', 'deny'),
    rule('plan_enter', '*', 'deny'),
    rule('doom_loop', '*', 'deny'),
  ];
}

/**
 * The same rules in opencode's configuration: a sub-agent's session has none of its own, and does not take its parent's.
 */
export function toPermissionConfig(rules: PermissionRuleset): PermissionConfig {
  const patterns: Record<string, Record<string, Rule['action']>> = {};
  for (const { permission, pattern, action } of rules) {
    patterns[permission] = { ...patterns[permission], [pattern]: action };
  }
  // Some permissions take no patterns, and all take one word for everything.
  const entries = Object.entries(patterns).map(([permission, actions]) => {
    const isPlain = Object.keys(actions).length === 1 && actions['*'] !== undefined;
    return [permission, isPlain ? actions['*'] : actions] as const;
  });
  return Object.fromEntries(entries);
}
