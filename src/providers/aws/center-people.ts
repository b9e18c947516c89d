/** Who somebody is in IAM Identity Center. IDs are what is kept: a user name can become somebody else's. */
import { z } from 'zod';
import type { Named } from '../kit/membership.ts';
import { ProviderError } from '../provider.ts';
import type { Client } from './client.ts';
import type { CenterConfig } from './config.ts';

const NOT_FOUND = 'ResourceNotFoundException';
const untouched = { isUntouched: true };

export const lookupSchema = z.enum(['email'], 'must be email: the user that has their address');

const idAnswer = z.looseObject({ UserId: z.string() });
const userAnswer = z.looseObject({
  UserId: z.string(),
  UserName: z.string(),
  UserStatus: z.string().optional(),
  Emails: z.array(z.looseObject({ Value: z.string().optional() })).nullish(),
});
type User = z.infer<typeof userAnswer>;

const isSame = (one: string | undefined, other: string): boolean => one?.toLowerCase() === other.toLowerCase();

const isMeant = ({ UserName: name, Emails: emails }: User, named: Named): boolean =>
  'user' in named ? isSame(name, named.user) : (emails ?? []).some(({ Value: value }) => isSame(value, named.value));

const whatOf = (named: Named): string =>
  'user' in named ? `the user name ${named.user}` : `the address ${named.value}`;

type Asked = { named: Named; signal: AbortSignal };

/** The store finds one by an attribute that is unique there; what it found is compared with what was looked for. Null where there is none. */
export const anyUserOf = async (
  client: Client,
  { identity_store_id: IdentityStoreId }: CenterConfig,
  { named, signal }: Asked,
): Promise<User | null> => {
  const value = 'user' in named ? named.user : named.value;
  const attribute = { AttributePath: 'user' in named ? 'userName' : 'emails.value', AttributeValue: value };
  const doing = `look for the user with ${whatOf(named)} in Identity Center`;
  const service = 'identitystore' as const;
  const asked = { IdentityStoreId, AlternateIdentifier: { UniqueAttribute: attribute } };
  const found = await client.json({ service, action: 'GetUserId', body: asked, doing, allowed: [NOT_FOUND] }, signal);
  if (found.code !== null) return null;
  const { UserId } = idAnswer.parse(found.body);
  const answer = await client.json(
    { service, action: 'DescribeUser', body: { IdentityStoreId, UserId }, doing },
    signal,
  );
  const user = userAnswer.parse(answer.body);
  if (user.UserId === UserId && isMeant(user, named)) return user;
  throw new ProviderError(
    'denied',
    `Identity Center found another user than the one with ${whatOf(named)}.`,
    untouched,
  );
};

/** @throws ProviderError where there is none, or access would be of no use to them. */
export const userOf = async (client: Client, config: CenterConfig, asked: Asked): Promise<User> => {
  const user = await anyUserOf(client, config, asked);
  if (!user)
    throw new ProviderError('denied', `There is no user with ${whatOf(asked.named)} in Identity Center.`, untouched);
  if (user.UserStatus !== 'DISABLED') return user;
  throw new ProviderError('denied', `The user ${user.UserName} is disabled in Identity Center.`, untouched);
};
