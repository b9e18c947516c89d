/** A world whose jobs run on a stand-in for GitHub: an issuer of tokens, an App with webhooks, and the API for jobs. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { startGithub } from '../../sandbox/src/github/github.ts';
import type { Github } from '../../sandbox/src/github/github.ts';
import type { Gate, Repository, Run } from '../../sandbox/src/github/state.ts';
import { githubClaims } from '../../sandbox/src/issuer/claims.ts';
import type { Claims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { App } from '../../src/compose/app.ts';
import type { Message } from '../../sandbox/src/slack/types.ts';
import { startFront } from './job.ts';
import { startWorld } from './world.ts';
import { seen } from './card.ts';
import type { World } from './world.ts';

export type Body = Record<string, unknown>;

export type GithubWorld = {
  world: World;
  github: Github;
  issuer: StandInIssuer;
  repository: Repository;
  app: App;
  /** What jobs know the server by, and the audience of their tokens. */
  address: string;
  call(
    method: string,
    path: string,
    more?: { session?: string; body?: unknown },
  ): Promise<{ status: number; body: Body }>;
  /** Of a job of this run. */
  sessionOf(run: Run, claims?: Claims): Promise<string>;
  /** The newest message in the channel of approvers that shows this. */
  card(text: string): Promise<Message>;
  stop(): Promise<void>;
};

const WAIT_MS = 60_000;

/** Looks again and again: what is waited for is in a database, or at GitHub. */
export const until = async (look: () => unknown, what: string, timeoutMs = WAIT_MS): Promise<void> => {
  const endsAt = performance.now() + timeoutMs;
  while (!(await look())) {
    if (performance.now() > endsAt) throw new Error(`${what} did not come in ${timeoutMs} ms`);
    await delay(50);
  }
};

/** The first of the run. */
export const gateOf = (run: Run): Gate => {
  const [gate] = run.gates;
  if (!gate) throw new Error('the run has no gate');
  return gate;
};

const shows = (message: Message, text: string): boolean => seen(message).includes(text);

export const startGithubWorld = async (
  rulesOf: (issuer: string, address: string) => string,
  env: Record<string, string> = {},
): Promise<GithubWorld> => {
  const [github, issuer, front] = await Promise.all([startGithub(), startIssuer(), startFront()]);
  const world = await startWorld({ rules: rulesOf(issuer.url, front.url) });
  Object.assign(world.env, {
    LATCHKEY_GITHUB_APP_ID: github.state.appId,
    LATCHKEY_GITHUB_APP_KEY: github.state.privateKey.pkcs1,
    LATCHKEY_GITHUB_WEBHOOK_SECRET: github.state.secret,
    LATCHKEY_GITHUB_API_URL: github.apiUrl,
    ...env,
  });
  const app = await world.start();
  front.leadTo(app.port);
  github.state.hookUrl = `http://127.0.0.1:${app.port}/hooks/github`;
  const repository = github.addRepository('acme/api', 456_789);
  const call: GithubWorld['call'] = async (method, path, { session, body } = {}) => {
    const response = await fetch(`http://127.0.0.1:${app.port}/api/v1${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(session !== undefined && { authorization: `Bearer ${session}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  };
  return {
    world,
    github,
    issuer,
    repository,
    app,
    address: front.url,
    call,
    sessionOf: async (run, claims = {}) => {
      const token = await issuer.mint(
        githubClaims({
          aud: front.url,
          check_run_id: randomUUID(),
          run_id: String(run.id),
          run_attempt: String(run.attempt),
          sha: run.sha,
          actor_id: String(run.actor.id),
          ...claims,
        }),
      );
      return String((await call('POST', '/sessions', { body: { token } })).body['session']);
    },
    card: (text) =>
      world.slack.waitFor(
        () =>
          world.slack
            .as('olga')
            .messages('prod-access')
            .findLast((message) => shows(message, text)),
        {
          what: `a message with "${text}"`,
          timeoutMs: WAIT_MS,
        },
      ),
    stop: async () => {
      await world.stop();
      await Promise.all([github.stop(), issuer.stop(), front.close()]);
    },
  };
};
