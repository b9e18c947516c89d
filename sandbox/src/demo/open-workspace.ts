/** The Slack workspace of the demo, with what was said in it before, on the port that its page will share. */
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { parse } from 'yaml';
import type { ManifestInput } from '../slack/config.ts';
import type { ListenOptions } from '../slack/server.ts';
import { createWorkspace } from '../slack/workspace.ts';
import type { Workspace } from '../slack/workspace.ts';
import { ROOT } from './options.ts';
import { keepSlackState } from './slack-state.ts';
import { CHANNELS, FIRST_WORDS, PEOPLE, USERGROUPS } from './team.ts';

type Page = Required<Pick<ListenOptions, 'fallback' | 'fallbackUpgrade'>>;

export type OpenWorkspace = {
  workspace: Workspace;
  /** For people. */
  url: string;
  /** For the app. */
  apiUrl: string;
  /** Until then, a visitor of the URL has to wait. */
  showPage(page: Page): void;
  close(): Promise<void>;
};

const WAIT = `<!doctype html><meta http-equiv="refresh" content="1"><title>Latchkey demo</title><p>The demo is starting …</p>`;

const askToWait = (_request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(503, { 'content-type': 'text/html; charset=utf-8', 'retry-after': '1' });
  response.end(WAIT);
};

const readManifest = (): ManifestInput => parse(readFileSync(path.join(ROOT, 'manifest.yml'), 'utf8')) as ManifestInput;

type Options = { port: number; stateFile: string; onBroken(movedTo: string): void };

export const openWorkspace = async ({ port, stateFile, onBroken }: Options): Promise<OpenWorkspace> => {
  const workspace = createWorkspace({
    manifest: readManifest(),
    users: PEOPLE,
    channels: CHANNELS,
    usergroups: USERGROUPS,
  });
  const isNew = !existsSync(stateFile);
  const keeper = keepSlackState(workspace, stateFile, onBroken);
  if (isNew) for (const { who, text } of FIRST_WORDS) workspace.as(who).post('general', text);
  let page: Page = { fallback: askToWait, fallbackUpgrade: (_request, socket) => socket.destroy() };
  const { apiUrl } = await workspace.listen({
    port,
    fallback: (request, response) => page.fallback(request, response),
    fallbackUpgrade: (request, socket, head) => page.fallbackUpgrade(request, socket, head),
  });
  return {
    workspace,
    url: `http://localhost:${port}/`,
    apiUrl,
    showPage: (given) => {
      page = given;
    },
    close: async () => {
      await workspace.close();
      keeper.stop();
    },
  };
};
