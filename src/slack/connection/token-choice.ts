/**
 * With which token a call is made, where the app is installed in several workspaces. It stands below every client, so that nothing above it
 * knows of tokens. What Slack lists for one workspace only is read from each, and looks like one list.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { FetchFunction } from '@slack/web-api';
import type { Log } from '../../lib/log.ts';
import { createRarely } from '../../lib/rarely.ts';
import { answerOf } from './answers.ts';
import type { Answer } from './answers.ts';
import type { Installation, Installations } from './installations.ts';

/** Where the work at hand comes from, or goes to. */
type Near = { teamId?: string | undefined; channel?: string };
const near = new AsyncLocalStorage<Near>();

/** What a person does in a workspace is answered there. */
export const inWorkspace = <T>(teamId: string | undefined, work: () => T): T =>
  near.run({ ...near.getStore(), teamId }, work);

/** For calls of which only a later one names the channel, as for files. */
export const nearChannel = <T>(channel: string, work: () => T): T => near.run({ ...near.getStore(), channel }, work);

export type ChoiceSettings = {
  installations: Installations;
  /** Ids of the workspaces that an installation serves. */
  teamsOf(installation: Installation): Promise<string[]>;
  /** Makes the calls of one installation, within its own limits. */
  callsOf(installation: Installation): FetchFunction;
  /** Slack took the token of an installation for none. */
  onRefused(installation: Installation): void;
  log: Log;
};

type Called = { url: Parameters<FetchFunction>[0]; init: NonNullable<Parameters<FetchFunction>[1]> };
type Args = { method: string; form: URLSearchParams };

/** There is no such channel, person, … for this token, or the token is none any more: nothing was done. */
const NOT_HERE = new Set([
  'bot_not_found',
  'cant_update_message',
  'channel_not_found',
  'file_not_found',
  'invalid_trigger_id',
  'message_not_found',
  'no_such_subteam',
  'not_found',
  'not_in_channel',
  'team_access_not_granted',
  'user_not_found',
  'user_not_visible',
  'users_not_found',
]);
const NO_TOKEN = new Set(['account_inactive', 'invalid_auth', 'not_authed', 'token_expired', 'token_revoked']);

/** Slack: each method's page, `team_id`: "required if org token is used". The first ones are read from every workspace. */
const LISTS: Readonly<Record<string, string | null>> = {
  'conversations.list': null,
  'users.list': null,
  'usergroups.list': 'usergroups',
};
const NEED_TEAM = new Set(['bots.info', 'usergroups.users.list']);

const REMEMBERED_MAX = 10_000;

/** Which installation knows a channel, person or view, as its last answer showed. */
const createMemory = () => {
  const known = new Map<string, string>();
  return {
    find: (keys: readonly string[]): string | undefined => keys.map((key) => known.get(key)).find(Boolean),
    keep: (keys: readonly string[], id: string): void => {
      for (const key of keys) {
        known.delete(key);
        known.set(key, id);
        const [oldest] = known.keys();
        if (known.size > REMEMBERED_MAX && oldest !== undefined) known.delete(oldest);
      }
    },
  };
};

const NAMED_BY = ['channel', 'channel_id', 'user', 'user_id', 'view_id', 'file', 'bot', 'usergroup'];
const keysOf = ({ form }: Args): string[] => NAMED_BY.flatMap((name) => form.get(name) || []);

/** What the answer names beside it: a message to a person is in a channel of its own, and an opened view has an id. */
const keysIn = (text: string): string[] => {
  const { channel, view } = JSON.parse(text) as { channel?: unknown; view?: { id?: unknown } };
  return [channel, view?.id].filter((id): id is string => typeof id === 'string');
};

const argsOf = ({ url, init }: Called): Args => ({
  method: new URL(String(url)).pathname.split('/').at(-1) ?? '',
  form: new URLSearchParams(typeof init.body === 'string' ? init.body : ''),
});

type Tried = { installation: Installation; answer: Answer; text: string; code: string | null };

/** An account that another workspace knows as a member is one; that of a guest of ours is not preferred. */
const isOutsider = ({ method }: Args, text: string): boolean =>
  method === 'users.info' && /"(?:is_stranger|deleted)"\s*:\s*true/.test(text);

/** As Slack answers while it is in trouble: what is tried again later is tried again. */
const unavailable = (url: string): Answer =>
  answerOf(url, { status: 503, body: { ok: false, error: 'not_installed' } });

export const createTokenChoice = (settings: ChoiceSettings): FetchFunction => {
  const { installations, callsOf, log } = settings;
  const memory = createMemory();
  const rarely = createRarely();
  const callAs = async (installation: Installation, { url, init }: Called, form?: URLSearchParams): Promise<Tried> => {
    const authorization = `Bearer ${await installations.tokenOf(installation)}`;
    const headers = { ...init.headers, authorization };
    const body = form ? { body: form.toString() } : {};
    const answer = await callsOf(installation)(url, { ...init, ...body, headers });
    const text = await answer.text();
    const code = codeOf(answer, text);
    if (code !== null && NO_TOKEN.has(code)) settings.onRefused(installation);
    return { installation, answer, text, code };
  };
  const trying = { ...settings, memory, callAs };
  return async (url, init = {}) => {
    const called = { url, init };
    // The bytes of a file go to an address that holds the right to send them.
    if (typeof init.body !== 'string') return callsOf(await anyOf(installations))(url, init);
    const all = await installations.all();
    if (all.length === 0) {
      rarely('none', (leftOut) => log.warn({ leftOut }, 'the Slack app is installed nowhere; open /slack/install'));
      return unavailable(String(url));
    }
    const args = argsOf(called);
    if (args.form.has('team_id')) return inOneTeam(trying, { called, args, all });
    if (Object.hasOwn(LISTS, args.method)) return inEachTeam(trying, { called, args, all });
    if (args.method === 'users.lookupByEmail') return byAddress(trying, { called, args, all });
    return inTurn(trying, { called, args, all });
  };
};

const anyOf = async ({ all }: Installations): Promise<Installation> => {
  const [first] = await all();
  if (!first) throw new Error('the Slack app is installed nowhere');
  return first;
};

/** null: it is done. */
const codeOf = ({ ok }: Answer, text: string): string | null => {
  if (!ok) return 'not_answered';
  return /"ok"\s*:\s*false/.test(text) ? (/"error"\s*:\s*"([a-z_]+)"/.exec(text)?.[1] ?? 'unknown') : null;
};

type Trying = ChoiceSettings & {
  memory: ReturnType<typeof createMemory>;
  callAs(installation: Installation, called: Called, form?: URLSearchParams): Promise<Tried>;
};
type Wanted = { called: Called; args: Args; all: Installation[] };

/** Its own installation, else that for all where it is let in. */
export const findServing = async (
  all: readonly Installation[],
  teamId: string,
  teamsOf: ChoiceSettings['teamsOf'],
): Promise<Installation | null> => {
  const own = all.find((one) => one.teamId === teamId);
  if (own) return own;
  for (const one of all.filter((each) => each.teamId === null)) if ((await teamsOf(one)).includes(teamId)) return one;
  return null;
};

const serving = ({ teamsOf }: ChoiceSettings, all: Installation[], teamId: string): Promise<Installation | null> =>
  findServing(all, teamId, teamsOf);

const inOneTeam = async (trying: Trying, { called, args, all }: Wanted): Promise<Answer> => {
  const found = await serving(trying, all, args.form.get('team_id') ?? '');
  if (!found)
    return answerOf(String(called.url), { status: 200, body: { ok: false, error: 'team_access_not_granted' } });
  return (await trying.callAs(found, called)).answer;
};

/** The likeliest first. */
const inOrder = async (trying: Trying, { args, all }: Wanted): Promise<Installation[]> => {
  const { teamId, channel } = near.getStore() ?? {};
  const isNamed = keysOf(args).length > 0;
  const known = trying.memory.find([...keysOf(args), ...(!isNamed && channel ? [channel] : [])]);
  const remembered = all.filter(({ id }) => id === known);
  const here = teamId === undefined ? null : await serving(trying, all, teamId);
  const clicked = here && args.form.has('trigger_id') ? [here] : [];
  return [...new Set([...clicked, ...remembered, ...(here ? [here] : []), ...all])];
};

/** Until one is not answered that what it names is not there. */
const inTurn = async (trying: Trying, wanted: Wanted): Promise<Answer> => {
  const { called, args } = wanted;
  await locate(trying, wanted);
  const tried: Tried[] = [];
  for (const installation of await inOrder(trying, wanted)) {
    const teams = NEED_TEAM.has(args.method) ? await trying.teamsOf(installation) : [null];
    for (const teamId of teams) {
      const one = await trying.callAs(installation, called, teamId === null ? undefined : withTeam(args, teamId));
      if (one.code === null && !isOutsider(args, one.text)) return remembering(trying, wanted, one);
      tried.push(one);
      if (one.code !== null && !NOT_HERE.has(one.code) && !NO_TOKEN.has(one.code)) return one.answer;
    }
  }
  if (tried.every(({ code }) => code !== null && NO_TOKEN.has(code))) return unavailable(String(called.url));
  return mostTelling(tried).answer;
};

const remembering = ({ memory }: Trying, { args }: Wanted, { installation, answer, text }: Tried): Answer => {
  memory.keep([...keysOf(args), ...keysIn(text)], installation.id);
  return answer;
};

/** An account that is there, though not as a member; else that we are not in a channel, before that there is none. */
const mostTelling = (tried: readonly Tried[]): Tried => {
  const isTelling = ({ code }: Tried): boolean => code === 'not_in_channel' || code === 'is_archived';
  const isLost = ({ code }: Tried): boolean => code !== null && NO_TOKEN.has(code);
  const [first] = tried;
  const found =
    tried.find(({ code }) => code === null) ?? tried.find(isTelling) ?? tried.find((one) => !isLost(one)) ?? first;
  if (!found) throw new Error('no installation was tried');
  return found;
};

const withTeam = ({ form }: Args, teamId: string): URLSearchParams => {
  const given = new URLSearchParams(form);
  given.set('team_id', teamId);
  return given;
};

/** Finds out who knows the channel that the work at hand goes to. */
const locate = async (trying: Trying, { called, args, all }: Wanted): Promise<void> => {
  const channel = near.getStore()?.channel;
  if (channel === undefined || keysOf(args).length > 0 || trying.memory.find([channel]) !== undefined) return;
  const url = String(called.url).replace(/[^/]*$/, 'conversations.info');
  const form = new URLSearchParams({ channel });
  const init = { ...called.init, body: form.toString() };
  await near.run({}, () =>
    inTurn(trying, { called: { url, init }, args: { method: 'conversations.info', form }, all }),
  );
};

const TEAM_CURSOR = /^([TE][A-Z0-9]+):(.*)$/s;

/** A list goes on in the next workspace where that of one ends: a caller that turns its pages sees one list. */
const inEachTeam = async (trying: Trying, { called, args, all }: Wanted): Promise<Answer> => {
  const teams = (await Promise.all(all.map((one) => trying.teamsOf(one)))).flat();
  const unique = [...new Set(teams)].sort();
  const merged = LISTS[args.method] ?? null;
  if (merged !== null) return together(trying, { called, args, all }, { teams: unique, field: merged });
  const [, teamId = unique[0] ?? '', cursor = ''] = TEAM_CURSOR.exec(args.form.get('cursor') ?? '') ?? [];
  const found = await serving(trying, all, teamId);
  if (!found) return unavailable(String(called.url));
  const form = withTeam(args, teamId);
  if (cursor === '') form.delete('cursor');
  else form.set('cursor', cursor);
  const { answer, text, code } = await trying.callAs(found, called, form);
  if (code !== null) return answer;
  const body = JSON.parse(text) as { response_metadata?: { next_cursor?: string } };
  const more = body.response_metadata?.next_cursor || null;
  const nextTeam = unique[unique.indexOf(teamId) + 1];
  const next = more === null ? (nextTeam === undefined ? '' : `${nextTeam}:`) : `${teamId}:${more}`;
  const metadata = { ...body.response_metadata, next_cursor: next };
  return answerOf(String(called.url), { status: 200, body: { ...body, response_metadata: metadata } });
};

type Merging = { teams: string[]; field: string };

const together = async (trying: Trying, { called, args, all }: Wanted, { teams, field }: Merging): Promise<Answer> => {
  const listed = new Map<string, unknown>();
  let last: Record<string, unknown> = { ok: true };
  for (const teamId of teams) {
    const found = await serving(trying, all, teamId);
    if (!found) continue;
    const { answer, text, code } = await trying.callAs(found, called, withTeam(args, teamId));
    if (code !== null) return answer;
    last = JSON.parse(text) as Record<string, unknown>;
    for (const one of (last[field] as { id: string }[] | undefined) ?? []) listed.set(one.id, one);
  }
  return answerOf(String(called.url), { status: 200, body: { ...last, [field]: [...listed.values()] } });
};

/** An address that is that of different accounts in two workspaces is nobody's. */
const byAddress = async (trying: Trying, { called, args, all }: Wanted): Promise<Answer> => {
  const found: Tried[] = [];
  const others: Tried[] = [];
  for (const installation of all) {
    const one = await trying.callAs(installation, called);
    if (one.code !== null && !NOT_HERE.has(one.code) && !NO_TOKEN.has(one.code)) return one.answer;
    (one.code === null ? found : others).push(one);
  }
  if (found.length === 0)
    return others.every(({ code }) => NO_TOKEN.has(code ?? ''))
      ? unavailable(String(called.url))
      : mostTelling(others).answer;
  const ids = new Set(found.map(({ text }) => (JSON.parse(text) as { user?: { id?: string } }).user?.id));
  if (ids.size > 1) {
    trying.log.warn({ users: [...ids] }, 'an address is that of several accounts in Slack, and counts for no one');
    return answerOf(String(called.url), { status: 200, body: { ok: false, error: 'users_not_found' } });
  }
  return remembering(trying, { called, args, all }, mostTelling(found));
};
