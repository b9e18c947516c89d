/** What GitHub and GitLab say of jobs and pull requests: read, and the whole handler of each. */
import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe } from 'vitest';
import { createGithubHook } from '../../src/http/hooks/github-hook.ts';
import { createGitlabHook } from '../../src/http/hooks/gitlab-hook.ts';
import { createLog } from '../../src/lib/log.ts';
import { canBeStored, claim, saysNothingOfTheInside } from './claims.ts';
import { fuzz } from './door.ts';
import { jsonLike, textsLike } from './texts.ts';

const SECRET = 'a secret of the fuzz';
const log = createLog('silent');

const requestOf = (body: string, headers: Record<string, string>): IncomingMessage =>
  Object.assign(Readable.from([Buffer.from(body)]), { headers }) as unknown as IncomingMessage;

const common = { repository: { id: 7, full_name: 'acme/api' }, installation: { id: 3 } };
const GITHUB: Record<string, object> = {
  deployment_protection_rule: {
    ...common,
    action: 'requested',
    environment: 'production',
    deployment_callback_url: 'https://api.github.com/repos/acme/api/actions/runs/9/deployment_protection_rule',
    deployment: { sha: 'a'.repeat(40) },
  },
  workflow_job: {
    ...common,
    action: 'completed',
    workflow_job: { id: 5, run_id: 9, run_attempt: 1, check_run_url: 'https://api.github.com/x/check-runs/5' },
  },
  workflow_run: { ...common, action: 'completed', workflow_run: { id: 9, run_attempt: 1, conclusion: 'cancelled' } },
  pull_request: {
    ...common,
    action: 'labeled',
    number: 12,
    label: { name: 'prod' },
    sender: { id: 1, login: 'octo' },
  },
};
const GITLAB = JSON.stringify({
  object_kind: 'build',
  build_id: 5,
  build_status: 'success',
  project_id: 77,
  pipeline_id: 9,
  repository: { homepage: 'https://gitlab.acme.test/acme/shop' },
});

const names = Object.keys(GITHUB);
const bodies = (seeds: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    jsonLike(seeds).map((value) => JSON.stringify(value) ?? 'null'),
    textsLike({ seeds }),
  );
const header = textsLike({ seeds: [SECRET, `sha256=${'a'.repeat(64)}`, ''], max: 200 });

describe('jobs and pull requests', () => {
  let kept = 0;
  const github = createGithubHook({
    secrets: [SECRET],
    receive: (delivery) => {
      kept += 1;
      canBeStored(delivery);
      return Promise.resolve(true);
    },
    log,
  });
  fuzz({
    name: 'the address of github',
    share: 20,
    inputs: fc.record({
      body: bodies(Object.values(GITHUB).map((one) => JSON.stringify(one))),
      event: fc.oneof(fc.constantFrom(...names), textsLike({ seeds: names, max: 60 })),
      delivery: fc.oneof(fc.constant('72d3162e-cc78-11e3'), textsLike({ seeds: ['a-b'], max: 120 })),
      odd: header,
      isSigned: fc.boolean(),
    }),
    run: async ({ body, event, delivery, odd, isSigned }) => {
      const right = `sha256=${createHmac('sha256', SECRET).update(Buffer.from(body)).digest('hex')}`;
      const before = kept;
      const { status, body: answer } = await github(
        requestOf(body, {
          'x-hub-signature-256': isSigned ? right : odd,
          'x-github-event': event,
          'x-github-delivery': delivery,
        }),
      );
      claim([202, 400, 401]).toContain(status);
      saysNothingOfTheInside(answer, body + event);
      if (!isSigned) claim([status, kept]).toEqual([401, before]);
    },
  });
  let ended = 0;
  const gitlab = createGitlabHook({
    secrets: [SECRET],
    end: (finished) => {
      ended += 1;
      canBeStored(finished);
      return Promise.resolve(ended % 2 === 0 ? null : 1);
    },
    onWaiting: () => undefined,
    log,
  });
  fuzz({
    name: 'the address of gitlab',
    share: 15,
    inputs: fc.record({ body: bodies([GITLAB]), token: fc.oneof(fc.constant(SECRET), header) }),
    run: async ({ body, token }) => {
      const before = ended;
      const { status, body: answer } = await gitlab(requestOf(body, { 'x-gitlab-token': token }));
      claim([202, 400, 401]).toContain(status);
      saysNothingOfTheInside(answer, body);
      if (token !== SECRET) claim([status, ended]).toEqual([401, before]);
    },
  });
});
