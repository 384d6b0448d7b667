/** The commands of `oio`, put together. */
import {
  type Application,
  ArgumentScannerError,
  buildApplication,
  buildRouteMap,
  formatMessageForArgumentScannerError,
  type StricliProcess,
  text_en,
} from '@stricli/core';
import packageFile from '../../package.json' with { type: 'json' };
import { type Cli, Shown } from './cli.ts';
import { agentRoutes } from './commands/agent.ts';
import { approvalRoutes } from './commands/approval.ts';
import { artifactRoutes } from './commands/artifact.ts';
import { completion, proposals } from './commands/completion.ts';
import { contextRoutes } from './commands/context.ts';
import { dlqRoutes } from './commands/dlq.ts';
import { doctor } from './commands/doctor.ts';
import { keyRoutes } from './commands/key.ts';
import { lockRoutes } from './commands/lock.ts';
import { login, logout, whoami } from './commands/login.ts';
import { mcp } from './commands/mcp.ts';
import { dev, programCommand } from './commands/program.ts';
import { sessionRoutes } from './commands/session.ts';
import { taskRoutes } from './commands/task.ts';
import { traffic } from './commands/traffic.ts';
import { datasetRoutes, modelRoutes, tuneRoutes } from './commands/tuning.ts';
import { EXIT, EXIT_WORDS } from './exit.ts';

export const NAME = 'oio';

const MORE = `Settings: flags first, then the environment.
  OIO_URL         where the gateway is (http://localhost:8000)
  OIO_KEY         who you are, before the key of \`oio login\`
  OIO_CONFIG_DIR  where \`oio login\` keeps keys (~/.config/oio)
  OIO_TIMEOUT_MS  how long one request may take (15000)
  OIO_DATA_DIR    where \`oio dev\` keeps its data (.oio)
  NATS_URL, DATABASE_URL  services for traffic and doctor, where they are not those of \`oio dev\`

Exit codes
${Object.entries(EXIT)
  .map(([name, code]) => `  ${String(code).padStart(3)}  ${EXIT_WORDS[name as keyof typeof EXIT]}`)
  .join('\n')}

The first session: ops/docs/first-session.md`;

const root = buildRouteMap({
  routes: {
    dev,
    session: sessionRoutes,
    task: taskRoutes,
    agent: agentRoutes,
    approval: approvalRoutes,
    artifact: artifactRoutes,
    context: contextRoutes,
    lock: lockRoutes,
    key: keyRoutes,
    login,
    logout,
    whoami,
    dataset: datasetRoutes,
    tune: tuneRoutes,
    model: modelRoutes,
    dlq: dlqRoutes,
    traffic,
    doctor,
    mcp,
    node: programCommand('node', 'Start a runtime node (npm run node)'),
    gateway: programCommand('gateway', 'Start a gateway (npm run gateway)'),
    completion,
    proposals,
  },
  docs: {
    brief: 'OpenCode Industrial Orchestrator on the command line',
    fullDescription: `OpenCode Industrial Orchestrator on the command line.\n\n${MORE}`,
    hideRoute: { proposals: true },
  },
});

/** Exit codes of the argument parser are negative; for a shell they are all wrong usage. */
export function exitCodeOf(code: StricliProcess['exitCode']): number {
  return typeof code === 'number' && code < 0 ? EXIT.usage : Number(code ?? 0);
}

export const application: Application<Cli> = buildApplication(root, {
  name: NAME,
  versionInfo: { currentVersion: packageFile.version },
  scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
  documentation: { caseStyle: 'convert-camel-to-kebab', disableAnsiColor: true },
  completion: { includeAliases: false },
  localization: {
    text: {
      ...text_en,
      exceptionWhileParsingArguments: (thrown) => `oio: ${wordsOf(thrown)}\n  --help says what there is`,
      exceptionWhileRunningCommand: (thrown) =>
        thrown instanceof Shown ? thrown.text : `oio: ${wordsOf(thrown)}`,
    },
  },
  determineExitCode: (thrown) => (thrown instanceof Shown ? thrown.failure.exitCode : EXIT.failed),
});

function wordsOf(thrown: unknown): string {
  if (thrown instanceof ArgumentScannerError) return formatMessageForArgumentScannerError(thrown, {});
  return thrown instanceof Error ? thrown.message : String(thrown);
}
