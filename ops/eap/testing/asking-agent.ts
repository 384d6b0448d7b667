/** An agent by the SDK whose work asks people, for the checks of the kit on that. `OIO_GATEWAY_URL`: over HTTP. */
import { joinAsAgent } from '#actors/remote/sdk/join.ts';
import type { AgentTask } from '#actors/remote/sdk/task.ts';

const { NATS_URL = '', OIO_GATEWAY_URL, OIO_TENANT = '', OIO_AGENT_NAME = '' } = process.env;

async function ask(task: AgentTask, title: string): Promise<string> {
  const question = { permission: 'bash', patterns: [title], subject: { type: 'command' as const, title } };
  const { isAllowed } = await task.askPermission(question);
  return isAllowed ? title : '';
}

async function work(task: AgentTask) {
  if (/wait/.test(task.payload.title))
    await new Promise((_, reject) => task.signal.addEventListener('abort', reject));
  if (!/ask/.test(task.payload.title)) return { success: true, summary: 'done' };
  const allowed = await Promise.all([ask(task, 'git push'), ask(task, 'npm publish')]);
  return { success: true, summary: `allowed: ${allowed.join(' ')}` };
}

const agent = await joinAsAgent({
  servers: OIO_GATEWAY_URL ?? NATS_URL,
  tenant: OIO_TENANT,
  card: {
    ...{ name: OIO_AGENT_NAME, agent_type: 'implementer', version: '1' },
    capabilities: { primary: ['code_generation'] },
  },
  work,
});
process.on(
  'SIGTERM',
  () =>
    void agent
      .drain()
      .then(() => agent.stop())
      .then(() => process.exit(0)),
);
void agent.closed.then(() => process.exit(3));
