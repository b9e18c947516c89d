/** A user group counts by its id, or by the handle it had first; a handle that another group has taken lets in no one. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDirectory } from '../../src/directory/people.ts';
import { createWorkspace } from '../../src/slack/directory/workspace.ts';
import { createEmailBindings } from '../../src/application/identity/email-bindings.ts';
import { createUnreadableGroups } from '../../src/application/identity/unreadable-groups.ts';
import { forgetfulFacts } from '../support/facts.ts';
import { createHandleBindings } from '../../src/application/identity/user-group-bindings.ts';
import { isDomainError } from '../../src/domain/errors.ts';
import { newId } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { POLICY, policyOf, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
let database: pg.Client;
beforeEach(async () => {
  rig = await startRig();
  database = new pg.Client({ connectionString: rig.databaseUrl });
  await database.connect();
});
afterEach(async () => {
  await database.end();
  await rig.stop();
});

const naming = (ref: string): void => rig.setPolicy(POLICY.replace('slack_usergroup: sre', `slack_usergroup: ${ref}`));
const group = (
  handle: string,
  { id, member = 'U0SAM', isDisabled = false }: { id: string; member?: string; isDisabled?: boolean },
) => {
  const { usergroups, team } = rig.slack.state;
  usergroups.set(id, { id, teamId: team.id, handle, name: handle, members: [member], isDisabled });
};
const rename = (id: string, handle: string): void => {
  const found = rig.slack.state.usergroups.get(id);
  if (found) found.handle = handle;
};
const disable = (id: string): void => {
  const found = rig.slack.state.usergroups.get(id);
  if (found) found.isDisabled = true;
};

/** User ids, or why there are none. */
const whoIs = async (directory = rig.directory): Promise<string | string[]> => {
  try {
    return (await directory.members([{ kind: 'group', name: 'sre' }], null)).map(({ userId }) => userId);
  } catch (error) {
    if (!isDomainError(error) || error.code !== 'lookup_failed') throw error;
    return String(error.facts.why);
  }
};
const news = async (): Promise<string[][]> =>
  (
    await database.query<{ lines: string[] }>("select lines from announcements where kind = 'user_group_moved'")
  ).rows.map(({ lines }) => lines);

const dataOf = async (where: string, values: string[] = []): Promise<unknown[]> =>
  (await database.query<{ data: string }>(`select data from audit_events where ${where}`, values)).rows.map(
    ({ data }): unknown => JSON.parse(data),
  );

describe('a user group of the policy', () => {
  it.each(['S0SRE', 'sre', '@sre', 'SRE'])('is found as %s', async (ref) => {
    naming(`"${ref}"`);
    expect(await whoIs()).toEqual(['U0RITA']);
  });

  it('by its id is no other, whatever handle the other has', async () => {
    group('s0sre', { id: 'S0EVE' });
    naming('S0SRE');
    expect(await whoIs()).toEqual(['U0RITA']);
    rig.slack.state.usergroups.delete('S0SRE');
    expect(await whoIs()).toMatch(/no user group with the id S0SRE/);
    group('S0SRE', { id: 'S0EVE2' });
    expect(await whoIs()).toMatch(/no user group with the id S0SRE/);
  });

  it.each(['S0614TZR7', 'SAZ94GDB8', 'SABCDEFGH'])('that looks like the id %s is never a handle', async (ref) => {
    group(ref.toLowerCase(), { id: 'S0EVE' });
    naming(ref);
    expect(await whoIs()).toContain(`no user group with the id ${ref}`);
  });

  it('is not found by an id in another case: what is to be written is said', async () => {
    group('s0sre', { id: 'S0EVE' });
    naming('s0sre');
    expect(await whoIs()).toContain('must write the id as S0SRE');
  });

  it.each(['\u017fre', 's\u0433e', 'sre ops', 'sre.'])(
    'is not found by what only looks like its handle: %s',
    async (ref) => {
      naming(`"${ref}"`);
      expect(await whoIs()).toMatch(/Slack has no user group/);
    },
  );

  it('that is disabled lets in no one, by id or handle', async () => {
    disable('S0SRE');
    expect(await whoIs()).toContain('The user group sre is disabled');
    naming('S0SRE');
    expect(await whoIs()).toContain('The user group S0SRE is disabled');
  });
});

describe('a handle that another group has taken', () => {
  const take = async (): Promise<void> => {
    expect(await whoIs()).toEqual(['U0RITA']);
    rename('S0SRE', 'sre-old');
    group('sre', { id: 'S0EVE' });
  };

  it('lets in no one, in any process, and admins are told once how to settle it', async () => {
    await take();
    const store = rig.store;
    const ids = { next: newId };
    const other = createDirectory({
      workspace: createWorkspace(rig.connection.client, rig.connection.limits),
      teamId: () => rig.slack.state.team.id,
      policy: () => policyOf(POLICY),
      book: createEmailBindings({ store, ids }),
      handles: createHandleBindings({ store, ids }),
      unreadable: createUnreadableGroups({ store, ids: { next: newId }, policy: () => policyOf(POLICY) }),
      onCall: { pagerduty: null, opsgenie: null },
      facts: forgetfulFacts,
      log: createLog('silent'),
    });
    for (const directory of [rig.directory, other, rig.directory, other])
      expect(await whoIs(directory)).toContain('The handle sre was the user group S0SRE and is S0EVE now');
    const sam = await rig.directory.person('U0SAM');
    expect(await rig.directory.groupsOf(sam, ['sre'])).toMatchObject({ groups: [], unknownGroups: ['sre'] });
    expect(await news()).toEqual([
      [
        'The handle sre was the user group S0SRE and is S0EVE now, so it counts for no one.',
        'If S0EVE is right, write slack_usergroup: S0EVE in the policy; if S0SRE is right, write slack_usergroup: S0SRE.',
      ],
    ]);
    expect(await dataOf("type = 'user_group.moved'")).toEqual([{ handle: 'sre', before: 'S0SRE', found: 'S0EVE' }]);
  });

  it('lets in those of the group whose id an admin writes', async () => {
    await take();
    naming('S0EVE');
    expect(await whoIs()).toEqual(['U0SAM']);
    naming('S0SRE');
    expect(await whoIs()).toEqual(['U0RITA']);
  });

  it('after the first was deleted or disabled is as little the first', async () => {
    expect(await whoIs()).toEqual(['U0RITA']);
    disable('S0SRE');
    group('sre', { id: 'S0EVE' });
    expect(await whoIs()).toContain('is S0EVE now');
    rig.slack.state.usergroups.delete('S0SRE');
    expect(await whoIs()).toContain('is S0EVE now');
  });

  it('and gives back lets in the first again; each group that takes it is told of', async () => {
    await take();
    await whoIs();
    rig.slack.state.usergroups.delete('S0EVE');
    rename('S0SRE', 'sre');
    expect(await whoIs()).toEqual(['U0RITA']);
    rename('S0SRE', 'sre-old');
    group('sre', { id: 'S0MAL' });
    expect(await whoIs()).toContain('is S0MAL now');
    expect(await news()).toHaveLength(2);
  });

  it('is bound once by many processes at first sight', async () => {
    const books = [1, 2, 3, 4].map(() => createHandleBindings({ store: rig.store, ids: { next: newId } }));
    const bound = await Promise.all(
      books.map((book, index) => book.bind('T1', { handle: 'new', groupId: `S0${index}` })),
    );
    expect(new Set(bound).size).toBe(1);
  });
});

describe('the record of a decision', () => {
  const MANAGED = POLICY.replace(
    'rules:\n',
    `manager_field: Manager
rules:
  - { name: SRE reads, match: { roles: ["orders-db/read"], groups: [sre] }, approve: true }
  - { name: Ask the manager, match: { roles: ["users-db/read"] }, approvals: [{ from: manager }] }
`,
  );
  const wanted = { durationMs: null, reason: 'checkout errors since two', ticket: 'OPS-1', idempotencyKey: null };
  const ask = async (userId: string, target: string): Promise<string> => {
    const result = await rig.useCases.createRequest({ ...wanted, userId, target, role: 'read' });
    if (result.outcome !== 'sent') throw new Error(`not sent: ${result.outcome}`);
    return result.view.request.id;
  };
  const decided = async (id: string): Promise<unknown> =>
    (await dataOf("request_id = $1 and type in ('request.approved', 'request.denied')", [id]))[0];

  it.each(['sre', 'S0SRE'])('names the id of the user group that counted, written as %s', async (ref) => {
    rig.setPolicy(MANAGED.replace('slack_usergroup: sre', `slack_usergroup: ${ref}`));
    const id = await ask('U0RITA', 'orders-db');
    expect(await decided(id)).toMatchObject({ rule: 'SRE reads', userGroups: { sre: 'S0SRE' } });
  });

  it.each(['approve', 'deny'] as const)('names the manager whom the profile gave: %s', async (kind) => {
    rig.setPolicy(MANAGED);
    rig.slack.changePerson('ada', { fields: { Manager: { value: 'U0SAM', alt: '' } } });
    const id = await ask('U0ADA', 'users-db');
    await rig.useCases.vote({ userId: 'U0SAM', requestId: id, kind, reason: kind === 'deny' ? 'not now' : null });
    const teamId = rig.slack.state.team.id;
    expect(await decided(id)).toMatchObject({ managers: [`${teamId}:U0SAM`] });
  });
});
