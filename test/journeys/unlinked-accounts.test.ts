/** Where it is not known whose an account behind a request is, it could be an approver's own: only those who are known to be another count. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Account, Commit, Pull } from '../../sandbox/src/github/state.ts';
import type { Message } from '../../sandbox/src/slack/types.ts';
import { linkGithub } from '../support/account-link.ts';
import { startGithubWorld, until } from '../support/github.ts';
import type { GithubWorld } from '../support/github.ts';
import { storyOf } from '../support/story.ts';
import { seen } from '../support/world.ts';

const rulesOf = (issuer: string, address: string): string => `
rules:
  - name: An owner agrees
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
limits: { open_requests: 100, live_grants: 100 }
issuers: { ci: { kind: github, url: "${issuer}" } }
clients:
  api-deploy: { issuer: ci, audience: "${address}", repository: { id: "456789", name: acme/api }, environment: production, refs: [refs/heads/main] }
unlinked_accounts: restrict
accounts: { ci: { "2001": ada@acme.test, "2002": sam@acme.test } }
pull_requests:
  - { repository: { issuer: ci, id: "456789", name: acme/api }, label: prod-access, role: orders-db/read, for: 20m, to: author }
admins: [security]
`;

const ADA = { id: 2001, login: 'ada-gh' };
const OCTO = { id: 5005, login: 'octo' };
const COMMIT: Commit = { sha: 'a'.repeat(40), author: ADA, email: 'ada@acme.test' };

let all: GithubWorld;
beforeAll(async () => {
  all = await startGithubWorld(rulesOf);
});
afterAll(() => all.stop());

let made = 0;
const labelled = async (by: Account, commits: Commit[] = [COMMIT]): Promise<{ pull: Pull; card: Message }> => {
  made += 1;
  const pull = all.github.addPull({ repository: all.repository, title: `OPS-${made} Repair it`, user: ADA, commits });
  await all.github.label(pull, 'prod-access', by);
  return { pull, card: await all.card(pull.title) };
};

const stateOf = async ({ number }: Pull): Promise<string | undefined> =>
  (
    await all.world.sql<{ state: string }>(
      `select state from requests where (origin -> 'facts' ->> 'number')::int = $1 order by created_at desc limit 1`,
      [number],
    )
  )[0]?.state;

const click = (who: string, card: Message): Promise<unknown> => all.world.slack.as(who).click(card, 'approve');
const told = async (who: string, text: string): Promise<string> =>
  seen(await storyOf(all.world).privately(who, text, 'prod-access'));
const refusals = (code: string): Promise<unknown[]> =>
  all.world.sql(`select 1 from audit_events where type = 'vote.refused' and data::json ->> 'code' = $1`, [code]);
const approved = ({ pull }: { pull: Pull }): Promise<void> =>
  until(async () => (await stateOf(pull)) === 'approved', 'the approval');

test('a labeller whose account is not linked is named, and an approver counts once they have shown another account', async () => {
  const { pull, card } = await labelled(OCTO);
  const olga = 'U0OLGA';
  expect(seen(card)).toContain('*Not linked:* `octo`, who labelled it.');
  expect(seen(card)).toContain(`an approval by <@${olga}> does not count yet`);
  expect(seen(card)).toContain('`/prod-access link github`');
  await click('olga', card);
  expect(await told('olga', 'It is not known whose')).toContain('`octo`, who labelled it');
  expect(await refusals('account_needed')).toHaveLength(1);
  expect(await stateOf(pull)).toBe('pending');
  await linkGithub(all, 'olga', { id: 3003, login: 'olga-gh' });
  await until(async () => !seen(await all.card(pull.title)).includes('does not count yet'), 'the card anew');
  expect(seen(await all.card(pull.title))).toContain('*Not linked:* `octo`');
  await click('olga', await all.card(pull.title));
  await approved({ pull });
});

test('an approver who labelled it with an account that is linked only afterwards is behind it from then on', async () => {
  const { pull, card } = await labelled({ id: 6006, login: 'late-gh' });
  expect(seen(card)).toContain('`late-gh`, who labelled it');
  await linkGithub(all, 'sam', { id: 6006, login: 'late-gh' });
  await until(async () => !seen(await all.card(pull.title)).includes('Not linked'), 'the card anew');
  await click('sam', await all.card(pull.title));
  await told('sam', 'You cannot decide on your own request');
  expect(await stateOf(pull)).toBe('pending');
});

test('all commits are looked at, also beyond the first hundred, and what GitHub does not list is not known', async () => {
  const eve = { sha: 'e'.repeat(40), author: { id: 7007, login: 'eve-gh' }, email: 'eve@evil.test' };
  const first = await labelled(ADA, [...Array.from({ length: 130 }, () => COMMIT), eve]);
  expect(seen(first.card)).toContain('*Not linked:* `eve-gh`, who wrote a commit.');
  const long = await labelled(ADA, [...Array.from({ length: 250 }, () => COMMIT), eve]);
  expect(seen(long.card)).toContain('*Not linked:* the authors of commits that GitHub does not list.');
  expect(seen((await labelled(ADA)).card)).not.toContain('Not linked');
});

test('a signed commit shows whose an account is, an unsigned one only counts against', async () => {
  const rita = { id: 8008, login: 'rita-gh' };
  const unsigned = { sha: 'b'.repeat(40), author: rita, email: 'olga@acme.test' };
  const claimed = await labelled(rita, [COMMIT, unsigned]);
  expect(seen(claimed.card)).toContain('*Not linked:* `rita-gh`, who labelled it.');
  await click('olga', claimed.card);
  await told('olga', 'You cannot decide on your own request');
  const signed = await labelled(rita, [COMMIT, { ...unsigned, isSigned: true }]);
  expect(seen(signed.card)).not.toContain('Not linked');
  await click('olga', signed.card);
  await until(async () => (await refusals('own_request')).length >= 3, 'the refusal');
  await click('sam', signed.card);
  await approved(signed);
  // A signature is the committer's: it says nothing of the author.
  const committer = { account: ADA, email: 'ada@acme.test' };
  const forged = await labelled(ADA, [COMMIT, { ...unsigned, isSigned: true, committer }]);
  expect(seen(forged.card)).toContain('`rita-gh`, who wrote a commit');
});

test('a commit by no account is its address: of a member it counts against them, of nobody it is not known whose it is', async () => {
  const none = { sha: 'c'.repeat(40), author: null, email: 'olga@acme.test' };
  const ofOlga = await labelled(ADA, [COMMIT, none]);
  expect(seen(ofOlga.card)).not.toContain('Not linked');
  const before = (await refusals('own_request')).length;
  await click('olga', ofOlga.card);
  await until(async () => (await refusals('own_request')).length > before, 'the refusal');
  const stranger = await labelled(ADA, [COMMIT, { ...none, email: 'eve@evil.test' }]);
  expect(seen(stranger.card)).toContain('*Not linked:* `eve@evil.test`, who wrote a commit.');
});

test('who is named by Co-authored-by does not approve', async () => {
  const message = 'Repair\n\nCo-authored-by: Olga <olga@acme.test>\nCo-authored-by: Tool <noreply@tool.test>';
  const { card } = await labelled(ADA, [{ ...COMMIT, message }]);
  expect(seen(card)).not.toContain('Not linked');
  const before = (await refusals('own_request')).length;
  await click('olga', card);
  await until(async () => (await refusals('own_request')).length > before, 'the refusal');
});
