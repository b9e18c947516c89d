/**
 * Targets that somebody else's code opens and closes: one question and one answer in JSON for each step, over whatever carries them. What
 * they say of a change counts only once they have been asked again.
 */
import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { isFitForCredential } from '../../lib/code-variables.ts';
import {
  ProviderError,
  type Connected,
  type Connection,
  type Finding,
  type Grantee,
  type Ours,
  type ProviderContext,
} from '../provider.ts';
import { confirmed } from './read-back.ts';

export const VERBS = ['extend', 'list', 'close'] as const;
/** What it can besides `grant`, `check` and `revoke`. */
export type Extra = (typeof VERBS)[number];

type Body = Record<string, Json> & { action: string };
/** A change carries the same id each time; a look by a new one. */
export type Question = { id: string; isChange: boolean; body: Body };
export type Speaker = (question: Question, signal: AbortSignal) => Promise<Json>;

export const scopeSchema = z.record(z.string(), z.json(), 'must be an object, such as { role: support }');
export type Scope = z.infer<typeof scopeSchema>;
/** Whatever it wants to be given again. */
export const handleSchema = z.object({ handle: z.json() });
export type Handle = z.infer<typeof handleSchema>;

/** Its file may name a program that kubectl starts. Latchkey writes its own. */
const RUNS_PROGRAMS = new Set(['KUBECONFIG']);

const field = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/),
  label: z.string().min(1).max(60),
  value: z.string().max(8_000),
  env: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,59}$/)
    // A job sets it for the command that it runs.
    .refine(
      (name) => isFitForCredential(name) && !RUNS_PROGRAMS.has(name),
      'is no name for a credential: it would change what a job runs, or with whom it talks. A name ends in what it holds, such as APP_TOKEN or APP_URL',
    )
    .nullable()
    .default(null),
  secret: z.boolean().default(true),
});
const grantAnswer = z.object({
  handle: z.json().default(null),
  fields: z.array(field).max(20).default([]),
  instructions: z.string().max(2_000).default(''),
});
const revokeAnswer = z.object({ outcome: z.enum(['removed', 'already_absent']) });
const checkAnswer = z.object({ state: z.enum(['present', 'closed', 'absent']) });
type State = z.infer<typeof checkAnswer>['state'];
const closeAnswer = z.object({ outcome: z.enum(['closed', 'absent']) });
const extendAnswer = z.object({ expires_at: z.iso.datetime({ offset: true }) });
const listAnswer = z.object({
  grants: z
    .array(
      z.object({
        grant_id: z.string(),
        handle: z.json().default(null),
        expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
      }),
    )
    .max(10_000),
});

export type Spoken = { say: Speaker; name: string; extras: readonly Extra[]; survives: string | null };

/** @throws ProviderError where the answer is not of the form that the page of the provider describes. */
const asked = async <T>(
  { say, name }: Spoken,
  { schema, ...question }: Question & { schema: z.ZodType<T> },
  signal: AbortSignal,
): Promise<T> => {
  const answer = schema.safeParse(await say(question, signal));
  if (answer.success) return answer.data;
  const [issue] = answer.error.issues;
  const where = issue && issue.path.length > 0 ? ` (${issue.path.join('.')}: ${issue.message})` : '';
  throw new ProviderError(
    'misconfigured',
    `${name} gave an answer to ${question.body.action} that does not fit${where}.`,
  );
};

const holderOf = (grantee: Grantee): Record<string, Json> =>
  'person' in grantee ? { person: grantee.person } : { client: grantee.client };

type About = { scope: Scope; handle: Handle | undefined; ctx: { grantId: string } };

const bodyOf = (action: string, { scope, handle, ctx }: About, more: Record<string, Json> = {}): Body => ({
  version: 1,
  action,
  grant_id: ctx.grantId,
  scope,
  handle: handle?.handle ?? null,
  ...more,
});

const stateOf = async (spoken: Spoken, about: About, signal: AbortSignal): Promise<State> => {
  const question = { id: '', isChange: false, body: bodyOf('check', about) };
  return (await asked(spoken, { ...question, schema: checkAnswer }, signal)).state;
};

const confirm = async (
  spoken: Spoken,
  { about, states }: { about: About; states: readonly State[] },
  signal: AbortSignal,
): Promise<void> => {
  const read = async (): Promise<boolean> => states.includes(await stateOf(spoken, about, signal));
  const what = `that the access of grant ${about.ctx.grantId} is ${states.join(' or ')}`;
  await confirmed({ read, what, everyMs: 250, withinMs: 6_000, signal });
};

const grant: (spoken: Spoken) => Connection<Scope, Handle>['grant'] = (spoken) => async (scope, ctx) => {
  const body = bodyOf(
    'grant',
    { scope, handle: undefined, ctx },
    { ...holderOf(ctx), expires_at: ctx.expiresAt.toISOString() },
  );
  const id = `${ctx.grantId}:grant:${ctx.expiresAt.getTime()}`;
  const given = await asked(spoken, { id, isChange: true, body, schema: grantAnswer }, ctx.signal);
  const handle = { handle: given.handle };
  await confirm(spoken, { about: { scope, handle, ctx }, states: ['present'] }, ctx.signal);
  const { fields, instructions } = given;
  if (fields.length === 0 && instructions === '') return { handle };
  return { handle, secret: { fields }, instructions: { text: instructions, commands: [] } };
};

const revoke: (spoken: Spoken) => Connection<Scope, Handle>['revoke'] = (spoken) => async (scope, handle, ctx) => {
  const about = { scope, handle, ctx };
  const body = bodyOf('revoke', about);
  const { outcome } = await asked(
    spoken,
    { id: `${ctx.grantId}:revoke`, isChange: true, body, schema: revokeAnswer },
    ctx.signal,
  );
  await confirm(spoken, { about, states: ['absent'] }, ctx.signal);
  return outcome;
};

/** Nobody gets in any more, and what was made may still be there. */
const close: (spoken: Spoken) => Connection<Scope, Handle>['close'] = (spoken) => async (scope, handle, ctx) => {
  const about = { scope, handle, ctx };
  const question = { id: `${ctx.grantId}:close`, isChange: true, body: bodyOf('close', about), schema: closeAnswer };
  const { outcome } = await asked(spoken, question, ctx.signal);
  await confirm(spoken, { about, states: ['closed', 'absent'] }, ctx.signal);
  return outcome;
};

const extend: (spoken: Spoken) => NonNullable<Connection<Scope, Handle>['extend']> =
  (spoken) => async (scope, handle, ctx) => {
    const expiresAt = ctx.expiresAt.toISOString();
    const body = bodyOf('extend', { scope, handle, ctx }, { expires_at: expiresAt });
    const id = `${ctx.grantId}:extend:${ctx.expiresAt.getTime()}`;
    const answer = await asked(spoken, { id, isChange: true, body, schema: extendAnswer }, ctx.signal);
    if (Date.parse(answer.expires_at) !== ctx.expiresAt.getTime())
      throw new ProviderError('conflict', `${spoken.name} has another deadline than the one it was given.`);
    await confirm(spoken, { about: { scope, handle, ctx }, states: ['present'] }, ctx.signal);
  };

const listOurs = async (spoken: Spoken, { signal }: Pick<ProviderContext, 'signal'>): Promise<Ours<Handle>[]> => {
  const body = { version: 1, action: 'list' };
  const { grants } = await asked(spoken, { id: '', isChange: false, body, schema: listAnswer }, signal);
  return grants.map(({ grant_id: grantId, handle, expires_at: expiresAt }) => ({
    grantId,
    handle: { handle },
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    name: grantId,
    found: null,
  }));
};

/** Of a grant that there never was: says whether it answers, and whether it accepts the signature. */
const look = async (spoken: Spoken, signal: AbortSignal): Promise<Finding[]> => {
  const about = { scope: {}, handle: undefined, ctx: { grantId: 'latchkeydoctor' } };
  if ((await stateOf(spoken, about, signal)) === 'absent') return [];
  const message = `${spoken.name} says that the access of a grant is present that there never was, so nothing that it says of an end can be believed. Let check ask your system.`;
  return [{ level: 'error', code: 'check_untrue', message }];
};

export const spokenConnection = (spoken: Spoken): Connected<Scope, Handle> => {
  const can = (extra: Extra): boolean => spoken.extras.includes(extra);
  return {
    grant: grant(spoken),
    revoke: revoke(spoken),
    ...(can('close') && { close: close(spoken) }),
    check: async (scope, handle, ctx) =>
      (await stateOf(spoken, { scope, handle, ctx }, ctx.signal)) === 'absent' ? 'absent' : 'present',
    ...(can('extend') && { extend: extend(spoken) }),
    ...(can('list') && {
      listOurs: async (ctx) => await listOurs(spoken, ctx),
      differences: (_scope, ours, expiresAt) =>
        ours.expiresAt === null || ours.expiresAt.getTime() === expiresAt.getTime()
          ? []
          : [{ kind: 'deadline', message: `its deadline is ${ours.expiresAt.toISOString()}` }],
    }),
    preflight: async (_scopes, { signal }) => await look(spoken, signal),
    manual: (_scope, _handle, { grantId }) => ({
      name: grantId,
      enforcedBy: can('extend') ? spoken.name : null,
      statements: [`End the access of grant ${grantId} by hand where ${spoken.name} made it.`],
    }),
    // Who takes a new deadline keeps one.
    guarantee: () => ({ endsBy: can('extend') ? 'both' : 'revoke', survives: spoken.survives }),
    disconnect: async () => {
      await Promise.resolve();
    },
  };
};

/** Of both kinds of configuration. */
export const spokenFields = {
  /** What it can besides grant, check and revoke. */
  supports: z
    .array(z.enum(VERBS, `must be of ${VERBS.join(', ')}`))
    .max(VERBS.length)
    .optional(),
  /** What the end does not take away there, for approvers. */
  survives: z.string('must be a sentence').min(1).max(300).optional(),
};
