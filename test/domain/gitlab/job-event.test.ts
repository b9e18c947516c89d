/** GitLab's job events: which jobs finished, of which issuer, and that their key is the token's. */
import { expect, test } from 'vitest';
import { gitlabClaims } from '../../../sandbox/src/issuer/claims.ts';
import type { Issuer } from '../../../src/domain/clients/issuer.ts';
import { jobOf } from '../../../src/domain/clients/job.ts';
import { gitlabJobKey, issuerOf, parseJobEvent } from '../../../src/domain/gitlab/job-event.ts';

const issuer = (url: string, kind: Issuer['kind'] = 'gitlab'): Issuer => ({ name: url, kind, url, keysFile: null });

const event = {
  object_kind: 'build',
  ref: 'main',
  build_id: 6001,
  build_name: 'migrate',
  build_status: 'success',
  pipeline_id: 600,
  project_id: 77,
  project_name: 'Acme / Shop',
  repository: { name: 'Shop', homepage: 'https://gitlab.com/acme/shop' },
};

test.each(['success', 'failed', 'canceled'])('a job that is %s has finished', (status) => {
  expect(parseJobEvent({ ...event, build_status: status })).toEqual({
    finished: { page: 'https://gitlab.com/acme/shop', projectId: '77', pipeline: '600', job: '6001' },
  });
});

test.each(['created', 'pending', 'running', 'canceling', 'skipped', 'scheduled', 'Success', ''])(
  'a job that is "%s" has not',
  (status) => {
    expect(parseJobEvent({ ...event, build_status: status })).toEqual({ ignored: `build.${status}` });
  },
);

test('a job that waits for a click, and a deployment that changed, are a reason to look, and nothing of them is believed', () => {
  expect(parseJobEvent({ ...event, build_status: 'manual' })).toEqual({ waiting: 'build.manual' });
  expect(parseJobEvent({ object_kind: 'deployment' })).toEqual({ waiting: 'deployment' });
});

test.each(['push', 'pipeline', 'merge_request'])('an event of the kind %s is ignored', (kind) => {
  expect(parseJobEvent({ object_kind: kind })).toEqual({ ignored: kind });
});

test.each<[string, unknown]>([
  ['object_kind', {}],
  ['object_kind', { ...event, object_kind: 7 }],
  ['build_id', { ...event, build_id: '6001' }],
  ['build_id', { ...event, build_id: 0 }],
  ['project_id', { ...event, project_id: 7.5 }],
  ['pipeline_id', { ...event, pipeline_id: undefined }],
  ['build_status', { ...event, build_status: null }],
  ['repository', { ...event, repository: null }],
  ['repository.homepage', { ...event, repository: { homepage: 'acme/shop' } }],
  ['repository.homepage', { ...event, repository: { homepage: 'file:///etc' } }],
])('what is wrong with %s is a problem that names it', (where, payload) => {
  expect(parseJobEvent(payload)).toEqual({ problem: expect.stringContaining(`"${where}"`) as unknown });
});

test.each(['banana', null, [event], 7])('%j is no event', (payload) => {
  expect(parseJobEvent(payload)).toHaveProperty('problem');
});

const [COM, LAB, BELOW] = [
  issuer('https://gitlab.com'),
  issuer('https://git.acme.test'),
  issuer('https://git.acme.test/gitlab/'),
];

test.each<[string, Issuer | null]>([
  ['https://gitlab.com/acme/shop', COM],
  ['https://git.acme.test/acme/shop', LAB],
  ['https://git.acme.test/gitlab/acme/shop', BELOW],
  ['https://git.acme.test/gitlabs/acme/shop', LAB],
  ['https://gitlab.com.evil.test/acme/shop', null],
  ['https://gitlab.com@evil.test/acme/shop', null],
  ['http://gitlab.com/acme/shop', null],
  ['https://gitlab.com:8443/acme/shop', null],
  ['https://hub.acme.test/acme/shop', null],
])('the project %s is of its own instance', (page, found) => {
  expect(issuerOf([COM, LAB, BELOW, issuer('https://hub.acme.test', 'oidc')], { page })).toBe(found);
});

test.each([COM, LAB, BELOW])('the key is that of the token, for $url', (of) => {
  const parsed = parseJobEvent(event);
  const made = 'finished' in parsed ? gitlabJobKey(of, parsed.finished) : null;
  expect(made).toBe(jobOf(of, gitlabClaims(), 'jti').key);
});
