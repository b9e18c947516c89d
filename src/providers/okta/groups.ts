/** May members of this group be changed? Not where an app, a directory or a rule fills it: what Latchkey removes would come back, or never. */
import { z } from 'zod';
import { ProviderError } from '../provider.ts';
import type { Client } from './client.ts';

const groupAnswer = z.object({ id: z.string(), type: z.string(), profile: z.object({ name: z.string() }) });
const ruleAnswer = z.object({
  name: z.string(),
  actions: z.object({ assignUserToGroups: z.object({ groupIds: z.array(z.string()) }).optional() }).optional(),
});

export const groupPath = (id: string): string => `/api/v1/groups/${encodeURIComponent(id)}`;

const WHY_TYPE: Record<string, string> = {
  APP_GROUP: 'an app or a directory fills it',
  BUILT_IN: 'it is a group of Okta itself',
};

const refusal = (name: string, why: string): ProviderError =>
  new ProviderError(
    'denied',
    `Latchkey does not change the group ${name}: ${why}. Use a group of Okta whose members are added by hand.`,
    { isUntouched: true },
  );

/** Its ID as Okta has it. A rule counts also while it is inactive: activated, it would own what Latchkey gave. */
export const changeableGroup = async (client: Client, id: string, signal: AbortSignal): Promise<string> => {
  const doing = `find the group ${id}; is it there, and may Latchkey see it?`;
  const answer = await client.ask({ method: 'GET', path: groupPath(id) }, { statuses: [200], doing }, signal);
  const group = groupAnswer.parse(answer.body);
  const { name } = group.profile;
  if (group.type !== 'OKTA_GROUP')
    throw refusal(name, WHY_TYPE[group.type] ?? `its type is ${group.type.slice(0, 40)}`);
  const listing = 'list the group rules; may Latchkey see them?';
  const rules = z.array(ruleAnswer).parse(await client.all('/api/v1/groups/rules?limit=200', listing, signal));
  const rule = rules.find(({ actions }) => actions?.assignUserToGroups?.groupIds.includes(group.id));
  if (rule) throw refusal(name, `the group rule ${rule.name.slice(0, 100)} fills it`);
  return group.id;
};
