import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { servePage } from '../../../sandbox/src/page-server/serve-page.ts';
import type { Page } from '../../../sandbox/src/page-server/serve-page.ts';
import type { Act } from '../../../sandbox/src/page-server/act.ts';
import type { Hello, Push } from '../../../sandbox/src/page-server/protocol.ts';
import { createWorkspace } from '../../../sandbox/src/slack/workspace.ts';
import type { Workspace } from '../../../sandbox/src/slack/workspace.ts';
import { cast } from '../../support/slack.ts';

let workspace: Workspace;
let page: Page;
let url: URL;

beforeAll(async () => {
  workspace = createWorkspace(cast);
  page = servePage({ workspace, title: 'Test', warning: 'Not for production.' });
  url = new URL((await workspace.listen(page)).url);
});

afterAll(async () => {
  page.close();
  await workspace.close();
});

type Answer = { status: number; body: string; headers: Record<string, unknown> };

const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), { headers }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString('utf8');
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    asked.on('error', reject);
    asked.end();
  });

type Window = { pushes: Push[]; ask: (act: Act) => Promise<unknown>; close: () => void; hello: Hello };

const openWindow = async (as: string): Promise<Window> => {
  const socket = new WebSocket(new URL(`/page/socket?as=${as}`, url), { origin: url.origin });
  const pushes: Push[] = [];
  let lastId = 0;
  const answers = new Map<number, (push: Extract<Push, { push: 'answer' }>) => void>();
  const hello = await new Promise<Hello>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => {
      const push = JSON.parse(data.toString('utf8')) as Push;
      pushes.push(push);
      if (push.push === 'hello') resolve(push);
      if (push.push === 'answer') answers.get(push.id)?.(push);
    });
  });
  return {
    pushes,
    hello,
    close: () => socket.close(),
    ask: (act) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        answers.set(lastId, (answer) =>
          answer.error === undefined ? resolve(answer.value) : reject(new Error(answer.error)),
        );
        socket.send(JSON.stringify({ id: lastId, ...act }));
      }),
  };
};

/** The status a WebSocket was refused with, or `open`. */
const knock = (headers: Record<string, string>, path = '/page/socket?as=ada'): Promise<number | 'open'> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(new URL(path, url), { headers });
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', reject);
    socket.on('open', () => {
      socket.close();
      resolve('open');
    });
  });

describe('who may speak to the page', () => {
  it('a foreign name that leads to this machine gets nothing', async () => {
    expect((await get('/', { host: 'evil.test' })).status).toBe(403);
    expect((await get('/page/files/F1', { host: `evil.test:${url.port}` })).status).toBe(403);
    expect((await get('/nothing', { host: `localhost:${url.port}` })).status).toBe(404);
  });

  it('a page of another origin cannot open a socket', async () => {
    expect(await knock({ origin: 'https://evil.test' })).toBe(403);
    expect(await knock({ origin: 'http://localhost:1' })).toBe(403);
    expect(await knock({})).toBe(403);
    expect(await knock({ origin: 'http://evil.test', host: 'evil.test' })).toBe(403);
    expect(await knock({ origin: url.origin })).toBe('open');
  });

  it('says that nothing but its own script may run', async () => {
    const { headers } = await get('/');
    expect(headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self'/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('serves only what was built', async () => {
    expect((await get('/../package.json')).status).toBe(404);
    expect((await get('/%2e%2e/%2e%2e/package.json')).status).toBe(404);
  });
});

describe('what a window is told', () => {
  it('starts with what this person may see, and no more', async () => {
    const ada = await openWindow('ada');
    expect(ada.hello.me).toBe('U0ADA');
    expect(ada.hello.channels.map((channel) => channel.name)).not.toContain('security');
    const sam = await openWindow('sam');
    expect(sam.hello.channels.map((channel) => channel.name)).toContain('security');
    ada.close();
    sam.close();
  });

  it('hears of messages, but not of what is for other eyes', async () => {
    const ada = await openWindow('ada');
    const sam = await openWindow('sam');
    await sam.ask({ act: 'post', channel: 'C0SECRET', text: 'secret plan' });
    // An unknown command is answered to its sender alone.
    await sam.ask({ act: 'command', channel: 'C0GENERAL', command: '/nothing', text: '' });
    await sam.ask({ act: 'post', channel: 'C0GENERAL', text: 'hello all' });
    await expect.poll(() => JSON.stringify(ada.pushes)).toContain('hello all');
    expect(JSON.stringify(ada.pushes)).not.toContain('secret plan');
    expect(JSON.stringify(ada.pushes)).not.toContain('/nothing');
    expect(JSON.stringify(sam.pushes)).toContain('secret plan');
    ada.close();
    sam.close();
  });

  it('is told the history of a channel one is invited to', async () => {
    const sam = await openWindow('sam');
    const rita = await openWindow('rita');
    await sam.ask({ act: 'post', channel: 'C0SECRET', text: 'before you came' });
    await sam.ask({ act: 'invite', channel: 'C0SECRET', userId: 'U0RITA' });
    await expect.poll(() => JSON.stringify(rita.pushes)).toContain('before you came');
    sam.close();
    rita.close();
  });

  it('keeps what was read the same in all windows of a person', async () => {
    const first = await openWindow('olga');
    const second = await openWindow('olga');
    const rita = await openWindow('rita');
    await rita.ask({ act: 'post', channel: 'C0GENERAL', text: 'news' });
    await first.ask({ act: 'read', channel: 'C0GENERAL', ts: '9999999999.000000' });
    await expect
      .poll(() => second.pushes.some((push) => push.push === 'channels' && JSON.stringify(push).includes('9999999999')))
      .toBe(true);
    for (const window of [first, second, rita]) window.close();
  });
});

describe('what a window may ask', () => {
  it('refuses what nobody could do in a client, with a sentence', async () => {
    const ada = await openWindow('ada');
    await expect(ada.ask({ act: 'post', channel: 'C0SECRET', text: 'let me in' })).rejects.toThrow(/not in #security/);
    await expect(ada.ask({ act: 'submit', viewId: 'V1' })).rejects.toThrow(/no open modal/);
    await expect(ada.ask({ act: 'world_connect', user: 'a', password: 'b' })).rejects.toThrow(/no demo database/);
    ada.close();
  });

  it('refuses what it does not know, and lives on', async () => {
    const ada = await openWindow('ada');
    await expect(ada.ask({ act: 'shutdown' } as unknown as Act)).rejects.toThrow(/unknown/);
    await expect(ada.ask({ act: 'post', channel: '', text: 'x' })).rejects.toThrow(/unknown/);
    await ada.ask({ act: 'post', channel: 'C0GENERAL', text: 'still here' });
    ada.close();
  });

  it('somebody who is not there is told so, and nothing else', async () => {
    const socket = new WebSocket(new URL('/page/socket?as=mallory', url), { origin: url.origin });
    let heard = 0;
    socket.on('message', () => {
      heard += 1;
    });
    const code = await new Promise<number>((resolve) => {
      socket.on('close', resolve);
    });
    expect([code, heard]).toEqual([4004, 0]);
  });
});

describe('files', () => {
  it('are a download for those who see the message, and nothing for others', async () => {
    workspace.state.files.set('F0TEST', {
      id: 'F0TEST',
      name: 'run "me".html',
      title: 'Report',
      bytes: Buffer.from('<script>alert(1)</script>'),
      userId: 'U0SAM',
      createdAtS: 0,
      isComplete: true,
    });
    workspace.as('sam').post('security', 'see the file');
    const message = workspace.state.messages.get('C0SECRET')?.at(-1);
    if (message !== undefined) message.files = [{ id: 'F0TEST', name: 'run "me".html' }];
    const seen = await get('/page/files/F0TEST?as=sam');
    expect(seen.status).toBe(200);
    expect(seen.headers['content-type']).toBe('application/octet-stream');
    expect(seen.headers['content-disposition']).toBe(`attachment; filename*=UTF-8''run%20%22me%22.html`);
    expect((await get('/page/files/F0TEST?as=ada')).status).toBe(404);
    expect((await get('/page/files/F0TEST?as=mallory')).status).toBe(404);
  });
});
