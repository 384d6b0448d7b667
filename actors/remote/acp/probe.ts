/**
 * Tries an agent before it joins: it is started, greeted, asked for a session and for the wished model, and ended. One that
 * cannot work must not be given any.
 */
import { mkdir } from 'node:fs/promises';
import { AttemptFailure } from './failure.ts';
import { type AgentAbout, type ClientSide, RefusedAsk } from './link.ts';
import { openLink } from './link-v1.ts';
import { requireModel } from './model.ts';
import { startAgentProcess } from './process.ts';
import { type AgentProgram, withHint } from './run.ts';

export interface ProbeOptions {
  readonly program: AgentProgram;
  /** A folder of its own, which is made. */
  readonly directory: string;
  readonly model: string | null;
  readonly greetMs?: number;
  readonly answerMs?: number;
}

/** Throws an `AttemptFailure` that says what to mend. */
export async function probeAgent(options: ProbeOptions): Promise<AgentAbout> {
  const { program, directory, model, greetMs = 120_000, answerMs = 60_000 } = options;
  await mkdir(directory, { recursive: true });
  const agent = await startAgentProcess({ ...program, directory });
  const { stdin, stdout } = agent;
  const ended = agent.exited.then(({ code, signal }) => {
    const words = agent.lastWords();
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    throw new AttemptFailure('AGENT_UNAVAILABLE', `"${program.command}" ended ${how}: ${words}`);
  });
  ended.catch(() => undefined);
  try {
    const link = await Promise.race([openLink({ stdin, stdout, client: NOBODY, greetMs, answerMs }), ended]);
    if (program.loginMethod !== null) await Promise.race([link.authenticate(program.loginMethod), ended]);
    const { models } = await Promise.race([link.newSession({ directory, mcp: [] }), ended]);
    if (model !== null) await Promise.race([requireModel(link, models, model), ended]);
    link.close();
    return link.about;
  } catch (error) {
    // Its end is what to tell, where it has ended.
    if (error instanceof AttemptFailure && error.code === 'AGENT_CRASHED') await ended;
    throw error instanceof AttemptFailure ? withHint(error, program) : error;
  } finally {
    await agent.end();
  }
}

async function refuse(): Promise<never> {
  throw new RefusedAsk('invalid', 'nothing is to be done yet');
}

const NOBODY: ClientSide = {
  onUpdate: () => undefined,
  askPermission: async () => null,
  readFile: refuse,
  writeFile: refuse,
  createTerminal: refuse,
  terminalOutput: () => {
    throw new RefusedAsk('missing', 'there is no terminal');
  },
  awaitTerminal: refuse,
  killTerminal: refuse,
  releaseTerminal: refuse,
};
