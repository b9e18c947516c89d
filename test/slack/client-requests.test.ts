/** A client requests, and people decide in Slack: at the level of verbs, as its door will call them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClientCaller } from '../../src/application/identity/caller.ts';
import type { RequestView } from '../../src/application/record/request-view.ts';
import type { ClientJob } from '../../src/domain/principals/client.ts';
import { CLIENT_SECTIONS, jobCaller } from '../support/client-caller.ts';
import { codeOf } from '../support/refusal.ts';
import { withClient } from '../support/world.ts';
import { POLICY, seen, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const CLIENTS = `${CLIENT_SECTIONS}accounts: { github: { "2001": olga@acme.test, "2002": sam@acme.test } }
rules:
  - name: Users are free for main
    match: { roles: ["users-db/read"], clients: [api-deploy] }
    when: 'client.ref == "refs/heads/main"'
    approve: true
`;
const WITH_CLIENTS = POLICY.replace('rules:\n', CLIENTS);
let rig: Rig;
let deploys: string;
beforeEach(async () => {
  rig = await startRig({ policy: WITH_CLIENTS });
  const channel = rig.slack.as('rita').createChannel('deploys');
  deploys = channel.id;
  rig.slack.as('rita').invite(deploys, rig.slack.app.botUserId);
});
afterEach(() => rig.stop());

const session = (job: Partial<ClientJob> = {}, startedBy: string[] = [], channel: string | null = '#deploys') =>
  jobCaller(job, startedBy, channel);

const request = (caller: ClientCaller, target = 'orders-db') =>
  rig.verbs.createRequest({
    caller,
    target,
    role: 'read',
    durationMs: null,
    reason: 'migrate the orders',
    ticket: null,
    idempotencyKey: null,
  });

const sent = async (caller: ClientCaller, target?: string): Promise<RequestView> => {
  const result = await request(caller, target);
  if (result.outcome !== 'sent') throw new Error(`not sent: ${result.outcome}`);
  return result.view;
};

const vote = (userId: string, requestId: string, kind: 'approve' | 'deny' = 'approve') =>
  rig.useCases.vote({ userId, requestId, kind, reason: kind === 'deny' ? 'not now' : null });

const lastIn = (channel: string): string => seen(rig.slack.as('rita').messages(channel).at(-1));

describe('a request of a client', () => {
  test('is approved in Slack, gives credentials to its job, and ends when the job gives it back', async () => {
    const caller = session();
    const { request: made } = await sent(caller);
    await rig.settle();
    const asked = seen(rig.slack.as('olga').messages('prod-access').at(-1));
    for (const part of [
      'api-deploy',
      'acme/api',
      'deploy.yml',
      'refs/heads/main',
      'f00dfacef00d',
      'production',
      '4711',
    ])
      expect(asked).toContain(part);
    expect(asked).toContain('octo&lt;cat&gt;');
    expect(asked).toContain('https://github.com/acme/api/actions/runs/4711');
    expect(lastIn(deploys)).toContain('Waiting for approval');
    expect((await vote('U0OLGA', made.id)).outcome).toBe('decided');
    await rig.settle();
    const { grant } = await rig.verbs.ownRequest({ caller, requestId: made.id });
    expect(grant).toMatchObject({ state: 'active', granteeId: 'client:api-deploy' });
    const shown = await rig.verbs.showCredentials({ caller, grantId: grant?.id ?? '' });
    expect(shown.credentials.fields.map(({ label }) => label)).toEqual(['User', 'Password']);
    await rig.verbs.end({ caller, id: grant?.id ?? '', cause: 'done', reason: null });
    await rig.settle();
    const over = await rig.verbs.ownRequest({ caller, requestId: made.id });
    expect(over.grant).toMatchObject({ state: 'removed', endCause: 'done', endOutcome: 'removed' });
    expect(over.endedBy).toMatchObject({ kind: 'client', name: 'api-deploy' });
    expect(lastIn(deploys)).toContain('Ended');
    expect(await rig.auditTypes(made.id)).toContain('credentials.shown');
    // Nobody is written to in its place.
    expect(rig.slack.as('ada').dmsWithApp()).toEqual([]);
  });

  test('is told apart from that of another job of the same client', async () => {
    const { request: made } = await sent(session());
    await vote('U0OLGA', made.id);
    await rig.settle();
    const other = session({ key: '456789/4712/1/migrate', run: '4712' });
    const grantId = (await rig.store.read.view(made.id))?.grant?.id ?? '';
    expect(await codeOf(rig.verbs.ownRequest({ caller: other, requestId: made.id }))).toBe('request_not_found');
    expect(await codeOf(rig.verbs.showCredentials({ caller: other, grantId }))).toBe('not_your_grant');
    expect(await codeOf(rig.verbs.end({ caller: other, id: grantId, cause: 'done', reason: null }))).toBe(
      'not_your_grant',
    );
    expect(await codeOf(rig.verbs.end({ caller: other, id: grantId, cause: 'revoked', reason: null }))).toBe(
      'not_your_grant',
    );
    expect(await codeOf(rig.verbs.cancel({ caller: other, requestId: made.id }))).toBe('not_your_request');
    // The beginning of an id says nothing of what else there is.
    for (const [caller, id] of [
      [other, grantId.slice(0, 3)],
      [session(), grantId.slice(0, 3)],
      [other, ''],
      [other, null],
    ] as const)
      expect(await codeOf(rig.verbs.end({ caller, id, cause: 'done', reason: null }))).toBe('grant_not_found');
  });

  test('is denied, and the channel of the client says by whom', async () => {
    const caller = session();
    const { request: made } = await sent(caller);
    await rig.settle();
    await vote('U0SAM', made.id, 'deny');
    await rig.settle();
    expect((await rig.verbs.ownRequest({ caller, requestId: made.id })).request.state).toBe('denied');
    expect(lastIn(deploys)).toContain('Denied');
  });

  test('is taken back by its job', async () => {
    const caller = session();
    const { request: made } = await sent(caller);
    expect((await rig.verbs.cancel({ caller, requestId: made.id })).view.request.state).toBe('cancelled');
  });

  test('expires undecided', async () => {
    const caller = session();
    const { request: made } = await sent(caller);
    await withClient(rig.databaseUrl, (client) => client.query('update requests set lapses_at = clock_timestamp()'));
    await rig.verbs.sweep();
    await rig.settle();
    expect((await rig.verbs.ownRequest({ caller, requestId: made.id })).request.state).toBe('lapsed');
    expect(lastIn(deploys)).toContain('Expired');
  });

  test('counts against the limits of the client, and of nobody else', async () => {
    rig.setPolicy(WITH_CLIENTS.replace('open_requests: 1000', 'open_requests: 1'));
    await sent(session());
    expect(await codeOf(request(session({ key: 'another', run: '4713' })))).toBe('open_requests_reached');
    const wanted = { target: 'orders-db', role: 'read', durationMs: null, reason: 'checkout errors', ticket: null };
    const own = await rig.useCases.createRequest({ ...wanted, userId: 'U0ADA', idempotencyKey: null });
    expect(own.outcome).toBe('sent');
  });

  test('is approved by a rule whose condition its job meets, and by no other job', async () => {
    const { request: made } = await sent(session(), 'users-db');
    expect(made).toMatchObject({ state: 'approved', rule: 'Users are free for main' });
    const branch = await sent(session({ key: 'branch', ref: 'refs/heads/fix' }), 'users-db');
    expect(branch.request).toMatchObject({ state: 'pending', rule: 'Everything else needs one owner' });
  });
});

test('a client that left the policy gets nothing that it requested before', async () => {
  const { request: made } = await sent(session());
  rig.setPolicy(POLICY);
  expect((await vote('U0OLGA', made.id)).outcome).toBe('decided');
  const view = await rig.store.read.view(made.id);
  expect(view?.request.state).toBe('denied');
  expect(view?.decision?.reason).toBe('This client is not in the policy.');
  expect(view?.grant).toBeNull();
});

describe('the people behind a job', () => {
  test.each([
    ['an address', 'olga@acme.test'],
    ['an address with a tag', 'Olga+ci@acme.test'],
    ['a Slack id', 'U0OLGA'],
  ])('never approve it, named by %s', async (_how, ref) => {
    const { request: made } = await sent(session({}, [ref]));
    expect(await codeOf(vote('U0OLGA', made.id))).toBe('own_request');
    expect((await vote('U0SAM', made.id)).outcome).toBe('decided');
  });

  test('leave nobody who could approve, and then it is refused', async () => {
    expect(await codeOf(request(session({}, ['olga@acme.test', 'U0SAM'])))).toBe('nobody_can_approve');
  });
});

test('without a channel of its own nothing but the approval message is posted', async () => {
  const { request: made } = await sent(session({}, [], null));
  await rig.settle();
  await vote('U0OLGA', made.id);
  await rig.settle();
  expect(rig.slack.as('rita').messages(deploys)).toHaveLength(0);
  expect(seen(rig.slack.as('olga').messages('prod-access').at(-1))).toContain('Active');
});

test('a list names the client and its job', async () => {
  await sent(session());
  const { waitingForMe } = await rig.useCases.overview({ userId: 'U0OLGA' });
  expect(waitingForMe.map(({ requester }) => requester.name)).toEqual(['api-deploy']);
  rig.slack.as('olga').openHome();
  const home = (): string => JSON.stringify(rig.slack.as('olga').home() ?? null);
  await rig.slack.waitFor(() => home().includes('api-deploy'), { what: 'the client on the home tab' });
  for (const part of ['acme/api', 'refs/heads/main', 'f00dfac']) expect(home()).toContain(part);
});
