import type { TaskView } from '#protocols/http/task.ts';
import { shortCost, shortCount, shortSpan } from '../data/figures.ts';
import type { GanttRow } from '../data/gantt.ts';
import type { Plan } from '../data/plan-figures.ts';
import { TASK_LOOK } from '../data/state-words.ts';
import { type Column, DataTable } from './data-table.tsx';
import { StateWord } from './state-word.tsx';

export interface PlanTableProps {
  plan: Plan;
  taskOf: (id: string) => TaskView | undefined;
  rowOf: (id: string) => GanttRow | undefined;
  selectedId: string | null;
  onSelect: (id: string) => void;
  onOpen: (id: string) => void;
}

type Row = Plan['tasks'][number];

/** All that graph and Gantt show, as a table. */
export function PlanTable(props: PlanTableProps) {
  return (
    <DataTable
      name="tasks"
      items={props.plan.tasks}
      columns={columnsOf(props)}
      selectedId={props.selectedId}
      onSelect={props.onSelect}
      onOpen={(task) => props.onOpen(task.id)}
      hasKeys={false}
    />
  );
}

function columnsOf(props: PlanTableProps): readonly Column<Row>[] {
  const placeOf = (id: string) => props.plan.placeOf.get(id) ?? 0;
  const span = (ms: number | undefined) => (ms ? shortSpan(ms / 1_000) : '');
  return [
    { name: 'State', width: '13ch', cell: (task) => <StateWord look={TASK_LOOK[task.state]} /> },
    { name: 'Task', cell: (task) => <span title={task.title}>{task.title}</span> },
    {
      name: 'Waits for',
      isExtra: true,
      cell: (task) => (
        <span class="dim">
          {task.depends_on.map((id) => props.plan.tasks[placeOf(id)]?.title ?? id).join(', ') || '–'}
        </span>
      ),
    },
    {
      name: 'Slack',
      width: '9ch',
      isNumber: true,
      isExtra: true,
      cell: (task) =>
        props.plan.isCritical[placeOf(task.id)] ? (
          <b title="on the critical path">◆ none</b>
        ) : (
          `${(props.plan.slackHours[placeOf(task.id)] ?? 0).toFixed(1)} h`
        ),
    },
    {
      name: 'Agent',
      width: '18ch',
      isExtra: true,
      cell: (task) => <span class="dim">{task.agent_id ?? '–'}</span>,
    },
    { name: 'Try', width: '5ch', isNumber: true, cell: (task) => task.attempt || '' },
    {
      name: 'Done',
      width: '8ch',
      isNumber: true,
      cell: (task) => {
        const percent = props.taskOf(task.id)?.percent;
        return percent == null ? '' : `${Math.round(percent)} %`;
      },
    },
    {
      name: 'Waited',
      width: '8ch',
      isNumber: true,
      isExtra: true,
      cell: (task) => <span class="wait">{span(props.rowOf(task.id)?.queueMs)}</span>,
    },
    {
      name: 'Work',
      width: '8ch',
      isNumber: true,
      isExtra: true,
      cell: (task) => span(props.rowOf(task.id)?.runMs),
    },
    {
      name: 'Tokens',
      width: '7ch',
      isNumber: true,
      isExtra: true,
      cell: ({ usage }) =>
        usage.tokens_in + usage.tokens_out > 0 ? shortCount(usage.tokens_in + usage.tokens_out) : '',
    },
    {
      name: 'Cost',
      width: '8ch',
      isNumber: true,
      isExtra: true,
      cell: ({ usage }) => (usage.cost_usd > 0 ? shortCost(usage.cost_usd) : ''),
    },
  ];
}
