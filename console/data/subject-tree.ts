/** What passes, by subject: events and messages, each by type of actor, each by name. Pure. */
export interface SubjectNode {
  readonly name: string;
  /** Shows exactly what is counted here. */
  readonly filter: string;
  readonly perSecond: number;
  readonly children: readonly SubjectNode[];
}

const ROOTS = { evt: 'events', tap: 'messages' } as const;

/** Of counts by filter over so many seconds. Branches in the order of their names, so that they stay where they are. */
export function buildSubjectTree(totals: ReadonlyMap<string, number>, seconds: number): SubjectNode[] {
  return Object.entries(ROOTS).flatMap(([root, name]) => {
    const keys = [...totals].filter(([key]) => key.startsWith(`${root}.`));
    const tenant = keys[0]?.[0].split('.')[1];
    if (tenant === undefined) return [];
    const types = Object.entries(Object.groupBy(keys, ([key]) => key.split('.')[2] ?? ''));
    const children = types.map(([type, found = []]) => {
      const leaves = found.map(([key, count]) => ({
        name: key.split('.').slice(4).join('.'),
        filter: key,
        perSecond: count / seconds,
        children: [],
      }));
      return node(type, `${root}.${tenant}.${type}.>`, leaves);
    });
    return [node(name, `${root}.${tenant}.>`, children)];
  });
}

function node(name: string, filter: string, children: readonly SubjectNode[]): SubjectNode {
  const perSecond = children.reduce((sum, child) => sum + child.perSecond, 0);
  return { name, filter, perSecond, children: children.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Under a tenth one says how seldom, not how often. */
export function rateOf(perSecond: number): string {
  if (perSecond === 0) return '·';
  if (perSecond < 0.1) return '<0.1';
  return perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}
