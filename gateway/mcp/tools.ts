/** All tools there are, in the order in which they are listed. The table in ops/docs/mcp.md is tested against it. */
import { AGENT_TOOLS } from './agent-tools.ts';
import { APPROVAL_TOOLS } from './approval-tools.ts';
import { ARTIFACT_TOOLS } from './artifact-tools.ts';
import { CONTEXT_TOOLS } from './context-tools.ts';
import { LOCK_TOOLS } from './lock-tools.ts';
import { SESSION_TOOLS } from './session-tools.ts';
import { TASK_TOOLS } from './task-tools.ts';
import type { Tool } from './tool.ts';

export const TOOLS: readonly Tool[] = [
  ...SESSION_TOOLS,
  ...TASK_TOOLS,
  ...CONTEXT_TOOLS,
  ...APPROVAL_TOOLS,
  ...LOCK_TOOLS,
  ...ARTIFACT_TOOLS,
  ...AGENT_TOOLS,
];
