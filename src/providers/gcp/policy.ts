/** Bindings of an allow policy: which are ours, until when, for whom, and what Google's limits leave room for. Nothing here asks Google. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ProviderError, type Grantee, type Identity } from '../provider.ts';
import type { Scope } from './config.ts';

/** No defaults: what others wrote goes back as it came. */
const conditionSchema = z.looseObject({
  title: z.string().optional(),
  description: z.string().optional(),
  expression: z.string().optional(),
});
const bindingSchema = z.looseObject({
  role: z.string(),
  members: z.array(z.string()).optional(),
  condition: conditionSchema.optional(),
});
export type Binding = z.infer<typeof bindingSchema>;

export const policySchema = z.looseObject({ etag: z.string().min(1), bindings: z.array(bindingSchema).default([]) });
export type Policy = z.infer<typeof policySchema>;

/** cloud.google.com/iam/quotas#limits; each appearance of a principal counts. */
const PRINCIPALS_MAX = 1_500;
const SAME_MAX = 20;

const TITLE = 'latchkey ';
const MARK = 'Latchkey: temporary access of ';
const GRANT_ID = /^[a-z0-9]{1,40}$/;

export const titleOf = (grantId: string): string => {
  if (GRANT_ID.test(grantId)) return `${TITLE}${grantId}`;
  throw new ProviderError(
    'misconfigured',
    'A grant id must be 1 to 40 lowercase letters and digits to become a title.',
  );
};

export const isNamedLikeOurs = ({ condition }: Binding): boolean =>
  (condition?.title ?? '').toLowerCase().startsWith(TITLE);

/** Null where it is not ours: our title alone is not our mark. */
export const grantOf = ({ condition }: Binding): string | null => {
  const { title = '', description = '' } = condition ?? {};
  if (!title.startsWith(TITLE) || !description.startsWith(MARK)) return null;
  const id = title.slice(TITLE.length);
  return GRANT_ID.test(id) ? id : null;
};

export const madeFor = ({ condition }: Binding): string => condition?.description?.slice(MARK.length) ?? '';

const EXPRESSION = /^request\.time < timestamp\("([0-9TZ:.-]+)"\)$/;

/** Null where the condition is another one than ours. */
export const expiresAtOf = ({ condition }: Binding): Date | null => {
  const [, text = ''] = EXPRESSION.exec(condition?.expression ?? '') ?? [];
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : new Date(at);
};

export const expressionFor = (expiresAt: Date): string => `request.time < timestamp("${expiresAt.toISOString()}")`;

const ADDRESS = /^[^\s@:/?"'\\]{1,64}@[A-Za-z0-9.-]{1,130}$/;
const FEDERATED =
  /^principal:\/\/iam\.googleapis\.com\/locations\/global\/workforcePools\/[a-z0-9-]{1,63}\/subject\/[^\s/?"'\\]{1,90}$/;

export const nameProblem = (name: string): string | null =>
  ADDRESS.test(name) || FEDERATED.test(name)
    ? null
    : 'is neither the address of a Google account nor a principal://iam.googleapis.com/locations/global/workforcePools/…/subject/…';

/** As a policy names them. Google knows no capitals in addresses. */
export const memberFor = (ctx: Grantee & { identity?: Identity }): string => {
  if ('client' in ctx)
    throw new ProviderError('unsupported', `${ctx.client.name} is a job: only people can be given this.`, {
      isUntouched: true,
    });
  const { identity } = ctx;
  if (!identity || !('user' in identity)) {
    const why = identity && 'missing' in identity ? identity.missing : null;
    throw new ProviderError('denied', why ?? `It is not known which Google account ${ctx.person.name} has.`, {
      isUntouched: true,
    });
  }
  const wrong = nameProblem(identity.user);
  if (wrong !== null)
    throw new ProviderError('denied', `The account of ${ctx.person.name} ${wrong}. Correct identity of the target.`, {
      isUntouched: true,
    });
  return FEDERATED.test(identity.user) ? identity.user : `user:${identity.user.toLowerCase()}`;
};

const isMember = ({ members = [] }: Binding, member: string): boolean =>
  members.some((one) => one === member || one.toLowerCase() === member);

/** Without a deadline, so whatever Latchkey ends they keep. Groups are not looked into. */
export const hasAlready = (bindings: readonly Binding[], role: string, member: string): boolean =>
  bindings.some((one) => one.role === role && one.condition === undefined && isMember(one, member));

export type Wanted = { grantId: string; scope: Scope; member: string; expiresAt: Date };

const bindingFor = ({ grantId, scope, member, expiresAt }: Wanted): Binding => ({
  role: scope.role,
  members: [member],
  condition: {
    title: titleOf(grantId),
    description: `${MARK}${member}`,
    expression: expressionFor(expiresAt),
  },
});

/** The title first: there may be a thousand of them. */
const isOf = (binding: Binding, grantId: string): boolean =>
  binding.condition?.title === `${TITLE}${grantId}` && grantOf(binding) === grantId;

export const oursIn = (bindings: readonly Binding[], grantId: string): Binding[] =>
  bindings.filter((one) => isOf(one, grantId));

export const withoutOurs = (bindings: readonly Binding[], grantId: string): Binding[] =>
  bindings.filter((one) => !isOf(one, grantId));

const demandRoom = (others: readonly Binding[], { scope: { project, role }, member }: Wanted): void => {
  const same = others.filter((one) => one.role === role && isMember(one, member));
  if (same.length >= SAME_MAX)
    throw new ProviderError(
      'denied',
      `${member} has ${same.length} bindings of ${role} in ${project} already, and Google allows ${SAME_MAX}. End one of them first.`,
      { isUntouched: true },
    );
  const principals = others.reduce((sum, { members = [] }) => sum + members.length, 0);
  if (principals >= PRINCIPALS_MAX)
    throw new ProviderError(
      'denied',
      `The policy of ${project} names ${principals} principals already, and Google allows ${PRINCIPALS_MAX}. Take some out of it, or give groups their roles.`,
      { isUntouched: true },
    );
};

const isWanted = (binding: Binding, wanted: Wanted): boolean => isDeepStrictEqual(binding, bindingFor(wanted));

export const isGranted = (bindings: readonly Binding[], wanted: Wanted): boolean => {
  const [mine, ...more] = oursIn(bindings, wanted.grantId);
  return mine !== undefined && more.length === 0 && isWanted(mine, wanted);
};

/** The same array where nothing is to change. */
export const withGranted = (bindings: Binding[], wanted: Wanted): Binding[] => {
  if (isGranted(bindings, wanted)) return bindings;
  const others = withoutOurs(bindings, wanted.grantId);
  demandRoom(others, wanted);
  return [...others, bindingFor(wanted)];
};
