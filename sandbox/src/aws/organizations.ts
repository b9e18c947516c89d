/** Accounts of an organization, in pages of which some are empty though more follow. */
import { demand } from './caller.ts';
import type { JsonCall } from './center.ts';
import { Refusal } from './refusal.ts';
import type { OrganizationAccount } from './state.ts';

const MOST = 20;

const paged = ({ body }: JsonCall, all: OrganizationAccount[]): object => {
  const size = Number(body['MaxResults'] ?? MOST);
  if (!(size >= 1 && size <= MOST)) throw new Refusal(400, 'InvalidInputException', 'MaxResults');
  const token = body['NextToken'];
  const from = typeof token === 'string' ? Number(Buffer.from(token, 'base64').toString().replace('at ', '')) : 0;
  const at = (index: number): string => Buffer.from(`at ${index}`).toString('base64');
  // The first is empty.
  if (token === undefined) return { Accounts: [], NextToken: at(0) };
  // A parent is shown by another call.
  const Accounts = all.slice(from, from + size).map((one) => ({ ...one, parent: undefined }));
  return from + size < all.length ? { Accounts, NextToken: at(from + size) } : { Accounts };
};

const allowed = ({ state, caller }: JsonCall, action: string): void =>
  demand(state, caller, { action: `organizations:${action}`, resource: '*', code: 'AccessDeniedException' });

export const ORGANIZATIONS: Readonly<Record<string, (call: JsonCall) => object>> = {
  ListAccounts: (call) => {
    allowed(call, 'ListAccounts');
    return paged(call, call.state.organization);
  },
  ListAccountsForParent: (call) => {
    allowed(call, 'ListAccountsForParent');
    const below = call.state.organization.filter(({ parent }) => parent === call.body['ParentId']);
    if (below.length === 0)
      throw new Refusal(400, 'ParentNotFoundException', 'You provided parent that does not exist.');
    return paged(call, below);
  },
};
