/**
 * The private home of an opencode server: its own configuration, data, caches and nothing of the user's. So an agent
 * behaves the same on every machine, and what a user has configured for himself is neither used nor changed.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type OpencodeHome = {
  readonly directory: string;
  /** Where opencode keeps tool output that was too long to show; tasks may read it. */
  readonly toolOutputDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
};

const PLUGIN_PACKAGE = '@opencode-ai/plugin';

export async function prepareHome(directory: string): Promise<OpencodeHome> {
  const configRoot = join(directory, 'config', 'opencode');
  const dataRoot = join(directory, 'data');
  // opencode installs its plugin package from the registry unless a lock file names it already. No plugin is ever
  // loaded here, so the lock file alone spares the download, and the agent works without a network.
  await mkdir(join(configRoot, 'node_modules'), { recursive: true });
  await writeFile(
    join(configRoot, 'package-lock.json'),
    JSON.stringify({ lockfileVersion: 3, packages: { '': { dependencies: { [PLUGIN_PACKAGE]: '*' } } } }),
  );
  return {
    directory,
    toolOutputDirectory: join(dataRoot, 'opencode', 'tool-output'),
    environment: {
      HOME: directory,
      XDG_CONFIG_HOME: join(directory, 'config'),
      XDG_DATA_HOME: dataRoot,
      XDG_STATE_HOME: join(directory, 'state'),
      XDG_CACHE_HOME: join(directory, 'cache'),
    },
  };
}
