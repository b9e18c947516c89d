/** Is the service account a manager in each group, and no more? And who else could let people in? */
import { z } from 'zod';
import { ProviderError, type Finding } from '../provider.ts';
import type { Client } from './client.ts';
import type { Config, Scope } from './config.ts';
import { changeableGroup } from './groups.ts';
import { hasByNesting, membershipAnswer, type Membership } from './memberships.ts';

type Opened = { client: Client; config: Config };

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

const has = ({ roles }: Membership, name: string): boolean => roles.some((role) => role.name === name);

const ownFindings = (members: Membership[], { config, address }: { config: Config; address: string }): Finding[] => {
  const own = (config.subject ?? config.service_account.email).toLowerCase();
  const mine = members.find(({ preferredMemberKey: key }) => key?.id.toLowerCase() === own);
  if (config.subject !== undefined) return [];
  if (mine && has(mine, 'OWNER'))
    return [
      warning(
        'more_than_needed',
        `${own} owns the group ${address}, and could delete it or let others manage it. Make it a manager.`,
      ),
    ];
  if (mine && has(mine, 'MANAGER')) return [];
  return [
    warning(
      'more_than_needed',
      `${own} is no manager in the group ${address}, so Latchkey works there by an administrator's right over every group, or not at all. Make it a manager in its groups only.`,
    ),
  ];
};

const managersFinding = (
  members: Membership[],
  { address, roles }: { address: string; roles: string[] },
): Finding[] => {
  const others = members.filter((one) => one.type !== 'SERVICE_ACCOUNT' && (has(one, 'OWNER') || has(one, 'MANAGER')));
  if (others.length === 0) return [];
  const sentence = `Owners and managers of the group ${address} can put themselves and others in without Latchkey, also after the end.`;
  return [
    {
      ...warning('group_has_owners', `${sentence} It has ${others.length}: make them members, or take them out.`),
      remains: { roles, sentences: [sentence] },
    },
  ];
};

const ofGroup = async (
  { client, config }: Opened,
  { scope, roles }: { scope: Scope; roles: string[] },
  signal: AbortSignal,
): Promise<Finding[]> => {
  const address = scope.group;
  const { list } = await changeableGroup(client, scope, signal);
  const path = `/${list}/memberships?view=FULL&pageSize=500`;
  const at = { key: 'memberships', doing: `list the members of ${address}` };
  const members = z.array(membershipAnswer).parse(await client.all(path, at, signal));
  if (config.enterprise) await hasByNesting(client, { list, member: config.service_account.email }, signal);
  return [...ownFindings(members, { config, address }), ...managersFinding(members, { address, roles })];
};

export const preflight = async (
  opened: Opened,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const found: Finding[] = [];
  // Two roles may say the address with another id each.
  const groups = new Map(Object.values(scopes).map((scope) => [`${scope.group} ${scope.id ?? ''}`, scope]));
  for (const scope of groups.values()) {
    const roles = Object.entries(scopes).flatMap(([role, { group, id }]) =>
      group === scope.group && id === scope.id ? [role] : [],
    );
    try {
      found.push(...(await ofGroup(opened, { scope, roles }, signal)));
    } catch (failure) {
      if (!(failure instanceof ProviderError)) throw failure;
      found.push(error(failure.kind, failure.message));
    }
  }
  return found;
};
