/** The whole way of one grant: asked in one line, agreed to with a click, credentials there, really logged in. */
import pg from 'pg';
import { postClick, postCommand } from './signed.ts';
import type { Grants } from './grants.ts';
import { APPROVER } from './slack.ts';
import type { Slack } from './slack.ts';

/** Milliseconds, each from the click on Approve but for the first. */
export type Walked = {
  askAckMs: number;
  clickAckMs: number;
  /** Committed as active, with its credentials. */
  activeMs: number;
  /** Read and decrypted. */
  credentialMs: number;
  loggedInMs: number;
  /** From the click on Show credentials until the view held them; NaN where that was left out. */
  shownMs: number;
};

export type Route = { url: string; slack: Slack; grants: Grants; group: string; isShown: boolean };

let count = 0;

export const logIn = async (url: string): Promise<string> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ me: string }>('select current_user as me from orders limit 1');
    return rows[0]?.me ?? '';
  } finally {
    await client.end();
  }
};

const show = async (
  { url, slack }: Route,
  given: { userId: string; grantId: string; requestId: string },
): Promise<number> => {
  const { userId, grantId, requestId } = given;
  await slack.button('show_credentials', `"request_id":"${requestId}"`);
  const startedAt = performance.now();
  await postClick({ url, userId, actionId: 'show_credentials', value: grantId, responseUrl: slack.nextResponse().url });
  await slack.view(grantId);
  return performance.now() - startedAt;
};

export const walk = async (route: Route, userId: string): Promise<Walked> => {
  const { url, slack, grants, group } = route;
  count += 1;
  const mark = `bench-${process.pid}-${count}`;
  const text = `orders-db read 30m ${mark} checkout errors`;
  const askAckMs = await postCommand({ url, userId, text, responseUrl: slack.nextResponse().url });
  const value = await slack.button('approve', mark);
  const [requestId = ''] = value.split(':');
  const clickedAt = performance.now();
  const active = grants.active(requestId);
  const responseUrl = slack.nextResponse().url;
  const clickAckMs = await postClick({ url, userId: APPROVER, actionId: 'approve', value, responseUrl });
  const { grantId, atMs } = await active;
  const loginUrl = await grants.credentials(grantId);
  const credentialMs = performance.now() - clickedAt;
  const me = await logIn(loginUrl);
  const loggedInMs = performance.now() - clickedAt;
  if (me !== group) throw new Error(`Logged in as "${me}" instead of as ${group}.`);
  const shownMs = route.isShown ? await show(route, { userId, grantId, requestId }) : Number.NaN;
  return { askAckMs, clickAckMs, activeMs: atMs - clickedAt, credentialMs, loggedInMs, shownMs };
};
