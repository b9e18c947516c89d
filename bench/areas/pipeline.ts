/** A job of a CI: one whole `latchkey exec` against a bare login and against the same steps by hand; a decision on its way to a job; jobs that wait. */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../sandbox/src/embedded/port.ts';
import { programPath, startChild } from '../child.ts';
import type { VaultInput } from '../limits/vault-program.ts';
import type { Decided, DecisionsInput, TokenAddress } from '../load/jobs.ts';
import { assertThat, median, spreadOf, timed } from '../measure.ts';
import { ms, rowOf, shown } from '../rows.ts';
import type { Row } from '../rows.ts';
import { latchkeyProgram, policyHead, startApp } from '../setup/app.ts';
import type { RunningApp } from '../setup/app.ts';
import { cpuMsOf, memoryOf } from '../setup/machine.ts';
import { createStoreDatabase, loginsIn, rowsFrom, withClient } from '../setup/servers.ts';
import type { Target } from '../setup/servers.ts';
import { killedRows, measureKilled } from './killed.ts';
import { untilAllNotified, untilAllRemoved } from './ending.ts';
import { createWorld } from './world.ts';
import type { Bench, Measured, World } from './world.ts';

const run = promisify(execFile);

/** A job requests its token for the address of the server. */
type Known = { issuerUrl: string; audience: string };

const policyOf = (target: Target, { issuerUrl, audience }: Known): string => `${policyHead(target)}
      read: { title: Read only, scope: { member_of: [${target.group}] }, max: 4h, default: 30m }
      write: { title: Read-write, scope: { member_of: [${target.group}] }, max: 4h, default: 30m }
issuers: { ci: { kind: github, url: "${issuerUrl}" } }
clients:
  api-deploy: { issuer: ci, audience: "${audience}", repository: { id: "456789" }, refs: [refs/heads/main] }
rules:
  - { name: Reads at once, match: { clients: [api-deploy], roles: [orders-db/read] }, approve: true }
  - { name: An owner agrees, approvals: [{ from: owners }] }
limits: { open_requests: 1000, live_grants: 1000 }
pending: 4h
claim: 1h
admins: [dba]
`;

type Place = { world: World; app: RunningApp; tokens: TokenAddress };

/** Programs of the job, each as a process of its own; null where this machine lacks what a job by hand needs. */
type Jobs = { exec(): Promise<void>; byHand(): Promise<void>; logIn(): Promise<void> };

const BY_HAND = `set -eu
jwt=$(curl -sf -H "authorization: Bearer $TOKEN_SECRET" "$TOKEN_URL&audience=$AUDIENCE" | sed 's/.*"value":"\\([^"]*\\)".*/\\1/')
token=$(curl -sf --data "$jwt" "$VAULT/login")
url=$(curl -sf -H "authorization: $token" --data '' "$VAULT/credentials")
psql -X -q -d "$url" -c 'select 1' > /dev/null
login=\${url#postgres*://}
curl -sf -H "authorization: $token" --data "\${login%%:*}" "$VAULT/revoke"`;

const execArguments = (): string[] => {
  const file = latchkeyProgram().args.at(-2) ?? programPath('latchkey');
  return [file, 'exec', '--role', 'orders-db/read', '--reason', 'migration of a release'];
};

const hasTools = async (): Promise<boolean> => {
  try {
    await Promise.all([run('psql', ['--version']), run('curl', ['--version'])]);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};

const jobsOf = async ({ world, app, tokens }: Place, bench: Bench): Promise<Jobs> => {
  const { target } = world;
  const vault = startChild('vault-program');
  const storeUrl = await createStoreDatabase(bench.servers);
  const input: VaultInput = { storeUrl, target, issuerUrl: tokens.issuerUrl, audience: app.url };
  const vaultPort = await vault.call<number>('start', input);
  const login = new URL(target.url);
  [login.username, login.password] = ['bare_login', 'bare-login-of-the-benchmark'];
  await withClient(target.url, (client) =>
    client.query(`create role ${login.username} login password '${login.password}' in role ${target.group}`),
  );
  const base = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const byHand = {
    ...base,
    TOKEN_URL: tokens.url,
    TOKEN_SECRET: tokens.secret,
    AUDIENCE: app.url,
    VAULT: `http://127.0.0.1:${vaultPort}`,
  };
  const job = {
    ...base,
    GITHUB_ACTIONS: 'true',
    LATCHKEY_URL: app.url,
    ACTIONS_ID_TOKEN_REQUEST_URL: tokens.url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: tokens.secret,
  };
  return {
    exec: async () => void (await run(process.execPath, [...execArguments(), '--', 'true'], { env: job })),
    byHand: async () => void (await run('sh', ['-c', BY_HAND], { env: byHand })),
    logIn: async () => void (await run('psql', ['-X', '-q', '-d', login.href, '-c', 'select 1'], { env: base })),
  };
};

/** One of each in turns, and how long each took. */
const measureJobs = async ({ exec, byHand, logIn }: Jobs, { sizes }: Bench) => {
  const made: { execMs: number; byHandMs: number; logInMs: number; nodeMs: number }[] = [];
  // The first are cold: their files are not in memory yet.
  for (let index = -2; index < sizes.pipeline.runs; index += 1) {
    const logInMs = (await timed(logIn)).ms;
    const execMs = (await timed(exec)).ms;
    const byHandMs = (await timed(byHand)).ms;
    const nodeMs = (await timed(() => run(process.execPath, ['-e', '0']))).ms;
    if (index >= 0) made.push({ execMs, byHandMs, logInMs, nodeMs });
  }
  return made;
};

type JobTimes = Awaited<ReturnType<typeof measureJobs>>;

const jobRows = (made: JobTimes): Row[] => {
  const [exec, byHand, logIn, node] = (['execMs', 'byHandMs', 'logInMs', 'nodeMs'] as const).map((name) =>
    spreadOf(made.map((one) => one[name])),
  ) as [
    ReturnType<typeof spreadOf>,
    ReturnType<typeof spreadOf>,
    ReturnType<typeof spreadOf>,
    ReturnType<typeof spreadOf>,
  ];
  const ours = `${ms(exec.p50)}, p99 ${ms(exec.p99)}; of it ${ms(node.p50)} to start Node.js`;
  return [
    rowOf('pipeline', {
      what: 'one command by exec, approved by rule',
      unit: 'ratio',
      value: median(made.map(({ execMs, logInMs }) => execMs / logInMs)),
      goal: { is: 'at most', value: 2.5 },
      ours,
      limit: `${ms(logIn.p50)} a bare login by psql`,
    }),
    rowOf('pipeline', {
      what: 'the same / login, credentials, psql and revoke by hand',
      unit: 'ratio',
      value: median(made.map(({ execMs, byHandMs }) => execMs / byHandMs)),
      goal: null,
      ours,
      limit: `${ms(byHand.p50)} with curl, p99 ${ms(byHand.p99)}`,
    }),
  ];
};

const decisionRow = (made: Decided[]): Row => {
  const [click, commit] = [
    spreadOf(made.map(({ clickMs }) => clickMs)),
    spreadOf(made.map(({ commitMs }) => commitMs)),
  ];
  return rowOf('pipeline', {
    what: 'a decision to the job that waits, p50',
    unit: 'ms',
    value: commit.p50,
    goal: { is: 'at most', value: 50 },
    ours: `p99 ${ms(commit.p99)} from its commit; from the click p50 ${ms(click.p50)}, p99 ${ms(click.p99)}`,
    limit: '',
  });
};

type Crowd = { moreMb: number; share: number; idleShare: number; atOnceMb: number };

/** Of one core. */
const shareOf = async ({ pid }: RunningApp, forMs: number): Promise<number> => {
  const [before, begun] = [cpuMsOf(pid), performance.now()];
  await delay(forMs);
  return (cpuMsOf(pid) - before) / (performance.now() - begun);
};

/** Memory before the first of them came, and once all of them wait. */
const measureCrowd = async ({ world, app }: Place, { sizes }: Bench): Promise<Crowd> => {
  const { waiting: count, waitingMs } = sizes.pipeline;
  const idleShare = await shareOf(app, waitingMs);
  const before = memoryOf(app.pid).rssMb;
  await world.load.call('beginCrowd', { url: app.url, count });
  await untilAllNotified(world);
  const atOnceMb = memoryOf(app.pid).rssMb - before;
  await delay(Math.min(5_000, waitingMs));
  const share = await shareOf(app, waitingMs);
  const moreMb = memoryOf(app.pid).rssMb - before;
  const cancelled = await world.load.call<number>('endCrowd', { url: app.url });
  assertThat(cancelled === count, `${cancelled} of ${count} jobs that waited read that they are cancelled.`);
  return { moreMb, share, idleShare, atOnceMb };
};

const crowdRows = ({ moreMb, share, idleShare, atOnceMb }: Crowd, { sizes }: Bench): Row[] => {
  const jobs = `${sizes.pipeline.waiting} jobs that wait`;
  return [
    rowOf('pipeline', {
      what: `memory of ${jobs}`,
      unit: 'MB',
      value: moreMb,
      goal: { is: 'at most', value: 60 },
      ours: `more than before they came; ${shown(atOnceMb)} MB when the last had requested`,
      limit: '',
    }),
    rowOf('pipeline', {
      what: `one core, for ${jobs}`,
      unit: 'ratio',
      value: share,
      goal: { is: 'at most', value: 0.03 },
      ours: `${shown(share * 100)} % over ${shown(sizes.pipeline.waitingMs / 1_000)} s; ${shown(idleShare * 100)} % before they came`,
      limit: 'one core',
    }),
  ];
};

/** Each access was made and ended once, and the target has no login of them. */
const assertEnded = async ({ storeUrl, target }: World, grants: number): Promise<void> => {
  const rows = await rowsFrom<{ state: string; n: number }>(
    storeUrl,
    'select state, count(*)::int as n from grants group by 1',
  );
  const states = rows.map(({ state, n }) => `${n} ${state}`).join(', ');
  assertThat(
    rows.length === 1 && rows[0]?.state === 'removed' && rows[0].n === grants,
    `${states} of ${grants} grants.`,
  );
  assertThat((await loginsIn(target)) === 0, 'logins were left in the target.');
};

export const measurePipeline = async (bench: Bench): Promise<Measured> => {
  const { servers, sizes } = bench;
  const world = await createWorld(bench);
  const { storeUrl, target, slackApiUrl, load } = world;
  const tokens = await load.call<TokenAddress>('startTokens');
  const port = await freePort();
  const settings = await load.call<Record<string, string>>('startGithub');
  const policy = policyOf(target, { issuerUrl: tokens.issuerUrl, audience: `http://127.0.0.1:${port}` });
  const app = await startApp({ servers, target, storeUrl, slackApiUrl, policy, port, settings });
  const place: Place = { world, app, tokens };
  const isByHand = await hasTools();
  if (!isByHand) bench.say('no psql or no curl here: nothing to compare `latchkey exec` with');
  const jobs = isByHand ? await measureJobs(await jobsOf(place, bench), bench) : [];
  const input: DecisionsInput = { url: app.url, storeUrl, count: sizes.pipeline.decisions };
  const decided = await load.call<Decided[]>('decisions', input);
  const { runs, decisions, killed: kills } = sizes.pipeline;
  const runner = { world, url: app.url, program: process.execPath, args: execArguments() };
  const killed = await measureKilled(runner, kills);
  // Those that were given back are removed; of a job that was killed only the close was waited for.
  await untilAllRemoved(world, '');
  await assertEnded(world, (isByHand ? runs + 2 : 0) + decisions + kills.byEvent + kills.bySilence);
  const crowd = await measureCrowd(place, bench);
  await app.stop();
  await world.stop();
  return {
    rows: [...(isByHand ? jobRows(jobs) : []), decisionRow(decided), ...killedRows(killed), ...crowdRows(crowd, bench)],
    details: { jobs, decided, killed, crowd },
  };
};
