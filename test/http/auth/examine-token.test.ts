/** Every row of the token matrix: what is not exactly a token of one client is nobody's. */
import { createHmac } from 'node:crypto';
import {
  buildkiteClaims,
  circleciClaims,
  githubClaims,
  gitlabClaims,
  kubernetesClaims,
  plainClaims,
} from '../../../sandbox/src/issuer/claims.ts';
import type { Claims } from '../../../sandbox/src/issuer/claims.ts';
import { makeKey, startIssuer } from '../../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../../sandbox/src/issuer/issuer.ts';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClientEntry } from '../../../src/domain/clients/client.ts';
import type { IssuerKind } from '../../../src/domain/principals/client.ts';
import { AUDIENCE, deploy, entry, github, newKeys, whoIs } from './token-rig.ts';
import type { Rig } from './token-rig.ts';

let issuer: StandInIssuer;
let rig: Rig;

beforeAll(async () => {
  issuer = await startIssuer();
  rig = { issuer, keys: newKeys() };
});
afterAll(() => issuer.stop());

const nowS = (): number => Math.floor(Date.now() / 1000);
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = (): Claims => githubClaims({ iss: issuer.url, aud: AUDIENCE });

describe('a token of GitHub', () => {
  it('is its client', async () => expect(await whoIs(rig, await github(rig))).toBe('api-deploy'));

  it.each<[string, () => Claims, string]>([
    ['another issuer', () => ({ iss: 'https://token.actions.githubusercontent.com' }), 'not iss'],
    ['the issuer with a slash more', () => ({ iss: `${issuer.url}/` }), 'not iss'],
    ['the issuer of an enterprise', () => ({ iss: `${issuer.url}/acme-inc` }), 'not iss'],
    ['no issuer', () => ({ iss: undefined }), 'not iss'],
    ['another audience', () => ({ aud: 'sts.amazonaws.com' }), 'not aud'],
    ['no audience', () => ({ aud: undefined }), 'not aud'],
    ['an empty audience', () => ({ aud: '' }), 'not aud'],
    ['no audience in a list', () => ({ aud: [] }), 'not aud'],
    ['two audiences, one of them ours', () => ({ aud: [AUDIENCE, 'sts.amazonaws.com'] }), 'not aud'],
    ['our audience twice', () => ({ aud: [AUDIENCE, AUDIENCE] }), 'not aud'],
    ['an audience of which ours is the beginning', () => ({ aud: `${AUDIENCE}.evil.test` }), 'not aud'],
    ['an end in the past', () => ({ exp: nowS() - 31 }), 'not exp'],
    ['no end', () => ({ exp: undefined }), 'not exp'],
    ['an end that is text', () => ({ exp: String(nowS() + 60) }), 'not exp'],
    ['a beginning in the future', () => ({ iat: nowS() + 60 }), 'not iat'],
    ['a beginning that is text', () => ({ iat: String(nowS()) }), 'not iat'],
    ['no beginning', () => ({ iat: undefined }), 'not iat'],
    ['more than ten minutes of age', () => ({ iat: nowS() - 640, exp: nowS() + 3_600 }), 'not iat'],
    ['a time before which it does not count', () => ({ nbf: nowS() + 60 }), 'not nbf'],
    ['a time before that is text', () => ({ nbf: '0' }), 'not nbf'],
    ['another repository of the same name', () => ({ repository_id: '999' }), 'not repository_id'],
    ['the same repository under another name', () => ({ repository: 'acme/api-renamed' }), 'not repository'],
    ['a number for the id', () => ({ repository_id: 456_789 }), 'not repository_id'],
    ['a list for the id', () => ({ repository_id: ['456789'] }), 'not repository_id'],
    ['no id', () => ({ repository_id: undefined }), 'not repository_id'],
    ['a blank beside the id', () => ({ repository_id: '456789 ' }), 'not repository_id'],
    ['another environment', () => ({ environment: 'staging' }), 'not environment'],
    ['no environment', () => ({ environment: undefined }), 'not environment'],
    ['another branch', () => ({ ref: 'refs/heads/dev' }), 'not ref'],
    ['a tag that is named as the branch', () => ({ ref: 'refs/tags/main' }), 'not ref'],
    ['a tag over a slash', () => ({ ref: 'refs/tags/v1/x' }), 'not ref'],
    ['no branch', () => ({ ref: undefined }), 'not ref'],
    ['pull_request_target on the main branch', () => ({ event_name: 'pull_request_target' }), 'not event_name'],
    ['a pull request', () => ({ event_name: 'pull_request', ref: 'refs/pull/7/merge' }), 'not ref'],
    ['a comment', () => ({ event_name: 'issue_comment' }), 'not event_name'],
    ['a run after a run', () => ({ event_name: 'workflow_run' }), 'not event_name'],
    ['no event', () => ({ event_name: undefined }), 'not event_name'],
  ])('with %s is nobody', async (_what, made, outcome) =>
    expect(await whoIs(rig, await github(rig, made()))).toBe(outcome),
  );

  it.each<[string, Claims]>([
    ['the old subject of a repository', { sub: 'repo:acme/api:ref:refs/heads/main' }],
    ['the immutable subject', { sub: 'repo:acme@4321/api@456789:ref:refs/heads/main' }],
    ['a subject made by its owner', { sub: 'repository_owner:acme' }],
    ['no subject', { sub: undefined }],
    ['a tag', { ref: 'refs/tags/v1.2', ref_type: 'tag' }],
    ['a click', { event_name: 'workflow_dispatch' }],
    ['a schedule', { event_name: 'schedule' }],
    ['its audience in a list', { aud: [AUDIENCE] }],
    ['its audience with a slash', { aud: `${AUDIENCE}/` }],
  ])('with %s is its client', async (_what, made) =>
    expect(await whoIs(rig, await github(rig, made))).toBe('api-deploy'),
  );

  it('is forgiven 30 seconds of a clock, both ways', async () => {
    expect(await whoIs(rig, await github(rig, { exp: nowS() - 20 }))).toBe('api-deploy');
    expect(await whoIs(rig, await github(rig, { iat: nowS() + 20, nbf: nowS() + 20 }))).toBe('api-deploy');
    expect(await whoIs(rig, await github(rig, { iat: nowS() - 620 }))).toBe('api-deploy');
  });

  it('that fits two clients is nobody', async () => {
    const clients = [deploy(), { ...deploy({ environment: null }), name: 'any-environment' }];
    expect(await whoIs({ ...rig, clients }, await github(rig))).toBe('two clients');
  });

  it('of another workflow is nobody, where the client names one', async () => {
    const workflow = 'acme/workflows/.github/workflows/deploy.yml@refs/heads/main';
    const clients = [deploy({ workflow })];
    expect(await whoIs({ ...rig, clients }, await github(rig))).toBe('not job_workflow_ref');
    expect(await whoIs({ ...rig, clients }, await github(rig, { job_workflow_ref: workflow }))).toBe('api-deploy');
    const branch = { job_workflow_ref: workflow.replace('main', 'dev') };
    expect(await whoIs({ ...rig, clients }, await github(rig, branch))).toBe('not job_workflow_ref');
  });

  it('on a runner of its own is nobody, where the client is bound to hosted ones', async () => {
    const clients = [deploy({ runners: 'github-hosted' })];
    const own = await github(rig, { runner_environment: 'self-hosted' });
    expect(await whoIs({ ...rig, clients }, own)).toBe('not runner_environment');
  });

  it('for a client with an audience of its own has that one and no other', async () => {
    const clients = [deploy({ audience: 'latchkey' })];
    expect(await whoIs({ ...rig, clients }, await github(rig, { aud: 'latchkey' }))).toBe('api-deploy');
    expect(await whoIs({ ...rig, clients }, await github(rig))).toBe('not aud');
  });
});

describe('a token that was made, not issued', () => {
  it('without a signature is nobody', async () => {
    const token = `${part({ alg: 'none' })}.${part(claims())}.`;
    expect(await whoIs(rig, token)).toBe('not token');
    expect(await whoIs(rig, `${part({ alg: 'none' })}.${part(claims())}.AA`)).toBe('not alg (header)');
  });

  it('signed with the public key as a secret is nobody', async () => {
    const { jwk, kid } = issuer.key();
    const signed = `${part({ alg: 'HS256', kid })}.${part(claims())}`;
    const mac = createHmac('sha256', JSON.stringify(jwk)).update(signed).digest('base64url');
    expect(await whoIs(rig, `${signed}.${mac}`)).toBe('not alg (header)');
  });

  it('with a key in its own header is nobody', async () => {
    const own = await makeKey();
    for (const header of [{ jwk: own.jwk }, { jku: 'https://evil.test/jwks' }, { x5u: 'https://evil.test/x' }]) {
      const token = await github(rig, {}, { key: own, header: { ...header, kid: issuer.key().kid } });
      expect(await whoIs(rig, token)).toBe('not signature');
    }
  });

  it('by another issuer with the same key id is nobody', async () => {
    const own = { ...(await makeKey()), kid: issuer.key().kid };
    expect(await whoIs(rig, await github(rig, {}, { key: own }))).toBe('not signature');
  });

  it('with another algorithm of the same key is nobody', async () => {
    const token = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'PS256', kid: issuer.key().kid })
      .sign(
        await crypto.subtle.importKey(
          'jwk',
          await crypto.subtle.exportKey('jwk', issuer.key().privateKey).then(({ alg: _alg, ...jwk }) => jwk),
          { name: 'RSA-PSS', hash: 'SHA-256' },
          false,
          ['sign'],
        ),
      );
    expect(await whoIs(rig, token)).toBe('not alg (header)');
  });

  it('with a critical header that is not known is nobody', async () => {
    const [, payload = '', signature = ''] = (await github(rig)).split('.');
    const header = part({ alg: 'RS256', kid: issuer.key().kid, crit: ['x'], x: 1 });
    expect(await whoIs(rig, `${header}.${payload}.${signature}`)).toBe('not signature');
  });

  it('with one claim changed is nobody', async () => {
    const [header = '', , signature = ''] = (await github(rig, { ref: 'refs/heads/dev' })).split('.');
    expect(await whoIs(rig, `${header}.${part(claims())}.${signature}`)).toBe('not signature');
  });

  it.each([
    ['nothing', ''],
    ['no JWT', 'abc'],
    ['four parts', 'a.b.c.d'],
    ['no JSON', `${part('x')}.e30.AA`],
    ['a list for claims', `${part({ alg: 'RS256' })}.${part([1])}.AA`],
    ['bytes that are no text', `${Buffer.from([0xff, 0xfe]).toString('base64url')}.e30.AA`],
    ['more than 16 KiB', `${part({ alg: 'RS256' })}.${part({ a: 'x'.repeat(17_000) })}.AA`],
  ])('that is %s is nobody', async (_what, token) => expect(await whoIs(rig, token)).toBe('not token'));

  it('makes no request leave where its issuer is not in the list, or it would be no client whoever signed it', async () => {
    const fresh = { ...rig, keys: newKeys() };
    const before = { ...issuer.fetched };
    await whoIs(fresh, await github(rig, { iss: 'https://evil.test' }));
    await whoIs(fresh, await github(rig, { repository_id: '1' }));
    await whoIs(fresh, await github(rig, { exp: 1 }));
    expect(issuer.fetched).toEqual(before);
  });
});

const shop = entry('shop', {
  project: { id: '77', name: 'acme/shop' },
  environment: 'production',
  refs: ['refs/heads/main'],
});
const pipe = entry('pipe', {
  organization: { id: '0184990a-477b-4fa8-9968-496074483cee', name: null },
  pipeline: { id: '0184990a-4782-42b5-afc1-16715b10b8ff', name: 'deploy' },
  refs: ['refs/heads/main', 'refs/tags/v*'],
});
const circle = entry('circle', { project: { id: 'p-1', name: null }, refs: ['refs/heads/main'] });
const cron = entry('cron', { serviceAccount: { namespace: 'ops', name: 'nightly' } });
const plain = entry('plain', { claims: { sub: 'pipeline:nightly', org: '17' } });

const inNamespace = (namespace: string): Claims => ({
  'kubernetes.io': { namespace, serviceaccount: { name: 'nightly' } },
});

describe('a token of another CI', () => {
  it.each<[string, IssuerKind, ClientEntry, Claims, string]>([
    ['GitLab', 'gitlab', shop, gitlabClaims(), 'shop'],
    [
      'GitLab, of the fork of a merge request',
      'gitlab',
      shop,
      gitlabClaims({ job_project_id: '78' }),
      'not job_project_id',
    ],
    [
      'GitLab, where the job runs nowhere',
      'gitlab',
      shop,
      gitlabClaims({ job_project_id: undefined }),
      'not job_project_id',
    ],
    [
      'GitLab, of another project',
      'gitlab',
      shop,
      gitlabClaims({ project_id: '78', job_project_id: '78' }),
      'not project_id',
    ],
    ['GitLab, of a project that took the path', 'gitlab', shop, gitlabClaims({ project_id: '79' }), 'not project_id'],
    [
      'GitLab, with a number for the project',
      'gitlab',
      shop,
      gitlabClaims({ project_id: 77, job_project_id: 77 }),
      'not project_id',
    ],
    [
      'GitLab, of a tag named as the branch',
      'gitlab',
      shop,
      gitlabClaims({ ref_path: 'refs/tags/main' }),
      'not ref_path',
    ],
    [
      'GitLab, of a merge request',
      'gitlab',
      shop,
      gitlabClaims({ pipeline_source: 'merge_request_event' }),
      'not pipeline_source',
    ],
    ['GitLab, an hour old and in force', 'gitlab', shop, gitlabClaims({ iat: nowS() - 3_600 }), 'shop'],
    ['Buildkite', 'buildkite', pipe, buildkiteClaims(), 'pipe'],
    ['Buildkite, of a tag', 'buildkite', pipe, buildkiteClaims({ build_tag: 'v1' }), 'pipe'],
    [
      'Buildkite, of another branch',
      'buildkite',
      pipe,
      buildkiteClaims({ build_branch: 'dev' }),
      'not build_tag or build_branch',
    ],
    [
      'Buildkite, of another organization',
      'buildkite',
      pipe,
      buildkiteClaims({ organization_id: 'x' }),
      'not organization_id',
    ],
    ['Buildkite, too old', 'buildkite', pipe, buildkiteClaims({ iat: nowS() - 700 }), 'not iat'],
    ['CircleCI', 'circleci', circle, circleciClaims(), 'circle'],
    [
      'CircleCI, with a person in the job',
      'circleci',
      circle,
      circleciClaims({ 'oidc.circleci.com/ssh-rerun': true }),
      'not oidc.circleci.com/ssh-rerun',
    ],
    [
      'CircleCI, of another project',
      'circleci',
      circle,
      circleciClaims({ 'oidc.circleci.com/project-id': 'p-2' }),
      'not oidc.circleci.com/project-id',
    ],
    ['Kubernetes', 'kubernetes', cron, kubernetesClaims(), 'cron'],
    [
      'Kubernetes, of another account',
      'kubernetes',
      cron,
      kubernetesClaims({ sub: 'system:serviceaccount:ops:other' }),
      'not sub',
    ],
    [
      'Kubernetes, that says two namespaces',
      'kubernetes',
      cron,
      kubernetesClaims(inNamespace('dev')),
      'not kubernetes.io.namespace',
    ],
    [
      'Kubernetes, without the nested claims',
      'kubernetes',
      cron,
      kubernetesClaims({ 'kubernetes.io': undefined }),
      'cron',
    ],
    ['any issuer', 'oidc', plain, plainClaims(), 'plain'],
    ['any issuer, with a number for text', 'oidc', plain, plainClaims({ org: 17 }), 'not org'],
    ['any issuer, without a claim', 'oidc', plain, plainClaims({ org: undefined }), 'not org'],
  ])('%s', async (...[, kind, client, made, outcome]) => {
    const of = { ...rig, kind, clients: [client] };
    expect(await whoIs(of, await issuer.mint({ aud: AUDIENCE, ...made }))).toBe(outcome);
  });

  it('may have an elliptic key where its kind has, and not where GitHub’s must be RS256', async () => {
    const curved = await startIssuer({ alg: 'ES256' });
    try {
      const of = { issuer: curved, keys: newKeys(), kind: 'oidc' as const, clients: [plain] };
      expect(await whoIs(of, await curved.mint(plainClaims({ aud: AUDIENCE })))).toBe('plain');
      const hub = { issuer: curved, keys: newKeys() };
      expect(await whoIs(hub, await curved.mint(githubClaims({ aud: AUDIENCE })))).toBe('not alg (header)');
    } finally {
      await curved.stop();
    }
  });
});
