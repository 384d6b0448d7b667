/**
 * Known ACP agents, as data: how each is started, installed and logged in. Nothing here is ever installed by us. Whether one
 * was tried with this program is said where it is told how to join it (ops/docs/acp-agents.md).
 */

export interface Preset {
  readonly title: string;
  /** For `/bin/sh -c`; the program must be on the PATH. */
  readonly command: string;
  readonly install: string;
  readonly login: string;
  /** Names of variables that it reads, beside keys of model providers (`*_API_KEY`). */
  readonly environment: readonly string[];
}

export const PRESETS = {
  opencode: {
    title: 'opencode',
    command: 'opencode acp',
    install: 'npm install -g opencode-ai',
    login: 'opencode auth login, or a provider’s key in the environment',
    environment: ['OPENCODE_CONFIG', 'OPENCODE_CONFIG_CONTENT'],
  },
  claude: {
    title: 'Claude Code',
    command: 'claude-agent-acp',
    install: 'npm install -g @agentclientprotocol/claude-agent-acp',
    login: 'ANTHROPIC_API_KEY, or log in with the claude command as the same user',
    environment: [
      'CLAUDE_CONFIG_DIR',
      'CLAUDE_CODE_OAUTH_TOKEN',
      'ANTHROPIC_BASE_URL',
      'ANTHROPIC_AUTH_TOKEN',
    ],
  },
  gemini: {
    title: 'Gemini CLI',
    command: 'gemini --acp',
    install: 'npm install -g @google/gemini-cli (before 0.50 the flag was --experimental-acp)',
    login: 'log in with gemini as the same user, or GEMINI_API_KEY and OIO_ACP_LOGIN=gemini-api-key',
    environment: ['GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_LOCATION', 'GOOGLE_APPLICATION_CREDENTIALS'],
  },
  codex: {
    title: 'Codex',
    command: 'codex-acp',
    install: 'npm install -g @agentclientprotocol/codex-acp',
    login:
      'OPENAI_API_KEY or CODEX_API_KEY and OIO_ACP_LOGIN=api-key, or log in with the codex command as the same user',
    environment: ['CODEX_HOME', 'CODEX_PATH'],
  },
  goose: {
    title: 'goose',
    command: 'goose acp',
    install: 'see the goose documentation (1.8 or newer)',
    login: 'goose configure, as the same user',
    environment: ['GOOSE_PROVIDER', 'GOOSE_MODEL'],
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;

export function isPreset(name: string): name is PresetName {
  return Object.hasOwn(PRESETS, name);
}
