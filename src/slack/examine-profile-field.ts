/** Whether the field that names people's manager is there, and whether only admins fill it. Slack: docs.slack.dev/reference/methods/team.profile.get */
import type { WebClient } from '@slack/web-api';
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { Finding } from '../domain/finding.ts';
import type { Policy } from '../domain/policy/types.ts';
import { managerFieldOf } from '../domain/principals/profile-field.ts';

export const examineManagerField = async (client: WebClient, { managerField }: Policy): Promise<Finding[]> => {
  if (managerField === null) return [];
  const { profile } = await client.team.profile.get({});
  const fields = profile?.fields ?? [];
  const field = managerFieldOf(managerField, fields);
  const what = `The profile field "${managerField}" (manager_field)`;
  if (field === null) {
    const isDoubled = fields.some(({ label }) => label?.toLowerCase() === managerField.toLowerCase());
    const why = isDoubled
      ? 'is there more than once: write its id'
      : 'is none of this workspace: write its label or id';
    const known = fields.map(({ id, label }) => `${label ?? ''} (${id ?? ''})`).join(', ');
    return [errorFinding('no_manager_field', `${what} ${why}. There are: ${known || 'none'}.`)];
  }
  if (field.type !== 'user')
    return [
      errorFinding(
        'no_manager_field',
        `${what} names no account, but is of the type ${field.type}: use one of the type "People".`,
      ),
    ];
  if (field.options?.is_protected === true || field.options?.is_scim === true) return [];
  return [
    warningFinding(
      'manager_field_open',
      `${what} may be edited by members, who then choose their own approver: lock it in the workspace's profile settings.`,
    ),
  ];
};
