/** What a permission set is: how long its sessions last, and whether somebody with it could keep access. */
import { z } from 'zod';
import { ProviderError, type Finding } from '../provider.ts';
import { askCenter, inField, pagesOf, type Center } from './center-assignments.ts';
import { isOfInstance, type CenterScope } from './config.ts';

const HOUR_MS = 3_600_000;
const NOT_FOUND = 'ResourceNotFoundException';
/** AWS's own, by which identities can be made. */
const IDENTITY_POLICIES = ['AdministratorAccess', 'IAMFullAccess', 'PowerUserAccess'];

const KEPT_IN_IAM =
  'Users, keys and roles that were made in IAM, and sessions of other roles, go on after the end: the permission set allows them.';

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

/** AWS writes hours and minutes, as PT1H or PT4H30M. */
const durationMs = (text: string): number => {
  const [, hours = '0', minutes = '0'] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?$/.exec(text) ?? [];
  return Number(hours) * HOUR_MS + Number(minutes) * 60_000;
};

const setSchema = z.looseObject({ Name: z.string(), SessionDuration: z.string().nullish() });

const managedIn = async (center: Center, set: string, signal: AbortSignal): Promise<string[]> => {
  const list = {
    action: 'ListManagedPoliciesInPermissionSet',
    body: { PermissionSetArn: set },
    doing: 'list the policies of the permission set',
    field: 'AttachedManagedPolicies',
    schema: z.looseObject({ Name: z.string() }),
  };
  return ((await pagesOf(center, list, signal)) ?? []).map(({ Name: name }) => name);
};

const inlineOf = async (center: Center, set: string, signal: AbortSignal): Promise<string> => {
  const doing = 'read the inline policy of the permission set';
  const call = { action: 'GetInlinePolicyForPermissionSet', body: { PermissionSetArn: set }, doing };
  const { body } = await askCenter(center, call, signal);
  return inField(body, 'InlinePolicy', z.string().nullish()) ?? '';
};

/** A hint and no proof: what it overlooks, AWS's own Access Analyzer finds. */
const mayMakeIdentities = (managed: readonly string[], inline: string): boolean =>
  managed.some((name) => IDENTITY_POLICIES.includes(name)) ||
  /"(?:Not)?Action":\[?[^\]]*"(?:\*|iam:\*|iam:(?:Create|Put|Attach|Update|Pass)\w*\*?|sts:\*|sts:AssumeRole\*?)"/.test(
    inline.replaceAll(/\s/g, ''),
  );

export type SeenSets = Map<string, number>;

const hoursText = (ms: number): string => `${Math.round(ms / 36_000) / 100} h`;

export const setFindings = async (
  { center, seen, signal }: { center: Center; seen: SeenSets; signal: AbortSignal },
  role: string,
  scope: CenterScope,
): Promise<Finding[]> => {
  const { permission_set_arn: set } = scope;
  if (!isOfInstance(center.config, scope))
    return [
      error(
        'other_instance',
        `The permission set of ${role} is of another instance than instance_arn. Correct one of them.`,
      ),
    ];
  const doing = `read the permission set of ${role}`;
  const call = { action: 'DescribePermissionSet', body: { PermissionSetArn: set }, doing, allowed: [NOT_FOUND] };
  const answer = await askCenter(center, call, signal);
  if (answer.code !== null)
    return [
      error(
        'no_permission_set',
        `There is no permission set ${set}. Correct permission_set_arn in the scope of ${role}.`,
      ),
    ];
  const { Name: name, SessionDuration: duration } = inField(answer.body, 'PermissionSet', setSchema);
  const lastsMs = durationMs(duration ?? 'PT1H');
  seen.set(set, lastsMs);
  const isWide = mayMakeIdentities(await managedIn(center, set, signal), await inlineOf(center, set, signal));
  const kept = { roles: [role], sentences: [KEPT_IN_IAM] };
  const keeps = warning(
    'role_leaves_behind',
    `After access by the permission set ${name} something may stay: ${KEPT_IN_IAM}`,
  );
  const long = `Sessions of the permission set ${name} go on for up to ${hoursText(lastsMs)} after the end. Set its session duration to 1 hour.`;
  return [
    ...(lastsMs > HOUR_MS ? [warning('long_sessions', long)] : []),
    ...(isWide ? [{ ...keeps, remains: kept }] : []),
  ];
};

const LONGEST_MS = 12 * HOUR_MS;

export const survivesOf = (seen: SeenSets, { permission_set_arn: set }: CenterScope): string =>
  `Sessions that are open in the account, in a console or a shell, go on for up to ${hoursText(seen.get(set) ?? LONGEST_MS)} after the end: AWS cannot end them.`;

export const instanceFindings = async (center: Center, signal: AbortSignal): Promise<Finding[]> => {
  const doing = 'read the instance of Identity Center; is region its own, and are the keys of its account?';
  const { body } = await askCenter(center, { action: 'DescribeInstance', body: {}, doing }, signal);
  const { IdentityStoreId: store } = z.looseObject({ IdentityStoreId: z.string() }).parse(body);
  if (store === center.config.identity_store_id) return [];
  return [
    error('other_store', `The identity store of that instance is ${store}. Correct identity_store_id of the target.`),
  ];
};

export const findingOf = (failure: unknown): Finding => {
  if (failure instanceof ProviderError) return error(failure.kind, failure.message);
  throw failure;
};
