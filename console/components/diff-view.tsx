import { createEffect, createMemo, createSignal, For, Match, on, Show, Switch } from 'solid-js';
import type { TaskView } from '#protocols/http/task.ts';
import type { Phase } from '../data/create-listing.ts';
import { sessionApi } from '../data/session-api.ts';
import { type DiffFile, type DiffRow, parseDiff, rowsOfDiff } from '../data/unified-diff.ts';
import { createKeys } from '../keyboard.ts';
import { ListingNotice } from './listing-notice.tsx';
import { WindowedRows } from './windowed-rows.tsx';

export interface DiffViewProps {
  /** Tasks in the order of the plan. */
  tasks: readonly TaskView[];
  selectedTask: string | null;
  onSelect: (taskId: string) => void;
  /** Path of the file that is shown; '': the first. */
  file: string;
  onFile: (path: string) => void;
}

const ROW_PX = 18;
/** Larger patches are for other programs than this one. */
const PATCH_BYTES_MAX = 4 * 1_024 * 1_024;

/** What a task changed, as its patch says it: files on top, their lines below. */
export function DiffView(props: DiffViewProps) {
  const withPatch = createMemo(() => props.tasks.flatMap((task) => patchOf(task) ?? []));
  const source = createMemo(
    () => withPatch().find(({ task }) => task.id === props.selectedTask) ?? withPatch().at(-1) ?? null,
  );
  const patch = createPatch(source);
  const rows = createMemo(() => rowsOfDiff(patch.files()));
  const at = () =>
    Math.max(
      0,
      patch.files().findIndex(({ path }) => path === props.file),
    );
  const shownIndex = () => rows().findIndex((row) => row.type === 'file' && row.index === at());
  const step = (by: number) => {
    const next = patch.files()[Math.min(patch.files().length - 1, Math.max(0, at() + by))];
    if (next) props.onFile(next.path);
  };
  createKeys('Diff', [
    { key: ']', help: 'next file', act: () => step(1) },
    { key: '[', help: 'file before', act: () => step(-1) },
  ]);
  const isOther = () => props.selectedTask !== null && source()?.task.id !== props.selectedTask;
  return (
    <>
      <div class="tools">
        <label class="choice">
          <span class="legend">patch of</span>
          <select onChange={(event) => props.onSelect(event.currentTarget.value)}>
            <For each={withPatch()}>
              {({ task }) => (
                <option value={task.id} selected={task.id === source()?.task.id}>
                  {task.title}
                </option>
              )}
            </For>
          </select>
        </label>
        <Show when={patch.files().length > 0}>
          <Totals files={patch.files()} />
        </Show>
        <Show when={source()}>
          {(one) => (
            <a class="push" href={one().href} download={one().name}>
              ↓ {one().name}
            </a>
          )}
        </Show>
      </div>
      <Show when={isOther() && source()}>
        <p class="note dim">The selected task left no patch; this is the last one that there is.</p>
      </Show>
      <Switch>
        <Match when={withPatch().length === 0}>
          <p class="notice">
            <strong>NO PATCH YET</strong>A task that changed files leaves its patch when it ends.
          </p>
        </Match>
        <Match when={patch.phase().state !== 'ready'}>
          <ListingNotice phase={patch.phase()} isEmpty={false} what="PATCH" onRetry={patch.read} empty="" />
        </Match>
        <Match when={patch.files().length === 0}>
          <p class="notice">
            <strong>NOTHING CHANGED</strong>The patch is empty.
          </p>
        </Match>
        <Match when={true}>
          <FileList files={patch.files()} at={at()} onFile={props.onFile} />
          <WindowedRows name="Changes" class="diff" rows={rows()} rowPx={ROW_PX} shownIndex={shownIndex()}>
            {(row) => <RowView row={row()} />}
          </WindowedRows>
        </Match>
      </Switch>
    </>
  );
}

interface Source {
  readonly task: TaskView;
  readonly artifactId: string;
  readonly name: string;
  readonly href: string;
  readonly bytes: number;
}

function patchOf(task: TaskView): Source | null {
  const patch = task.artifacts.findLast(({ role }) => role === 'patch');
  if (!patch) return null;
  const { artifact_id: artifactId, name, size_bytes: bytes } = patch;
  return { task, artifactId, name, bytes, href: `/api/v1/tasks/${task.id}/artifacts/${artifactId}` };
}

function createPatch(source: () => Source | null) {
  const [files, setFiles] = createSignal<readonly DiffFile[]>([]);
  const [phase, setPhase] = createSignal<Phase>({ state: 'loading' });
  const read = async () => {
    const one = source();
    if (!one) return;
    if (one.bytes > PATCH_BYTES_MAX) {
      setPhase({ state: 'failed', detail: 'It is too large to be shown here: download it.' });
      return;
    }
    setPhase({ state: 'loading' });
    try {
      const patch = await sessionApi.artifact(one.task.id, one.artifactId);
      if (source()?.artifactId !== one.artifactId) return;
      setFiles(parseDiff(patch));
      setPhase({ state: 'ready' });
    } catch (error) {
      setPhase({ state: 'failed', detail: error instanceof Error ? error.message : String(error) });
    }
  };
  createEffect(
    on(
      () => source()?.artifactId,
      () => void read(),
    ),
  );
  return { files, phase, read: () => void read() };
}

function Totals(props: { files: readonly DiffFile[] }) {
  const sum = (of: 'additions' | 'deletions') => props.files.reduce((total, file) => total + file[of], 0);
  return (
    <span>
      {props.files.length} {props.files.length === 1 ? 'file' : 'files'}{' '}
      <span class="run">+{sum('additions')}</span> <span class="fail">−{sum('deletions')}</span>
    </span>
  );
}

function FileList(props: { files: readonly DiffFile[]; at: number; onFile: (path: string) => void }) {
  return (
    <div class="files">
      <For each={props.files}>
        {(file, index) => (
          <button
            type="button"
            class="row"
            data-file={file.path}
            aria-pressed={index() === props.at}
            onClick={() => props.onFile(file.path)}
          >
            <span class="dim">
              {file.kind === 'modified' ? '~' : file.kind === 'added' ? '+' : file.kind[0]}
            </span>
            <span class="clip">{file.path}</span>
            <span class="run number">+{file.additions}</span>
            <span class="fail number">−{file.deletions}</span>
          </button>
        )}
      </For>
    </div>
  );
}

const SIGNS = { add: '+', delete: '−', same: ' ', note: '\\' } as const;

function RowView(props: { row: DiffRow }) {
  return (
    <Switch>
      <Match when={props.row.type === 'file' && props.row}>
        {(row) => (
          <div class="file-head">
            {row().file.oldPath ? `${row().file.oldPath} → ` : ''}
            {row().file.path} <span class="dim">{row().file.kind}</span>
          </div>
        )}
      </Match>
      <Match when={props.row.type === 'hunk' && props.row}>
        {(row) => (
          <div class="hunk clip">
            {row().hunk.range} <span class="dim">{row().hunk.context}</span>
          </div>
        )}
      </Match>
      <Match when={props.row.type === 'line' && props.row}>
        {(row) => (
          <div class={`code ${row().line.type}`}>
            <span class="dim number">{row().line.oldNumber ?? ''}</span>
            <span class="dim number">{row().line.newNumber ?? ''}</span>
            <b>{SIGNS[row().line.type]}</b>
            <code>{row().line.text}</code>
          </div>
        )}
      </Match>
    </Switch>
  );
}
