/** Agents and their registry as they are stored: one, a page, all. */
import type { z } from 'zod';
import { Agent, REGISTRY_ID, Registry } from '#protocols/agent.ts';
import type { AgentListQuery } from '#protocols/http/agent.ts';
import { addressOf, type GatewayContext, readState } from './context.ts';
import { Refused } from './failures.ts';

/** Agents read at once where all are looked at, and how often. */
const READ_SIZE = 500;
const READS_MAX = 20;

type Query = z.infer<typeof AgentListQuery>;
type Order = Pick<Query, 'status' | 'search' | 'sort' | 'order'>;

/** The agent as it is stored now, or the end of the request. */
export async function findAgent(
  context: GatewayContext,
  id: string,
): Promise<{ agent: Agent; version: number }> {
  const stored = await context.client.get(addressOf(context, 'agent', id));
  if (!stored) throw new Refused({ code: 'AGENT_NOT_FOUND', detail: `there is no agent ${id}` });
  return { agent: readState(Agent, stored), version: stored.version };
}

/** All agents that fit, in order: for what no index knows. */
export async function readAllAgents(
  context: GatewayContext,
  asked: Order,
): Promise<{ agent: Agent; version: number }[]> {
  const found: { agent: Agent; version: number }[] = [];
  for (let page = 1; page <= READS_MAX; page++) {
    const { items, total } = await readAgents(context, asked, { page, page_size: READ_SIZE });
    found.push(...items);
    if (items.length === 0 || found.length >= total) break;
  }
  return found;
}

/** A page of agents. */
export async function readAgents(
  context: GatewayContext,
  { status, search, sort, order }: Order,
  { page, page_size }: { page: number; page_size: number },
) {
  const { items, total } = await context.client.list({
    tenant: context.tenant,
    type: 'agent',
    ...(status === undefined || status.length === 0 ? {} : { status }),
    ...(search ? { search } : {}),
    sort,
    order,
    page,
    pageSize: page_size,
  });
  return {
    items: items.map((stored) => ({ agent: readState(Agent, stored), version: stored.version })),
    total,
  };
}

/** The tenant's registry as it is stored now; null before its first agent or task. */
export async function findRegistry(context: GatewayContext): Promise<Registry | null> {
  const stored = await context.client.get(addressOf(context, 'registry', REGISTRY_ID));
  return stored && readState(Registry, stored);
}
