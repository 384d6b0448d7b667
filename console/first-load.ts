/**
 * How much script a page brings before it can be used, and whether that is more than it may be. Pure; the build measures
 * and stops when it is (`vite.config.ts`).
 */
export interface Chunk {
  readonly file: string;
  /** The source that it was asked for by, as the bundler names it; null: a shared part. */
  readonly source: string | null;
  readonly imports: readonly string[];
  readonly isEntry: boolean;
  readonly gzipBytes: number;
}

/** Of script, gzipped as well as it can be. */
export const FIRST_LOAD_MAX_BYTES = 90 * 1_024;
export const LATER_CHUNK_MAX_BYTES = 40 * 1_024;

/** What is loaded with the entry and the page of this source: they and all that they import, each once. */
export function firstLoadOf(chunks: readonly Chunk[], page: string): readonly Chunk[] {
  const byFile = new Map(chunks.map((chunk) => [chunk.file, chunk]));
  const loaded = new Set<Chunk>();
  const load = (chunk: Chunk | undefined) => {
    if (!chunk || loaded.has(chunk)) return;
    loaded.add(chunk);
    for (const file of chunk.imports) load(byFile.get(file));
  };
  for (const chunk of chunks) if (chunk.isEntry || chunk.source?.endsWith(page)) load(chunk);
  return [...loaded];
}

/** Sentences about what is too much; none where all is well. */
export function findTooMuch(chunks: readonly Chunk[], page: string): string[] {
  const loaded = firstLoadOf(chunks, page);
  if (!loaded.some((chunk) => chunk.source?.endsWith(page))) return [`there is no page ${page}`];
  const bytes = loaded.reduce((sum, chunk) => sum + chunk.gzipBytes, 0);
  const parts = loaded.map(({ file, gzipBytes }) => `${file} ${gzipBytes}`).join(', ');
  const later = chunks.filter((chunk) => !loaded.includes(chunk) && chunk.gzipBytes > LATER_CHUNK_MAX_BYTES);
  return [
    ...(bytes > FIRST_LOAD_MAX_BYTES
      ? [`${page} first loads ${bytes} bytes of script, at most ${FIRST_LOAD_MAX_BYTES}: ${parts}`]
      : []),
    ...later.map(({ file, gzipBytes }) => `${file} has ${gzipBytes} bytes, at most ${LATER_CHUNK_MAX_BYTES}`),
  ];
}
