/** The examples in `integrations/` and on their page as each CI runs them: its script by its shell, its token by a stand-in issuer, the program as an image would hold it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import {
  buildkiteClaims,
  circleciClaims,
  githubClaims,
  gitlabClaims,
  kubernetesClaims,
  plainClaims,
} from '../../sandbox/src/issuer/claims.ts';
import type { Claims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import { blocksOf, makeJobImage, readIntegration as read } from '../support/job-image.ts';
import type { JobImage, Ran } from '../support/job-image.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const KINDS = ['github', 'gitlab', 'buildkite', 'circleci', 'oidc', 'kubernetes'] as const;
type Kind = (typeof KINDS)[number];

const LONG = 120_000;
const AUDIENCE = 'https://latchkey.acme.test';

let issuers: Record<Kind, StandInIssuer>;
let world: World;
let url: string;
let image: JobImage;

type Documented = {
  issuers?: Record<string, { kind: Kind }>;
  clients?: Record<string, { issuer: string; audience?: string; project?: { id: string } }>;
  accounts?: object;
  rules?: { match: { clients: string[] } }[];
  jobs?: Record<string, { steps: { run?: string }[] }>;
  migrate?: { script: string[] };
};

const documentsOf = (page: string): Documented[] => blocksOf(page, 'yaml').map((text) => parse(text) as Documented);

/** The examples on the page, and the first set-up of a job of GitHub. */
const ofPage = documentsOf('ci.md');
const [setUp = {}, githubJob = {}] = documentsOf('pipelines.md');

const line = ([name, entry]: [string, object]): string => `  ${name}: ${JSON.stringify(entry)}`;

/** As the pages have them; only the address is the stand-in's. */
const issuerLines = (from: Record<Kind, StandInIssuer>): string[] =>
  [setUp, ...ofPage].flatMap(({ issuers: all = {} }) =>
    Object.entries(all).map(([name, entry]) => line([name, { ...entry, url: from[entry.kind].url }])),
  );

/** As the pages have them; only the audience is this server's, where the CI does not choose its own. */
const clientLines = (): string[] =>
  [setUp, ...ofPage].flatMap(({ clients = {} }) =>
    Object.entries(clients).map(([name, entry]) => line([name, { audience: AUDIENCE, ...entry }])),
  );

/** One line of the page's JSON for what a rule or an account says. */
const ruleLines = ({ rules = [] }: Documented): string[] => rules.map((rule) => `  - ${JSON.stringify(rule)}`);

const rulesOf = (from: Record<Kind, StandInIssuer>): string => `
rules:
${ruleLines(setUp).join('\n')}
  - name: Jobs at once
    match: { clients: ["*"] }
    approve: true
  - name: An owner agrees
    approvals: [{ from: owners }]
issuers:
${issuerLines(from).join('\n')}
clients:
${clientLines().join('\n')}
accounts: ${JSON.stringify(setUp.accounts ?? {})}
admins: [security]
`;

beforeAll(async () => {
  image = await makeJobImage(() => url);
  const started = await Promise.all(KINDS.map(async (kind) => [kind, await startIssuer()] as const));
  issuers = Object.fromEntries(started) as Record<Kind, StandInIssuer>;
  world = await startWorld({ rules: rulesOf(issuers) });
  const app = await world.start();
  url = `http://127.0.0.1:${app.port}`;
}, LONG);
afterAll(async () => {
  await world.stop();
  await Promise.all(KINDS.map((kind) => issuers[kind].stop()));
  image.remove();
});

/** The client of a CI on its page. */
const clientOf = (name: string): { audience?: string; project?: { id: string } } =>
  ofPage.find(({ clients }) => clients?.[name])?.clients?.[name] ?? {};

const tokenOf = (kind: Kind, claims: Claims, aud = AUDIENCE): Promise<string> => issuers[kind].mint({ ...claims, aud });

const run: JobImage['run'] = (...given) => image.run(...given);
const shell: JobImage['shell'] = (...given) => image.shell(...given);

/** How a job ended, by whom it was, and the logins that are left. */
const storyOf = async ({ code, out, err }: Ran) => {
  const [last] = await world.sql<{ name: string }>(
    `select c.name from grants g join clients c on c.id = g.grantee_id order by g.created_at desc limit 1`,
  );
  return { code, out: out.trim(), err: code === 0 ? '' : err, client: last?.name, logins: await world.logins() };
};

/** It ran its statement with a login of its own, and nothing of that is left. */
const done = (client: string) => ({ code: 0, out: '[{"orders":2}]', err: '', client, logins: [] });

test(
  'GitHub: the set-up of its page gives a migration that waits for a click and leaves nothing behind',
  async () => {
    const script = githubJob.jobs?.['migrate']?.steps.flatMap(({ run: text }) => text ?? []).join('\n') ?? '';
    image.shim('npm', '#!/bin/sh\n[ "$1 $2" = "run migrate" ] && [ -n "$DATABASE_URL" ] && exec psql -f migrate.sql\n');
    const token = await tokenOf('github', githubClaims());
    const job = shell(script, { LATCHKEY_ID_TOKEN: token, GITHUB_ACTIONS: 'true', GITHUB_SHA: '5f1c2d3e' });
    const olga = world.slack.as('olga');
    const card = await world.slack.waitFor(
      () => olga.messages('prod-access').findLast((message) => JSON.stringify(message).includes('release 5f1c2d3e')),
      { what: 'the card of the migration', timeoutMs: LONG / 2 },
    );
    expect(await world.logins()).toEqual([]);
    await olga.click(card, 'approve');
    const ended = await job;
    const { out, ...story } = await storyOf(ended);
    const lines = out.split('\n').filter((text) => !text.startsWith('::add-mask::'));
    expect({ ...story, out: lines.join('\n') }).toEqual(done('api-deploy'));
    expect(ended.err).toMatch(/waits for .*olga/i);
  },
  LONG,
);

type GitlabJob = { script: string[]; after_script: string[]; id_tokens: Record<string, { aud: string }> };

test(
  'GitLab: the job that extends the template',
  async () => {
    const template = (parse(read('gitlab/latchkey.yml')) as Record<string, GitlabJob>)['.latchkey'];
    const { migrate } = parse(read('gitlab/example.gitlab-ci.yml')) as { migrate: GitlabJob & { extends: string } };
    expect(migrate.extends).toBe('.latchkey');
    // The page shows the job of the file.
    expect(ofPage.find((block) => block.migrate)?.migrate?.script).toEqual(migrate.script);
    expect(template?.id_tokens).toEqual({ LATCHKEY_ID_TOKEN: { aud: '$LATCHKEY_URL' } });
    const env = { LATCHKEY_ID_TOKEN: await tokenOf('gitlab', gitlabClaims()), CI_COMMIT_SHORT_SHA: '5f1c2d3e' };
    expect(await storyOf(await shell(migrate.script.join('\n'), env))).toEqual(done('lab-deploy'));
    const after = await shell((template?.after_script ?? []).join('\n'), env);
    expect(after).toMatchObject({ code: 0 });
  },
  LONG,
);

test(
  'GitLab: what a killed script leaves is given back after it',
  async () => {
    const { after_script: after = [] } =
      (parse(read('gitlab/latchkey.yml')) as Record<string, GitlabJob>)['.latchkey'] ?? {};
    const env = { LATCHKEY_ID_TOKEN: await tokenOf('gitlab', gitlabClaims({ job_id: '6002', pipeline_id: '601' })) };
    const held = await shell(
      'id=$(latchkey request --role orders-db/read --for 30m --reason "a script that is killed"); latchkey wait "$id"; kill -9 $$',
      env,
    );
    expect(held.code).not.toBe(0);
    await expect.poll(() => world.logins().then((logins) => logins.length), { timeout: 60_000 }).toBe(1);
    expect(await shell(after.join('\n'), env)).toMatchObject({ code: 0 });
    expect(await world.logins()).toEqual([]);
  },
  LONG,
);

test(
  'Buildkite: the agent hands out the token',
  async () => {
    const { steps } = parse(read('buildkite/pipeline.yml')) as { steps: { command: string[]; env: object }[] };
    // Its agent expands variables itself, and `$$` is its way to leave one to the shell.
    const script = (steps[0]?.command ?? []).join('\n').replaceAll('$$', '$');
    writeFileSync(path.join(image.folder, 'token'), await tokenOf('buildkite', buildkiteClaims()));
    image.shim(
      'buildkite-agent',
      `#!/bin/sh
case "$1 $2 $4" in
  "oidc request-token ${url}") cat ${path.join(image.folder, 'token')} ;;
  "redactor add "*) cat > /dev/null ;;
  *) echo "not understood: $*" >&2; exit 1 ;;
esac
`,
    );
    const ended = await shell(script, { BUILDKITE: 'true', BUILDKITE_COMMIT: '5f1c2d3e' });
    expect(await storyOf(ended)).toEqual(done('kite-deploy'));
  },
  LONG,
);

test(
  'CircleCI: its token has the organization as audience',
  async () => {
    type Step = string | { run: { command: string } };
    const { jobs } = parse(read('circleci/config.yml')) as { jobs: { migrate: { steps: Step[] } } };
    const script = jobs.migrate.steps
      .flatMap((step) => (typeof step === 'string' ? [] : [step.run.command]))
      .join('\n');
    const { audience, project } = clientOf('circle-deploy');
    const claims = circleciClaims({ 'oidc.circleci.com/project-id': project?.id });
    const token = await tokenOf('circleci', claims, String(audience));
    expect(await storyOf(await shell(script, { CIRCLE_OIDC_TOKEN_V2: token, CIRCLE_SHA1: '5f1c2d3e' }))).toEqual(
      done('circle-deploy'),
    );
  },
  LONG,
);

test(
  'Jenkins: the credential of the plugin is the token',
  async () => {
    const file = read('jenkins/Jenkinsfile');
    const [, variable = ''] = /variable: '(\w+)'/.exec(file) ?? [];
    const [, script = ''] = /sh '''([\s\S]*?)'''/.exec(file) ?? [];
    // As the plugin makes it: the job's address as subject, and the number of the build.
    const { run_id: _run, job_id: _job, ...common } = plainClaims();
    const token = await tokenOf('oidc', {
      ...common,
      sub: 'https://jenkins.acme.test/job/migrate/',
      build_number: 118,
    });
    expect(await storyOf(await shell(script, { [variable]: token, BUILD_NUMBER: '118' }))).toEqual(
      done('jenkins-migrate'),
    );
  },
  LONG,
);

test(
  'Kubernetes: the projected token is a file',
  async () => {
    type Container = { command: string[]; env: { name: string; value: string }[] };
    type Cron = { spec: { jobTemplate: { spec: { template: { spec: { containers: Container[] } } } } } };
    const cron = parseAllDocuments(read('kubernetes/job.yml'))[0]?.toJS() as Cron;
    const [container] = cron.spec.jobTemplate.spec.template.spec.containers;
    expect(container?.env.map(({ name }) => name)).toEqual(['LATCHKEY_URL', 'LATCHKEY_ID_TOKEN_FILE']);
    const file = path.join(image.folder, 'projected');
    writeFileSync(file, await tokenOf('kubernetes', kubernetesClaims()));
    const [program = '', ...args] = container?.command ?? [];
    expect(await storyOf(await run(program, args, { LATCHKEY_ID_TOKEN_FILE: file }))).toEqual(done('nightly'));
  },
  LONG,
);
