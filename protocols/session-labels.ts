/** How a session is labelled for lists: one spelling for who writes and who asks. */
type Name = 'type' | 'priority' | 'by' | 'model' | 'tag' | 'verdict';

export function sessionLabel(name: Name, value: string): string {
  return `${name}:${value.replaceAll(/[\r\n]/g, ' ')}`;
}
