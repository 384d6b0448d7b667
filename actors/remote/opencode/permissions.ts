/**
 * What opencode may do by itself in a worktree. Nobody sits in front of it: every rule allows or denies, none asks.
 * The last rule that matches decides.
 */
import type { PermissionRuleset } from '@opencode-ai/sdk/v2/client';

export function buildPermissions(toolOutputDirectory: string): PermissionRuleset {
  return [
    { permission: '*', pattern: '*', action: 'allow' },
    { permission: 'external_directory', pattern: '*', action: 'deny' },
    { permission: 'external_directory', pattern: `${toolOutputDirectory}/*`, action: 'allow' },
    { permission: 'read', pattern: '*.env', action: 'deny' },
    { permission: 'read', pattern: '*.env.*', action: 'deny' },
    { permission: 'read', pattern: '*.env.example', action: 'allow' },
    { permission: 'webfetch', pattern: '*', action: 'deny' },
    { permission: 'websearch', pattern: '*', action: 'deny' },
    { permission: 'question', pattern: '*', action: 'deny' },
    { permission: 'plan_enter', pattern: '*', action: 'deny' },
    { permission: 'doom_loop', pattern: '*', action: 'deny' },
  ];
}
