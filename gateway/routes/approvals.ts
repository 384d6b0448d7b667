/** Approvals: what agents ask of people, the answers to it, and the policy of what needs no person. */
import { Approval, POLICY_ID, StoredPolicy } from '#protocols/approval.ts';
import {
  ApprovalListQuery,
  ApprovalPage,
  ApprovalParams,
  ApprovalView,
  DecidedView,
  DecisionBody,
  PolicyBody,
  PolicyView,
  toPolicyView,
} from '#protocols/http/approval.ts';
import { Task } from '#protocols/task.ts';
import { acceptMessage } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  type GatewayContext,
  readAsked,
  readState,
} from '../context.ts';
import {
  COMMAND_PROBLEMS,
  CREATE_PROBLEMS,
  json,
  LIST_PROBLEMS,
  READ_PROBLEMS,
  Refused,
  unwrap,
} from '../failures.ts';
import { readPlace, toListedPage } from '../list-page.ts';

const ROOT = `${API_PREFIX}/approvals`;
const POLICY = `${ROOT}/${POLICY_ID}`;
const tags = ['approvals'];

export function approvalRoutes(app: App, context: GatewayContext): void {
  addList(app, context);
  addGetPolicy(app, context);
  addPutPolicy(app, context);
  addGet(app, context);
  addDecide(app, context);
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listApprovals',
        tags,
        summary: 'List what agents asked of people',
        description:
          'What rules decided is not among them: that is an event of its task, `approval_decided`.',
        querystring: ApprovalListQuery,
        response: { 200: json('A page of approvals.', ApprovalPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { state, session, task, kind, search } = request.query;
      const labels = [...(task ? [`task:${task}`] : []), ...(kind ? [`kind:${kind}`] : [])];
      const found = await context.client.list({
        tenant: context.tenant,
        type: 'approval',
        ...(state && state.length > 0 && { status: state }),
        ...(session && { parent: session }),
        ...(search && { search }),
        ...(labels.length > 0 && { labels }),
        ...readPlace(ROOT, request.query),
      });
      const items = found.items.map((stored) => readState(Approval, stored));
      return toListedPage(ROOT, request.query, { found, items });
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'getApproval',
        tags,
        summary: 'Get what an agent asked',
        params: ApprovalParams,
        response: { 200: json('What was asked, and what came of it.', ApprovalView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const approval = await findApproval(context, request.params.id);
      return approval.state === 'pending' ? withLatest(context, approval) : approval;
    },
  );
}

function addDecide(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/decision`,
    {
      schema: {
        operationId: 'decideApproval',
        tags,
        summary: 'Decide on a permission, or answer a question',
        description:
          'The first word decides; a later one is refused with what was decided. `allow_always` holds for the session: ' +
          'what waits in it and is like this is allowed, too. The audit keeps who decided what, and why.',
        headers: CommandHeaders,
        params: ApprovalParams,
        body: DecisionBody,
        response: { 200: json('What was decided.', DecidedView), ...COMMAND_PROBLEMS },
      },
    },
    async (request) => {
      const { task_id, id } = await findApproval(context, request.params.id);
      const message = { type: 'decide', approval_id: id, ...request.body };
      const to = addressOf(context, 'task', task_id);
      return DecidedView.parse(
        unwrap(await context.client.ask(acceptMessage(readAsked(context, request), to, message))),
      );
    },
  );
}

function addGetPolicy(app: App, context: GatewayContext): void {
  app.get(
    POLICY,
    {
      schema: {
        operationId: 'getApprovalPolicy',
        tags,
        summary: 'Get what needs no person',
        response: { 200: json('The policy.', PolicyView), ...LIST_PROBLEMS },
      },
    },
    async () => {
      const stored = await context.client.get(addressOf(context, 'approval-policy', POLICY_ID));
      return toPolicyView(stored && readState(StoredPolicy, stored));
    },
  );
}

function addPutPolicy(app: App, context: GatewayContext): void {
  app.put(
    POLICY,
    {
      schema: {
        operationId: 'setApprovalPolicy',
        tags,
        summary: 'Set what needs no person',
        description:
          'Holds for every request from then on, of tasks at work, too. What waits for a person goes on waiting. A ' +
          'denial here is not lifted by what people allow for a session.',
        headers: CommandHeaders,
        body: PolicyBody,
        response: { 200: json('The policy as it is now.', PolicyView), ...CREATE_PROBLEMS },
      },
    },
    async (request) => {
      const to = addressOf(context, 'approval-policy', POLICY_ID);
      const command = acceptMessage(readAsked(context, request), to, { type: 'set', ...request.body });
      return toPolicyView(StoredPolicy.parse(unwrap(await context.client.ask(command))));
    },
  );
}

async function findApproval(context: GatewayContext, id: string): Promise<Approval> {
  const stored = await context.client.get(addressOf(context, 'approval', id));
  if (stored) return readState(Approval, stored);
  throw new Refused({ code: 'APPROVAL_NOT_FOUND', detail: `there is no approval ${id}` });
}

/** Its task decides, and its row hears of it a moment later: who has just decided reads the decision. */
async function withLatest(context: GatewayContext, approval: Approval): Promise<Approval> {
  const stored = await context.client.get(addressOf(context, 'task', approval.task_id));
  const request = stored && readState(Task, stored).requests.find(({ id }) => id === approval.id);
  if (!request || request.state === 'judging' || !request.decision) return approval;
  const { state, decision } = request;
  return { ...approval, state, decision, updated_at: decision.at };
}
