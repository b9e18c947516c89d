/**
 * Slack's side of the Web API with as little work as can be: what it costs would count as Latchkey's time.
 * It knows everybody, takes every message, and notifies those who wait of the buttons and credentials came by.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { channelOf, channelsNow } from './channels.ts';
import { TEAM_ID } from './signed.ts';

export const APPROVER = 'U0OLGA';

type Answer = Record<string, unknown>;
type Fields = Record<string, string>;

export type Slack = {
  apiUrl: string;
  /** A response_url that nobody has, and when something was sent to it. */
  nextResponse(): { url: string; answered(): Promise<string> };
  /** The value of the first button with this action in a message or view that mentions `about`. */
  button(actionId: string, about: string): Promise<string>;
  /** The text of the first view that mentions `about`. */
  view(about: string): Promise<string>;
  /** When the first message of this kind about an incident came that mentions `about`; of `files`, when both were there. */
  message(kind: 'prompt' | 'timeline' | 'files', about: string): Promise<string>;
  /** How many calls of each method there were. */
  calls: Map<string, number>;
  /** How often each button of an alert and each message of an incident was posted: `prompt bench-1-2`. */
  posts: Map<string, number>;
  close(): Promise<void>;
};

const WAIT_LIMIT_MS = 30_000;

const createWaiting = () => {
  const waiting = new Map<string, (text: string) => void>();
  const arrived = new Map<string, string>();
  const posts = new Map<string, number>();
  return {
    posts,
    notify: (key: string, text: string): void => {
      const waits = waiting.get(key);
      if (!waits) arrived.set(key, text);
      else if (waiting.delete(key)) waits(text);
    },
    wait: (key: string): Promise<string> => {
      const known = arrived.get(key);
      if (known !== undefined) {
        arrived.delete(key);
        return Promise.resolve(known);
      }
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(key);
          reject(new Error(`Waited ${WAIT_LIMIT_MS} ms in vain for ${key}.`));
        }, WAIT_LIMIT_MS);
        waiting.set(key, (text) => {
          clearTimeout(timer);
          resolve(text);
        });
      });
    },
  };
};

type Waiting = ReturnType<typeof createWaiting>;

const userOf = (id: string): Answer => ({
  id,
  team_id: TEAM_ID,
  name: id.toLowerCase(),
  deleted: false,
  tz: 'Europe/Berlin',
  is_bot: false,
  profile: {
    display_name: id.toLowerCase(),
    real_name: id,
    email: id === APPROVER ? 'olga@acme.test' : `${id.toLowerCase()}@acme.test`,
  },
});

/** What the load generator writes into a reason, and what Latchkey puts into the metadata of a message. */
const MARKS = /bench-\d+-\d+|"request_id":"[0-9a-z]+"/g;
const BUTTON = /"action_id":"(approve|show_credentials|ask_for_alert)"[^{}]*?"value":"([^"]+)"/g;
/** In the metadata of an incident's messages. */
const KIND = /"kind":"(prompt|timeline)"/;

let count = 0;

const tellAndCount = (waiting: Waiting, key: string, text: string): void => {
  waiting.posts.set(key, (waiting.posts.get(key) ?? 0) + 1);
  waiting.notify(key, text);
};

const tellOfMessage = (waiting: Waiting, fields: Fields): void => {
  const text = `${fields['text'] ?? ''} ${fields['blocks'] ?? ''} ${fields['attachments'] ?? ''} ${fields['metadata'] ?? ''}`;
  const marks = new Set([...text.matchAll(MARKS)].map(([mark]) => mark));
  for (const [, actionId = '', value = ''] of text.matchAll(BUTTON))
    for (const mark of marks)
      if (actionId === 'ask_for_alert') tellAndCount(waiting, `${actionId} ${mark}`, value);
      else waiting.notify(`${actionId} ${mark}`, value);
  const kind = KIND.exec(fields['metadata'] ?? '')?.[1];
  if (kind) for (const mark of marks) tellAndCount(waiting, `${kind} ${mark}`, kind);
};

type Place = { waiting: Waiting; base: string };

const methods: Record<string, (fields: Fields, place: Place) => Answer> = {
  'auth.test': () => ({
    team_id: TEAM_ID,
    team: 'Bench',
    user: 'latchkey',
    user_id: 'U0BENCH',
    bot_id: 'B0BENCH',
    url: 'https://bench.test/',
  }),
  'users.info': ({ user = '' }) => ({ user: userOf(user) }),
  'users.lookupByEmail': ({ email = '' }) => ({
    user: userOf(email === 'olga@acme.test' ? APPROVER : (email.split('@')[0] ?? '').toUpperCase()),
  }),
  'usergroups.list': () => ({ usergroups: [] }),
  'conversations.list': () => ({
    channels: [{ id: 'C0ACCESS', name: 'prod-access' }, ...channelsNow()],
    response_metadata: { next_cursor: '' },
  }),
  'conversations.info': ({ channel = '' }) => {
    const shown = channelOf(channel);
    return shown ? { channel: shown } : { ok: false, error: 'channel_not_found' };
  },
  'conversations.join': ({ channel = '' }) => ({ channel: channelOf(channel) }),
  'files.getUploadURLExternal': (_fields, { base }) => {
    count += 1;
    return { upload_url: `${base}/upload/${count}`, file_id: `F${count}` };
  },
  'files.completeUploadExternal': ({ files = '[]' }, { waiting }) => {
    const mark = files.match(MARKS)?.[0];
    if (mark) tellAndCount(waiting, `files ${mark}`, files);
    return { files: JSON.parse(files) as unknown };
  },
  'chat.postMessage': (fields, { waiting }) => {
    count += 1;
    tellOfMessage(waiting, fields);
    return {
      channel: fields['channel']?.startsWith('U') ? `D${fields['channel'].slice(1)}` : fields['channel'],
      ts: `1700000000.${count}`,
    };
  },
  'chat.update': ({ channel, ts }) => ({ channel, ts }),
  'views.open': () => {
    count += 1;
    return { view: { id: `V${count}`, hash: String(count) } };
  },
  'views.update': (fields, { waiting }) => {
    const view = fields['view'] ?? '';
    const login = /lk_([0-9a-z]+)_/.exec(view)?.[1];
    if (login) waiting.notify(`view ${login}`, view);
    return { view: { id: fields['view_id'], hash: '1' } };
  },
};

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

/** Structured arguments as JSON text, however they travelled. */
const fieldsOf = (type: string, body: string): Fields => {
  if (!type.startsWith('application/json')) return Object.fromEntries(new URLSearchParams(body));
  const given = JSON.parse(body === '' ? '{}' : body) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
};

const answerJson = (response: ServerResponse, answer: Answer): void => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer));
};

/** Everything but the answers to methods: a sent `response_url`, and the bytes of a file. */
const answerOther = (waiting: Waiting, path: string, body: string): boolean => {
  if (path.startsWith('/respond/')) waiting.notify(path, body);
  return !path.startsWith('/api/');
};

export const startSlack = async (): Promise<Slack> => {
  const place: Place = { waiting: createWaiting(), base: '' };
  const { waiting } = place;
  const calls = new Map<string, number>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (answerOther(waiting, path, body)) return answerJson(response, { ok: true });
    const name = path.replace('/api/', '');
    calls.set(name, (calls.get(name) ?? 0) + 1);
    const method = methods[name];
    if (!method) return answerJson(response, { ok: false, error: 'unknown_method' });
    answerJson(response, { ok: true, ...method(fieldsOf(request.headers['content-type'] ?? '', body), place) });
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500);
      response.end(String(error));
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  place.base = base;
  return {
    apiUrl: `${base}/api/`,
    nextResponse: () => {
      count += 1;
      const path = `/respond/${count}`;
      return { url: `${base}${path}`, answered: () => waiting.wait(path) };
    },
    button: (actionId, about) => waiting.wait(`${actionId} ${about}`),
    view: (about) => waiting.wait(`view ${about}`),
    message: (kind, about) => waiting.wait(`${kind} ${about}`),
    calls,
    posts: waiting.posts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
