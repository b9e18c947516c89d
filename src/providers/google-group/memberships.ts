/** One membership of a Google group, as the API keeps it. */
import { z } from 'zod';
import type { Place } from '../kit/membership.ts';
import type { Client } from './client.ts';
import { readGroup } from './groups.ts';

const role = z.object({
  name: z.enum(['OWNER', 'MANAGER', 'MEMBER']),
  expiryDetail: z.object({ expireTime: z.iso.datetime({ offset: true }) }).optional(),
});
export const membershipAnswer = z.object({
  name: z.string().regex(/^groups\/[\w-]+\/memberships\/[\w-]+$/),
  type: z.string().default('TYPE_UNSPECIFIED'),
  roles: z.array(role).default([]),
  preferredMemberKey: z.object({ id: z.string() }).optional(),
});
export type Membership = z.infer<typeof membershipAnswer>;
const found = membershipAnswer.pick({ name: true });
const transitive = z.object({ hasMembership: z.boolean().default(false) });

export const MAY = 'is the service account a manager in the group?';

/** Its name in the API; null where the member is not in the group itself. */
export const membershipNamed = async (
  client: Client,
  { list, member }: Place,
  signal: AbortSignal,
): Promise<string | null> => {
  const path = `/${list}/memberships:lookup?memberKey.id=${encodeURIComponent(member)}`;
  const doing = `look for the account in the group; ${MAY}`;
  const answer = await client.ask({ method: 'GET', path }, { statuses: [200, 404], doing }, signal);
  if (answer.status === 200) return found.parse(answer.body).name;
  // Of a group that is gone, or not to be seen any more, it says the same.
  await readGroup(client, list, signal);
  return null;
};

export const readMembership = async (client: Client, name: string, signal: AbortSignal): Promise<Membership | null> => {
  const doing = `read the membership; ${MAY}`;
  const answer = await client.ask({ method: 'GET', path: `/${name}` }, { statuses: [200, 404], doing }, signal);
  return answer.status === 200 ? membershipAnswer.parse(answer.body) : null;
};

/** Of groups in the group, too. */
export const hasByNesting = async (client: Client, { list, member }: Place, signal: AbortSignal): Promise<boolean> => {
  const query = encodeURIComponent(`member_key_id == '${member}'`);
  const path = `/${list}/memberships:checkTransitiveMembership?query=${query}`;
  const doing = 'look for groups in the group; does the edition have that? Else leave enterprise out';
  const answer = await client.ask({ method: 'GET', path }, { statuses: [200, 404], doing }, signal);
  return answer.status === 200 && transitive.parse(answer.body).hasMembership;
};

/** Until when; null where it has no deadline. */
export const deadlineOf = ({ roles }: Membership): Date | null => {
  const at = roles.find(({ name }) => name === 'MEMBER')?.expiryDetail?.expireTime;
  return at === undefined ? null : new Date(at);
};
