/** An account of GitHub or GitLab becomes a person's by a statement in their own gist or snippet, and only ever counts against them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startGitlab } from '../../../sandbox/src/gitlab/gitlab.ts';
import type { Gitlab } from '../../../sandbox/src/gitlab/gitlab.ts';
import { startGithubWorld } from '../../support/github.ts';
import type { GithubWorld } from '../../support/github.ts';
import { storyOf } from '../../support/story.ts';
import { seen } from '../../support/world.ts';

const rulesOf = (issuer: string, address: string): string => `
rules:
  - name: An owner agrees
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
limits: { open_requests: 100, live_grants: 100 }
issuers:
  ci: { kind: github, url: "${issuer}" }
  lab: { kind: gitlab, url: "http://127.0.0.1:1" }
clients:
  api-deploy: { issuer: ci, audience: "${address}", repository: { id: "456789", name: acme/api }, environment: production, refs: [refs/heads/main] }
accounts: { ci: { "9001": ada@acme.test } }
admins: [security]
`;

const OLGA = { id: 1001, login: 'octo-olga' };
const RITA = { id: 2002, login: 'octo-rita' };

let all: GithubWorld;
let gitlab: Gitlab;
beforeAll(async () => {
  gitlab = await startGitlab();
  const token = gitlab.addToken({ id: 500, username: 'latchkey-bot' });
  all = await startGithubWorld(rulesOf, { LATCHKEY_GITLAB_TOKEN: token, LATCHKEY_GITLAB_URL: gitlab.url });
});
afterAll(async () => {
  await all.stop();
  await gitlab.stop();
});
beforeEach(() => {
  all.github.state.fault = null;
});

const answer = async (who: string, line: string): Promise<string> => {
  const { slack } = all.world;
  const own = (): string[] =>
    slack
      .as(who)
      .messages('general')
      .filter(({ ephemeralFor }) => ephemeralFor !== undefined)
      .map(seen);
  const before = own().length;
  await slack.as(who).command('/prod-access', line, 'general');
  return slack.waitFor(() => own().at(before), { what: `an answer to "${line}"` });
};

const statement = async (who: string, kind: 'github' | 'gitlab'): Promise<string> => {
  const text = /```(.*)```/.exec(await answer(who, `link ${kind}`))?.[1];
  if (text === undefined) throw new Error('no statement');
  return text;
};

const gistOf = (owner: { id: number; login: string } | null, files: Record<string, string>): string =>
  `<https://gist.github.com/${owner?.login ?? 'anonymous'}/${all.github.addGist(owner, files).id}>`;

const link = async (who: string, owner = OLGA): Promise<string> =>
  answer(who, `link github ${gistOf(owner, { 'latchkey.txt': `${await statement(who, 'github')}\n` })}`);

const refusals = (): Promise<{ code: string }[]> =>
  all.world.sql(
    `select data::json ->> 'code' as code from audit_events where type = 'account_link.refused' order by id`,
  );
const links = (): Promise<{ login: string; person_id: string; unlinked: boolean }[]> =>
  all.world.sql(
    `select login, person_id, unlinked_at is not null as unlinked from account_links where released_at is null order by linked_at`,
  );

const requestOf = async (actor: { id: number; login: string }): Promise<{ id: string; startedBy: string[] }> => {
  const run = all.github.addRun({ repository: all.repository, actor, starter: actor });
  const session = await all.sessionOf(run, { actor: actor.login });
  const asked = { role: 'orders-db/read', for: '10m', reason: `migration of run ${run.id}` };
  const { body } = await all.call('POST', '/requests', { session, body: asked });
  const id = String(body['id']);
  const [row] = await all.world.sql<{ started_by: string[] }>('select started_by from requests where id = $1', [id]);
  await all.card(`migration of run ${run.id}`);
  return { id, startedBy: row?.started_by ?? [] };
};

describe('a link', () => {
  test('names the person on the card of a job that the account started, and keeps them from approving it', async () => {
    const { slack, sql } = all.world;
    expect(await answer('olga', 'link')).toContain('You have no linked account');
    expect(await link('olga')).toContain('is linked to you. You never approve what it starts');
    expect(await links()).toMatchObject([{ login: 'octo-olga', unlinked: false }]);
    const { id, startedBy } = await requestOf(OLGA);
    expect(startedBy).toContain('olga@acme.test');
    const card = await all.card('octo-olga');
    expect(seen(card)).toMatch(/Started by \*octo-olga\*, who is <@U\w+>/);
    await slack.as('olga').click(card, 'approve');
    const refused = await storyOf(all.world).privately('olga', 'cannot', 'prod-access');
    expect(seen(refused)).toContain('You cannot decide on your own request');
    expect(await sql('select state from requests where id = $1', [id])).toEqual([{ state: 'pending' }]);
    await slack.as('sam').click(card, 'approve');
    await slack.waitFor(
      async () => (await sql(`select 1 from requests where id = $1 and state = 'approved'`, [id])).length,
      {
        what: 'the approval by another owner',
      },
    );
    expect(await sql(`select type from audit_events where type like 'account_link.%' order by id`)).toEqual([
      { type: 'account_link.made' },
    ]);
  });

  test('that was taken back is shown no more, and still counts: only an admin who is another person releases it', async () => {
    expect(await answer('olga', 'unlink github')).toContain('You still never approve what it starts');
    const { startedBy } = await requestOf(OLGA);
    expect(startedBy).toContain('olga@acme.test');
    const card = await all.card('octo-olga');
    expect(seen(card)).not.toContain('who is');
    expect(await answer('rita', 'unlink github 1001')).toContain('admins');
    expect(await answer('rita', 'link list')).toContain('admins');
    expect(await answer('sam', 'link list')).toContain('octo-olga');
    expect(await answer('sam', 'unlink github 1001')).toContain('is no longer linked to');
    expect((await requestOf(OLGA)).startedBy).toEqual([]);
    expect(await answer('sam', 'unlink github 1001')).toContain('is linked');
    await link('sam', { id: 3003, login: 'octo-sam' });
    expect(await answer('sam', 'unlink github 3003')).toContain('another admin has to release it');
  });

  test('of GitLab is proved by a personal snippet that is not private', async () => {
    const author = { id: 77, username: 'olga-lab' };
    const content = await statement('olga', 'gitlab');
    const at = (id: number): string => `link gitlab https://gitlab.com/-/snippets/${id}`;
    const hidden = gitlab.addSnippet({ author, content, visibility: 'private' });
    expect(await answer('olga', at(hidden.id))).toContain('There is no personal snippet at that address');
    const ofProject = gitlab.addSnippet({ author, content, project: 12 });
    expect(await answer('olga', at(ofProject.id))).toContain('There is no personal snippet at that address');
    const own = gitlab.addSnippet({ author, content });
    expect(await answer('olga', at(own.id))).toContain('`olga-lab` (77) is linked to you');
    expect(await answer('olga', 'link')).toContain('GitLab `olga-lab`');
  });
});

describe('a proof is refused', () => {
  test('of another person, changed, with more beside it, used before, anonymous, or nowhere', async () => {
    const mine = await statement('rita', 'github');
    const said = (who: string, place: string) => answer(who, `link github ${place}`);
    // Olga writes what Rita was given: it names Rita, and Olga gets nothing by it.
    expect(await said('olga', gistOf(OLGA, { a: mine }))).toContain('does not hold the statement');
    expect(await said('rita', gistOf(RITA, { a: `${mine} and more` }))).toContain('does not hold the statement');
    expect(await said('rita', gistOf(RITA, { a: mine, b: 'x' }))).toContain('There is no gist');
    expect(await said('rita', gistOf(null, { a: mine }))).toContain('There is no gist');
    expect(await said('rita', 'https://evil.test/gist')).toContain('There is no gist');
    expect(await said('rita', `https://evil.test/x/${'0'.repeat(32)}`)).toContain('There is no gist');
    const forged = mine.replace(/lkl1\.(.{6})(.{6})/, 'lkl1.$2$1');
    expect(await said('rita', gistOf(RITA, { a: forged }))).toContain('another person’s, or older than 15 minutes');
    // A statement of Olga, with Rita's name written over hers.
    const olgas = await statement('olga', 'github');
    const [code = ''] = /lkl1\S+/.exec(olgas) ?? [];
    expect(await said('rita', gistOf(RITA, { a: mine.replace(/lkl1\S+/, code) }))).toContain('another person’s');
    const place = gistOf(RITA, { a: mine });
    expect(await said('rita', place)).toContain('is linked to you');
    expect(await said('rita', place)).toContain('was used already');
    expect(await said('rita', gistOf({ id: 2003, login: 'rita-two' }, { a: mine }))).toContain('was used already');
    expect((await links()).filter(({ login }) => login.includes('rita'))).toMatchObject([{ login: 'octo-rita' }]);
    const codes = (await refusals()).map(({ code: one }) => one);
    expect(codes.filter((one) => one === 'account_unproven').length).toBeGreaterThan(5);
  });

  test('where the account is another person’s by a link, or by the policy, which comes first', async () => {
    expect(await link('olga', RITA)).toContain('Already linked to another person');
    expect(await link('olga', { id: 9001, login: 'octo-ada' })).toContain('The policy says that');
    expect(await link('ada', { id: 9001, login: 'octo-ada' })).toContain('The policy said so already');
    const { startedBy } = await requestOf({ id: 9001, login: 'octo-ada' });
    expect(startedBy).toContain('ada@acme.test');
  });

  test('while GitHub cannot be asked, with why; and another try later is taken', async () => {
    const place = gistOf({ id: 4004, login: 'octo-two' }, { a: await statement('olga', 'github') });
    all.github.state.fault = 'down';
    expect(await answer('olga', `link github ${place}`)).toContain('could not be looked up');
    all.github.state.fault = null;
    expect(await answer('olga', `link github ${place}`)).toContain('is linked to you');
  });
});
