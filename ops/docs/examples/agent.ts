/** An agent by the SDK in TypeScript: counts the words of its task. Told to end, it finishes what it has. */
import { joinAsAgent } from 'oio-agent';

const agent = await joinAsAgent({
  servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222',
  tenant: 'dev',
  card: {
    name: 'AGENT-WORDS',
    agent_type: 'analyst',
    version: '1.0.0',
    capabilities: { primary: ['word_count'] },
    max_concurrent_capacity: 2,
  },
  work: async (task) => {
    const words = task.payload.prompt.split(/\s+/).filter((word) => word !== '');
    await task.progress({ percent: 50, note: `counted ${words.length}` });
    await using lock = await task.lock('word-list', { waitMs: 10_000 });
    const bytes = `${lock.token}\n${words.join('\n')}`;
    await task.artifact({ name: 'words.txt', role: 'report', mediaType: 'text/plain', bytes });
    return { success: true, summary: `${words.length} words` };
  },
});

const end = () => void agent.drain().then(() => agent.stop());
process.once('SIGTERM', end).once('SIGINT', end);
