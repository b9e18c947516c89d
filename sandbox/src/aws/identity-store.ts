/** The identity store: people by their unique attributes and by their IDs. */
import { demand } from './caller.ts';
import { STORE, type User } from './center-state.ts';
import type { JsonCall } from './center.ts';
import { Refusal } from './refusal.ts';

const notFound = (): Refusal => new Refusal(400, 'ResourceNotFoundException', 'USER not found.');

const demandStore = ({ state, caller, body }: JsonCall, action: string): void => {
  const resource = `arn:aws:identitystore::111122223333:identitystore/${STORE}`;
  demand(state, caller, { action: `identitystore:${action}`, resource, code: 'AccessDeniedException' });
  if (body['IdentityStoreId'] !== STORE)
    throw new Refusal(400, 'ResourceNotFoundException', 'IDENTITY_STORE not found.');
};

type Unique = { AttributePath?: string; AttributeValue?: unknown };

const getUserId = (call: JsonCall): object => {
  demandStore(call, 'GetUserId');
  const { UniqueAttribute: unique } = (call.body['AlternateIdentifier'] ?? {}) as { UniqueAttribute?: Unique };
  const { AttributePath: path, AttributeValue: value } = unique ?? {};
  if (typeof value !== 'string' || (path !== 'userName' && path !== 'emails.value'))
    throw new Refusal(400, 'ValidationException', 'The only valid paths are userName and emails.value');
  const has = ({ UserName: name, Emails: emails }: User): boolean =>
    [path === 'userName' ? [name] : emails.map(({ Value }) => Value)]
      .flat()
      .some((one) => one.toLowerCase() === value.toLowerCase());
  const user = call.state.center.users.find(has);
  if (!user) throw notFound();
  return { UserId: user.UserId, IdentityStoreId: STORE };
};

const describeUser = (call: JsonCall): object => {
  demandStore(call, 'DescribeUser');
  const user = call.state.center.users.find(({ UserId }) => UserId === call.body['UserId']);
  if (!user) throw notFound();
  return { ...user, IdentityStoreId: STORE };
};

const listUsers = (call: JsonCall): object => {
  demandStore(call, 'ListUsers');
  return { Users: call.state.center.users.slice(0, Number(call.body['MaxResults'] ?? 50)) };
};

export const STORE_CALLS: Readonly<Record<string, (call: JsonCall) => object>> = {
  GetUserId: getUserId,
  DescribeUser: describeUser,
  ListUsers: listUsers,
};
