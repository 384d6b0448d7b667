/** `oio task …`: the steps of sessions, and the graph that they form. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { TaskState } from '#protocols/task.ts';
import { type Cli, COMMON, type CommonFlags, describe, oneId, perform, wholeNumber } from '../cli.ts';
import { toTable } from '../output.ts';
import { drawGraph, GRAPH_FORMATS, type GraphFormat } from '../task-graph.ts';

interface ListFlags extends CommonFlags {
  readonly session?: string;
  readonly agent?: string;
  readonly state?: readonly (typeof TaskState.options)[number][];
  readonly page: number;
  readonly limit: number;
}

const ls = buildCommand({
  docs: describe({
    brief: 'List tasks, the newest first',
    examples: [
      'oio task ls --session s-1',
      'oio task ls --state in_progress,failed',
      'oio task ls --agent AGENT-ADA --json',
    ],
  }),
  parameters: {
    flags: {
      ...COMMON,
      session: { kind: 'parsed', parse: String, brief: 'Of this session', placeholder: 'ID', optional: true },
      agent: { kind: 'parsed', parse: String, brief: 'At this agent', placeholder: 'ID', optional: true },
      state: {
        kind: 'enum',
        values: TaskState.options,
        brief: 'Only these states',
        optional: true,
        variadic: ',',
      },
      page: { kind: 'parsed', parse: wholeNumber(1, 1_000_000), brief: 'Page, from 1', default: '1' },
      limit: { kind: 'parsed', parse: wholeNumber(1, 100), brief: 'How many on a page', default: '20' },
    },
  },
  async func(this: Cli, flags: ListFlags) {
    await perform(this, flags, async ({ api, out }) => {
      const page = await api.listTasks({
        session: flags.session,
        agent: flags.agent,
        state: flags.state ? [...flags.state] : undefined,
        page: flags.page,
        page_size: flags.limit,
      });
      out.json(page);
      const rows = page.items.map((task) => [
        task.id,
        task.state,
        task.percent === null ? null : `${task.percent} %`,
        task.agent_id,
        task.title,
      ]);
      out.line(toTable(['ID', 'STATE', 'DONE', 'AGENT', 'TITLE'], rows));
      if (page.pages > page.page) {
        out.note(`${page.total} in all; --page ${page.page + 1} shows the next ones`);
      }
    });
  },
});

const graph = buildCommand({
  docs: describe({
    brief: 'Show which tasks of a session wait for which',
    more: 'As a list in the order of the plan, or for a program that draws: Mermaid or Graphviz.',
    examples: ['oio task graph s-1', 'oio task graph s-1 --format mermaid', 'oio task graph s-1 --json'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      format: { kind: 'enum', values: GRAPH_FORMATS, brief: 'How it is written', default: 'text' },
    },
    positional: oneId('session'),
  },
  async func(this: Cli, flags: CommonFlags & { readonly format: GraphFormat }, id: string) {
    await perform(this, flags, async ({ api, out }) => {
      const found = await api.getSessionGraph({ id });
      const isEmpty = found.nodes.length === 0;
      out.both(
        found,
        isEmpty ? 'it has no tasks yet: they come when it is started' : drawGraph(found, flags.format),
      );
      if (!isEmpty && flags.format === 'text')
        out.note(`* critical path; ${found.remaining_hours} h of it are left`);
    });
  },
});

export const taskRoutes = buildRouteMap({
  routes: { ls, graph },
  docs: { brief: 'Tasks: the steps of sessions' },
});
