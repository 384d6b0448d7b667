/**
 * `npm start`: the whole system on this machine, in one terminal.
 *
 * The first SIGINT, SIGTERM or SIGHUP drains everything, also in the middle of the start; a later one
 * kills it. npm passes a Ctrl-C on that the terminal has sent already, so one that follows at once is
 * taken for the same.
 */
import { HELP, parseRequest, type Settings } from './config.ts';
import { openDataFolder } from './data-folder.ts';
import { withoutPassword } from './given-services.ts';
import { buildLogStream, type LogStream } from './log-stream.ts';
import { assertPortFree } from './ports.ts';
import { EXIT, type ExitCode, reasonOf, StartFailure } from './start-failure.ts';
import { addressesFile, type System, startSystem } from './system.ts';

const SAME_SIGNAL_MS = 1_000;

process.exitCode = await main();
// What is left in the loop (a socket's last timer) must not hold the terminal.
process.exit();

async function main(): Promise<ExitCode> {
  try {
    const request = parseRequest(process.argv.slice(2), process.env);
    if (request.type === 'start') return await run(request.settings);
    process.stdout.write(HELP);
    return EXIT.ok;
  } catch (thrown) {
    // A bug shows its stack; an expected failure is complete in its message.
    const isExpected = thrown instanceof StartFailure;
    process.stderr.write(`\n${isExpected || !(thrown instanceof Error) ? reasonOf(thrown) : thrown.stack}\n`);
    return isExpected ? thrown.exitCode : EXIT.failed;
  }
}

async function run(settings: Settings): Promise<ExitCode> {
  const startedAt = performance.now();
  const isTerminal = process.stdout.isTTY === true && !settings.isJson;
  const logs = buildLogStream({
    level: settings.logLevel,
    isPretty: isTerminal,
    write: (text) => process.stdout.write(text),
  });
  const folder = await openDataFolder(settings.dataDir, `http://localhost:${settings.port}`);
  const asked = listen(logs, folder.kill);
  try {
    // After the leftovers of a killed stack are ended, for one of them may have held the port.
    await assertPortFree(settings.host, settings.port);
    if (folder.ended.length > 0)
      logs.say('warn', 'ended what a killed stack had left running', { ended: folder.ended });
    // Our processes say `ready` as info; what is shown is filtered here.
    const logLevel = ['warn', 'error'].includes(settings.logLevel) ? 'info' : settings.logLevel;
    const system = await startSystem({
      ...settings,
      folder,
      logs,
      env: { LOG_LEVEL: logLevel },
      signal: asked.signal,
    });
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    const facts = describe(system, { dataFolder: folder.path, addresses: addressesFile(folder) });
    if (isTerminal) process.stdout.write(banner(facts, seconds));
    else logs.say('info', 'ready', { ...facts, seconds });
    const failure = await Promise.race([system.broken, asked.stop]);
    await system.stop();
    if (failure) throw failure;
    logs.say('info', 'stopped');
    return EXIT.ok;
  } catch (thrown) {
    if (!asked.signal.aborted || thrown instanceof StartFailure) throw thrown;
    logs.say('info', 'stopped before it was ready');
    return EXIT.ok;
  } finally {
    folder.release();
  }
}

interface Asked {
  /** Resolves at the first signal. */
  readonly stop: Promise<null>;
  readonly signal: AbortSignal;
}

function listen(logs: LogStream, kill: () => void): Asked {
  const stop = Promise.withResolvers<null>();
  const abort = new AbortController();
  let firstAt: number | null = null;
  const onSignal = (name: NodeJS.Signals): void => {
    if (firstAt === null) {
      firstAt = performance.now();
      logs.say('info', 'stopping; once more kills', { signal: name });
      abort.abort(new Error('stopped by a signal'));
      stop.resolve(null);
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
      kill();
      process.exit(EXIT.failed);
    }
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  // Whoever read our output is gone: so is the reason to run.
  process.stdout.on('error', () => onSignal('SIGHUP'));
  return { stop: stop.promise, signal: abort.signal };
}

function describe(
  system: System,
  paths: { dataFolder: string; addresses: string },
): Readonly<Record<string, string>> {
  return {
    console: system.url,
    reference: `${system.url}/docs`,
    nats: withoutPassword(system.natsUrl),
    postgres: withoutPassword(system.databaseUrl),
    data: paths.dataFolder,
    addresses: paths.addresses,
  };
}

function banner(facts: Readonly<Record<string, string>>, seconds: number): string {
  const lines = Object.entries(facts).map(([name, value]) => `  ${name.padEnd(10)} ${value}`);
  return `\nready in ${seconds} s; Ctrl-C stops it\n\n${lines.join('\n')}\n\n`;
}
