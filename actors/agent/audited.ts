/** What a person did to an agent, for the audit. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import type { Agent } from '#protocols/agent.ts';
import { type AuditAct, audit } from '#protocols/audit.ts';
import type { Effect } from '#protocols/effects.ts';
import { isoTime } from '../turn.ts';

interface Done {
  readonly act: AuditAct;
  /** Without one there is no entry: programs that act of themselves have no reason to say. */
  readonly reason?: string | undefined;
  readonly [more: string]: unknown;
}

/** The entry, written with the commit of the act; none where nobody said why. `agent`: as it was before. */
export function auditOf(agent: Agent, { act, reason, ...more }: Done, context: TurnContext): Effect[] {
  if (reason === undefined) return [];
  const { self, by, now } = context;
  const before = { status: agent.status, at_work: agent.assignments.length, ...more };
  const said = { at: isoTime(now), by, act, target: agent.id, reason, before };
  return [audit({ tenant: self.tenant, id: context.id() }, said)];
}
