/** The built page, and files people and the app have uploaded. */
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { canRead, visibleTo } from '../slack/messages.ts';
import type { State } from '../slack/state.ts';
import { safetyHeaders } from './guard.ts';

const isSource = import.meta.url.endsWith('.ts');
/** The build writes beside the compiled server, also when the server runs from its source. */
const defaultFolder = fileURLToPath(new URL(isSource ? '../../dist/page/' : '../page/', import.meta.url));

const types: Record<string, string> = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

const answer = (response: ServerResponse, status: number, given: { type: string; body: string | Buffer }): void => {
  response.writeHead(status, { ...safetyHeaders, 'content-type': given.type, 'cache-control': 'no-store' });
  response.end(given.body);
};

const plain = 'text/plain; charset=utf-8';

export const answerText = (response: ServerResponse, status: number, body: string): void =>
  answer(response, status, { type: plain, body });

export const answerPage = async (response: ServerResponse, path: string, folder = defaultFolder): Promise<void> => {
  const name = path === '/' ? 'index.html' : path.slice(1);
  const type = types[name];
  if (type === undefined) return answerText(response, 404, 'There is nothing here. The page is at /.');
  try {
    answer(response, 200, { type, body: await readFile(`${folder}${name}`) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    answerText(response, 503, 'The page is not built yet. Run: npm run build:page');
  }
};

const isShownTo = (state: State, userId: string, fileId: string): boolean =>
  [...state.channels.values()].some(
    (channel) =>
      canRead(state, channel, userId) &&
      visibleTo(state, channel, userId).some((message) => message.files?.some((file) => file.id === fileId)),
  );

/** Always as a download: what people upload must never run as a page of ours. */
export const answerFile = (response: ServerResponse, state: State, given: { fileId: string; userId: string }): void => {
  const file = state.files.get(given.fileId);
  if (file === undefined || !isShownTo(state, given.userId, given.fileId)) {
    answerText(response, 404, 'There is no such file.');
    return;
  }
  response.writeHead(200, {
    ...safetyHeaders,
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
  });
  response.end(file.bytes);
};
