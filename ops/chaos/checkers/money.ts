/** Money: the total is what was paid in, each balance follows from what went out and came in, each payment came once. Pure. */
import type { Violation } from './violation.ts';

export interface Account {
  readonly balance: number;
  readonly ops: readonly string[];
  readonly sent: Readonly<Record<string, number>>;
  readonly received: Readonly<Record<string, number>>;
  readonly disorder: readonly string[];
}

export type Accounts = ReadonlyMap<string, Account>;

/** At rest: nothing is on its way. `deposits`: amount by operation. */
export function checkMoneyAtRest(accounts: Accounts, deposits: ReadonlyMap<string, number>): Violation[] {
  const violations = checkPayments(accounts, 'rest');
  let [total, paidIn] = [0, 0];
  for (const { balance, ops } of accounts.values()) {
    total += balance;
    for (const op of ops) paidIn += deposits.get(op) ?? 0;
  }
  if (total !== paidIn) violations.push({ kind: 'money', text: `${total} is there, ${paidIn} was paid in` });
  for (const [id, { disorder }] of accounts) {
    for (const text of disorder) violations.push({ kind: 'disorder', text: `${id}: ${text}` });
  }
  return violations;
}

/** All accounts as one transaction saw them: a payment may be on its way, but none came that was not sent. */
export function checkMoneyInCut(accounts: Accounts): Violation[] {
  return checkPayments(accounts, 'cut');
}

function checkPayments(accounts: Accounts, when: 'rest' | 'cut'): Violation[] {
  const violations: Violation[] = [];
  const compare = (from: string, to: string): void => {
    const sent = accounts.get(from)?.sent[to] ?? 0;
    const came = accounts.get(to)?.received[from] ?? 0;
    if (came > sent || (when === 'rest' && came < sent)) {
      violations.push({
        kind: 'effect',
        text: `${from} sent ${sent} payments to ${to}, ${came} came (${when})`,
      });
    }
  };
  for (const [from, { sent }] of accounts) for (const to of Object.keys(sent)) compare(from, to);
  for (const [to, { received }] of accounts) {
    for (const from of Object.keys(received)) if (!accounts.get(from)?.sent[to]) compare(from, to);
  }
  return violations;
}
