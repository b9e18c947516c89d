#!/usr/bin/env node
/**
 * A receiver for Latchkey's provider `webhook`, in Node without packages. It keeps grants in a file. Put your own system where it says
 * "Yours". WEBHOOK_SECRET=whsec_… PORT=8080 STATE=grants.json node receiver.mjs
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { WEBHOOK_SECRET = '', PORT = '8080', HOST = '127.0.0.1', STATE = 'grants.json' } = process.env;
const SECRET = Buffer.from(WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64');
if (SECRET.length < 24) throw new Error('WEBHOOK_SECRET must be whsec_ and at least 24 bytes in base64');
const TOLERANCE_S = 300;
const LONGEST = 65_536;

/** Standard Webhooks: HMAC-SHA256 over id, time and the exact bytes of the body; any of the signatures may fit. */
const isSigned = (headers, body) => {
  const id = headers['webhook-id'] ?? '';
  const time = headers['webhook-timestamp'] ?? '';
  if (!id || !/^\d+$/.test(time) || Math.abs(Date.now() / 1000 - Number(time)) > TOLERANCE_S) return false;
  const right = createHmac('sha256', SECRET).update(`${id}.${time}.`).update(body).digest();
  return (headers['webhook-signature'] ?? '').split(' ').some((one) => {
    const [version, text = ''] = one.split(',');
    const given = Buffer.from(text, 'base64');
    return version === 'v1' && given.length === right.length && timingSafeEqual(given, right);
  });
};

const load = () => (existsSync(STATE) ? JSON.parse(readFileSync(STATE, 'utf8')) : {});
const save = (grants) => {
  writeFileSync(`${STATE}.new`, JSON.stringify(grants), { mode: 0o600 });
  renameSync(`${STATE}.new`, STATE);
};

const VERBS = {
  /** The same id again is the same question: it gets the same answer, so that a lost one costs nothing. */
  grant: ({ grant_id, scope, person, client, expires_at }, id) => {
    const grants = load();
    const account = `lk_${grant_id}`;
    if (grants[grant_id]?.asked !== id) {
      // Yours: make the account, or give it a new password and deadline where it is there already.
      const token = randomBytes(32).toString('base64url');
      const holder = (person ?? client).name;
      grants[grant_id] = { asked: id, account, token, scope, expires_at, holder, closed: false };
      save(grants);
    }
    const { token } = grants[grant_id];
    return {
      handle: { account },
      fields: [
        { name: 'user', label: 'User', value: account, secret: false },
        { name: 'password', label: 'Password', value: token, env: 'APP_TOKEN' },
      ],
      instructions: 'Log in with this user and password.',
    };
  },
  /** Quick: no one gets in any more, and open sessions are cut. The account may still be there. */
  close: ({ grant_id }) => {
    const grants = load();
    if (!grants[grant_id]) return { outcome: 'absent' };
    // Yours: lock the account and end its sessions.
    grants[grant_id].closed = true;
    save(grants);
    return { outcome: 'closed' };
  },
  /** For something that was never made, or is gone, too. Close it, end its sessions, remove it. */
  revoke: ({ grant_id }) => {
    const grants = load();
    if (!grants[grant_id]) return { outcome: 'already_absent' };
    // Yours: lock the account, end its sessions, remove it.
    delete grants[grant_id];
    save(grants);
    return { outcome: 'removed' };
  },
  /** Ask your system, never a memory of what you did. */
  check: ({ grant_id }) => {
    const found = load()[grant_id];
    return { state: found ? (found.closed ? 'closed' : 'present') : 'absent' };
  },
  extend: ({ grant_id, expires_at }) => {
    const grants = load();
    if (!grants[grant_id] || grants[grant_id].closed) return null;
    grants[grant_id].expires_at = expires_at;
    save(grants);
    return { expires_at: load()[grant_id].expires_at };
  },
  list: () => ({
    grants: Object.entries(load()).map(([grant_id, { account, expires_at }]) => ({
      grant_id,
      handle: { account },
      expires_at,
    })),
  }),
};

const read = async (request) => {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > LONGEST) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
};

const answer = (response, status, value) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
};

const serve = async (request, response) => {
  const body = await read(request);
  if (request.method !== 'POST' || body === null) return answer(response, 400, { error: 'POST at most 64 KB' });
  if (!isSigned(request.headers, body)) return answer(response, 401, { error: 'not signed by Latchkey' });
  const question = JSON.parse(body.toString('utf8'));
  const verb = Object.hasOwn(VERBS, question.action) ? VERBS[question.action] : null;
  if (question.version !== 1 || !verb) return answer(response, 501, { error: 'unknown action' });
  const said = verb(question, request.headers['webhook-id']);
  return said === null ? answer(response, 410, { error: 'no such grant' }) : answer(response, 200, said);
};

createServer((request, response) => {
  serve(request, response).catch((/** @type {unknown} */ error) => {
    process.stderr.write(`${String(error)}\n`);
    if (!response.headersSent) answer(response, 500, { error: 'failed' });
  });
}).listen(Number(PORT), HOST, () => process.stdout.write('ready\n'));
