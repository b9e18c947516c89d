import { readFile, readdir, mkdtemp, writeFile, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMMAND } from '../../src/slack/door/commands/command.ts';
import { MESSAGE_EVENTS } from '../../src/slack/incident-channels/channel-messages.ts';
import { channelEvents } from '../../src/slack/incident-channels/channel-events.ts';
import { DIRECT_MESSAGE } from '../../src/slack/door/direct-message.ts';
import { events as homeEvents, personEvents } from '../../src/slack/door/listeners.ts';
import { BOT_SCOPES, TOOL_SCOPES } from '../../src/slack/scopes.ts';
import { HEARD_EVENTS } from '../../src/slack/directory/heard.ts';
import { searches } from '../../src/slack/door/views/registry.ts';

const listened = [...homeEvents, ...personEvents, ...channelEvents].map(({ type }) => type);
const events = [...new Set([listened[0] ?? '', DIRECT_MESSAGE.type, ...HEARD_EVENTS, ...listened])];
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Bot scopes that each Web API method asks for. Slack: the "Required scopes" of docs.slack.dev/reference/methods/<method> */
const METHOD_SCOPES: Record<string, string[]> = {
  'auth.test': [],
  'auth.teams.list': [],
  'oauth.v2.access': [],
  // By the app token, which has connections:write.
  'apps.connections.open': [],
  'chat.getPermalink': [],
  'views.open': [],
  'views.update': [],
  'views.publish': [],
  'chat.postMessage': ['chat:write'],
  'chat.update': ['chat:write'],
  'bots.info': ['users:read'],
  'users.info': ['users:read', 'users:read.email'],
  'users.list': ['users:read'],
  'usergroups.users.list': ['usergroups:read'],
  'users.lookupByEmail': ['users:read.email'],
  'users.profile.get': ['users.profile:read'],
  'team.profile.get': ['users.profile:read'],
  'usergroups.list': ['usergroups:read'],
  'conversations.list': ['channels:read', 'groups:read'],
  'conversations.info': ['channels:read', 'groups:read'],
  'conversations.join': ['channels:join'],
  // By a checkpoint's place in Slack, where the installation has channels:history; without it the place is only written to.
  'conversations.history': [],
  'files.uploadV2': ['files:write'],
};
/** Bot scopes that events ask for. Slack: docs.slack.dev/reference/events/<event> */
const EVENT_SCOPES: Record<string, string[]> = {
  app_home_opened: [],
  [DIRECT_MESSAGE.type]: [DIRECT_MESSAGE.scope],
  user_change: ['users:read'],
  user_profile_changed: ['users:read'],
  team_join: ['users:read'],
  subteam_created: ['usergroups:read'],
  subteam_updated: ['usergroups:read'],
  subteam_members_changed: ['usergroups:read'],
  ...Object.fromEntries(
    ['channel_created', 'channel_rename', 'channel_archive', 'channel_unarchive', 'channel_deleted'].map((type) => [
      type,
      ['channels:read'],
    ]),
  ),
  ...Object.fromEntries(
    ['group_rename', 'group_archive', 'group_unarchive', 'group_deleted'].map((type) => [type, ['groups:read']]),
  ),
  member_joined_channel: ['channels:read', 'groups:read'],
};

type Manifest = {
  features: {
    slash_commands: { command: string; url: string; usage_hint: string }[];
    app_home: { home_tab_enabled: boolean; messages_tab_enabled: boolean; messages_tab_read_only_enabled: boolean };
  };
  oauth_config: { scopes: { bot: string[]; user?: string[] } };
  settings: {
    event_subscriptions: { request_url: string; bot_events: string[] };
    interactivity: { is_enabled: boolean; request_url: string; message_menu_options_url: string };
    socket_mode_enabled: boolean;
  };
};

let manifest: Manifest;
let source: string;
let methods: string[];

const readSource = async (folder: string): Promise<string> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  const texts = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'utf8')));
  return texts.join('\n');
};

beforeAll(async () => {
  manifest = parse(await readFile(join(root, 'manifest.yml'), 'utf8')) as Manifest;
  source = await readSource(join(root, 'src/slack'));
  methods = [
    ...new Set([...source.matchAll(/client\s*\.((?:[a-zA-Z]+\.)+[a-zA-Z0-9]+)\(/g)].map((match) => match[1] ?? '')),
  ];
});

describe('manifest.yml', () => {
  it('has a scope for every method the code calls, and none that nothing uses', () => {
    expect(methods.length).toBeGreaterThan(5);
    expect(methods.filter((method) => !(method in METHOD_SCOPES))).toEqual([]);
    const used = methods.flatMap((method) => METHOD_SCOPES[method] ?? []);
    const heard = events.flatMap((type) => EVENT_SCOPES[type] ?? []);
    const needed = new Set(['commands', ...used, ...heard]);
    expect([...manifest.oauth_config.scopes.bot].sort()).toEqual([...needed].sort());
    expect(manifest.oauth_config.scopes.user).toBeUndefined();
  });

  it('asks for the scopes that `latchkey doctor` looks for', () => {
    expect(BOT_SCOPES.map(({ name }) => name).sort()).toEqual([...manifest.oauth_config.scopes.bot].sort());
    expect(TOOL_SCOPES.map(({ name }) => name)).toEqual(MESSAGE_EVENTS.map(({ scope }) => scope));
  });

  it('says why each scope is there', async () => {
    const text = await readFile(join(root, 'manifest.yml'), 'utf8');
    for (const scope of manifest.oauth_config.scopes.bot) {
      expect(text).toMatch(new RegExp(`- ${scope.replace('.', '\\.')} +# \\S`));
    }
  });

  it('subscribes to the events the code listens to, and to no others', () => {
    expect(manifest.settings.event_subscriptions.bot_events).toEqual(events);
    expect(manifest.features.app_home.home_tab_enabled).toBe(true);
  });

  it('lets people write to Latchkey in its direct message', () => {
    const { messages_tab_enabled: hasTab, messages_tab_read_only_enabled: isReadOnly } = manifest.features.app_home;
    expect({ hasTab, isReadOnly }).toEqual({ hasTab: true, isReadOnly: false });
  });

  it('leaves reading messages of channels to whoever asks for it', async () => {
    const text = await readFile(join(root, 'manifest.yml'), 'utf8');
    for (const { type, scope } of MESSAGE_EVENTS) {
      expect(text).toMatch(new RegExp(`^ *# - ${type.replace('.', '\\.')}$`, 'm'));
      expect(text).toMatch(new RegExp(`^ *# - ${scope} +# \\S`, 'm'));
      expect(manifest.oauth_config.scopes.bot).not.toContain(scope);
    }
  });

  it('registers the slash command, buttons and searches', () => {
    expect(manifest.features.slash_commands.map(({ command }) => command)).toEqual([COMMAND]);
    expect(manifest.settings.interactivity.is_enabled).toBe(true);
    expect(searches.length).toBeGreaterThan(0);
  });

  it('sends everything to the one address that the HTTP mode serves', () => {
    const { event_subscriptions: subscriptions, interactivity } = manifest.settings;
    const urls = [
      ...manifest.features.slash_commands.map(({ url }) => url),
      subscriptions.request_url,
      interactivity.request_url,
      interactivity.message_menu_options_url,
    ];
    expect(new Set(urls.map((url) => new URL(url).pathname))).toEqual(new Set(['/slack/events']));
    expect(new Set(urls).size).toBe(1);
  });

  it('is a manifest by the types of Slack’s own library, down to the names of scopes and events', async () => {
    const problems = await typeProblems(manifest);
    expect(problems).toBe('');
    expect(await typeProblems({ ...manifest, oauth_config: { scopes: { bot: ['chat:wrote'] } } })).toContain(
      'chat:wrote',
    );
  });
});

/** Compiles the manifest as a value of Slack's type: a literal with a misspelt key, scope or event does not compile. */
const typeProblems = async (value: object): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-manifest-'));
  try {
    const types = join(root, 'node_modules/@slack/web-api/dist/types/request/index.js');
    const file = join(folder, 'manifest.mts');
    const code = `import type { AppsManifestCreateArguments } from ${JSON.stringify(types)};
export const manifest: AppsManifestCreateArguments['manifest'] = ${JSON.stringify(value, null, 2)};\n`;
    await writeFile(file, code);
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      '',
    ];
    await promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...flags, file], {
      cwd: folder,
    });
    return '';
  } catch (error) {
    if (error instanceof Error && 'stdout' in error) return String(error.stdout) || error.message;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
