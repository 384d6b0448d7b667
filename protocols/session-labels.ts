type Name = 'type' | 'priority' | 'by' | 'model' | 'tag' | 'verdict';

/** How a session is labelled for lists: one spelling for who writes and who asks. */
export function sessionLabel(name: Name, value: string): string {
  return `${name}:${value.replaceAll(/[\r\n]/g, ' ')}`;
}
