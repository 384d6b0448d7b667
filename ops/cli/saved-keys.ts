/**
 * Keys that `oio login` keeps: one for each gateway, in a file that only its owner may read.
 *
 * E1. A key is written to this file and nowhere else; no command prints one that it did not make just now.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CliFailure, EXIT } from './exit.ts';
import type { Settings } from './settings.ts';

const SavedKeys = z.record(z.string(), z.string());
type SavedKeys = z.infer<typeof SavedKeys>;
type Place = Pick<Settings, 'configDir' | 'url'>;

/** The key for this gateway: OIO_KEY, or the one that was logged in with; undefined: there is none. */
export function findKey(settings: Pick<Settings, 'key' | 'configDir' | 'url'>): string | undefined {
  return settings.key ?? readAll(settings)[settings.url];
}

/** Returns the file. */
export function saveKey(place: Place, key: string): string {
  return writeAll(place, { ...readAll(place), [place.url]: key });
}

/** False: there was none. */
export function dropKey(place: Place): boolean {
  const { [place.url]: dropped, ...others } = readAll(place);
  if (dropped === undefined) return false;
  writeAll(place, others);
  return true;
}

function pathOf({ configDir }: Place): string | null {
  return configDir === undefined ? null : join(configDir, 'keys.json');
}

function readAll(place: Place): SavedKeys {
  const path = pathOf(place);
  if (path === null) return {};
  try {
    return SavedKeys.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    // What stands in it is not shown, not even as a fault of its JSON.
    throw new CliFailure(EXIT.usage, `${path} cannot be read`, {
      mend: 'mend or remove it, and log in again',
    });
  }
}

function writeAll(place: Place, keys: SavedKeys): string {
  const path = pathOf(place);
  if (path === null) {
    throw new CliFailure(EXIT.usage, 'there is no place to keep the key', {
      mend: 'set OIO_CONFIG_DIR or HOME, or give the key in OIO_KEY',
    });
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, path);
  return path;
}
