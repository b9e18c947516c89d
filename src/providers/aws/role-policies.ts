/** What is read and changed in a role: its inline policies of ours, and nothing else of it. */
import { ProviderError } from '../provider.ts';
import { confirmed } from '../kit/read-back.ts';
import type { Answer, Client } from './client.ts';
import { roleOf } from './config.ts';
import { grantNamedIn, isMarkName, markIn, markName, markText, type Found, type Mark } from './marks.ts';
import { membersIn, textIn } from './xml.ts';

const NONE = 'NoSuchEntity';
const FULL = 'LimitExceeded';
const PAGES_MAX = 20;
/** IAM answers from several copies: one equal answer proves little. */
const READ_BACK = { times: 2, everyMs: 250, withinMs: 10_000 };

export type At = { client: Client; roleArn: string; signal: AbortSignal };

const ask = async (
  { client, roleArn, signal }: At,
  call: { action: string; params?: Record<string, string>; doing: string; allowed?: readonly string[] },
): Promise<Answer> => {
  const { name } = roleOf(roleArn);
  const { action, params, ...rest } = call;
  return await client.query({ service: 'iam', action, params: { RoleName: name, ...params }, ...rest }, signal);
};

/** `trust`: who may begin a session, as text. */
export type RoleSeen = { longestS: number; trust: string; now: Date };

const isElsewhere = (roleArn: string, found: string): ProviderError =>
  new ProviderError(
    'misconfigured',
    `Latchkey's keys are of another account: the role of that name there is ${found}, not ${roleArn}. Correct credentials or assume of the target.`,
    { isUntouched: true },
  );

/** IAM knows roles by name, in the account of the caller: the ARN says whether it is the one that is meant. */
export const readRole = async (at: At): Promise<RoleSeen> => {
  const { roleArn } = at;
  const answer = await ask(at, { action: 'GetRole', doing: `read the role ${roleArn}`, allowed: [NONE] });
  if (answer.code === NONE)
    throw new ProviderError('misconfigured', `There is no role ${roleArn}. Correct role_arn in the scope.`, {
      isUntouched: true,
    });
  const arn = textIn(answer.text, 'Arn') ?? '';
  if (arn !== roleArn) throw isElsewhere(roleArn, arn);
  const longestS = Number(textIn(answer.text, 'MaxSessionDuration') ?? 3_600);
  const trust = decodeURIComponent(textIn(answer.text, 'AssumeRolePolicyDocument') ?? '');
  return { longestS, trust, now: answer.at };
};

/** `isForeign`: something else has its name. */
export type MarkSeen = { mark: Found | null; isForeign: boolean; now: Date };

export const readMark = async (at: At, grantId: string): Promise<MarkSeen> => {
  const name = markName(grantId);
  const answer = await ask(at, {
    action: 'GetRolePolicy',
    params: { PolicyName: name },
    doing: `read the policy ${name} of ${at.roleArn}`,
    allowed: [NONE],
  });
  if (answer.code === NONE) return { mark: null, isForeign: false, now: answer.at };
  const mark = markIn(grantId, decodeURIComponent(textIn(answer.text, 'PolicyDocument') ?? ''));
  return { mark, isForeign: mark === null, now: answer.at };
};

export const assertOurs = ({ isForeign }: MarkSeen, { roleArn }: At, grantId: string): void => {
  if (isForeign)
    throw new ProviderError(
      'misconfigured',
      `The policy ${markName(grantId)} in ${roleArn} was not written by Latchkey, or was changed, so it is left alone. An admin looks at it.`,
      { isUntouched: true },
    );
};

export const markNames = async (at: At): Promise<string[]> => {
  const found: string[] = [];
  let marker: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const params: Record<string, string> = marker === null ? {} : { Marker: marker };
    const doing = `list the policies of ${at.roleArn}`;
    const { text } = await ask(at, { action: 'ListRolePolicies', params, doing });
    found.push(...membersIn(text).filter(isMarkName));
    marker = textIn(text, 'IsTruncated') === 'true' ? textIn(text, 'Marker') : null;
    if (marker === null) return found;
  }
  throw new ProviderError('misconfigured', `The role ${at.roleArn} has too many policies.`);
};

export const removeMark = async (at: At, name: string): Promise<void> => {
  const doing = `take the policy ${name} out of ${at.roleArn}`;
  await ask(at, { action: 'DeleteRolePolicy', params: { PolicyName: name }, doing, allowed: [NONE] });
};

/** Those whose sessions are all over, by AWS's own clock. */
const tidy = async (at: At): Promise<void> => {
  for (const name of await markNames(at)) {
    const grantId = grantNamedIn(name);
    if (grantId === null) continue;
    const { mark, now } = await readMark(at, grantId);
    if (mark?.deadline === null && mark.heldUntil < now) await removeMark(at, name);
  }
};

const put = async (at: At, grantId: string, mark: Mark): Promise<boolean> => {
  const name = markName(grantId);
  const answer = await ask(at, {
    action: 'PutRolePolicy',
    params: { PolicyName: name, PolicyDocument: markText(grantId, mark) },
    doing: `write the policy ${name} into ${at.roleArn}`,
    allowed: [FULL],
  });
  return answer.code !== FULL;
};

const isSame = (one: Date | null, other: Date | null): boolean => one?.getTime() === other?.getTime();

/** Written and read back. All inline policies of a role have 10,240 characters together: room is made, and where there is none, it is said. */
export const writeMark = async (at: At, grantId: string, mark: Mark): Promise<void> => {
  if (!(await put(at, grantId, mark))) {
    await tidy(at);
    if (!(await put(at, grantId, mark)))
      throw new ProviderError(
        'conflict',
        `The role ${at.roleArn} has no room for another policy: AWS lets its inline policies have 10,240 characters, and each access needs about 220 until its sessions are over. Wait for one to be over, or make a second role.`,
        { isUntouched: true },
      );
  }
  const read = async (): Promise<boolean> => {
    const { mark: found } = await readMark(at, grantId);
    return found !== null && found.isWhole && isSame(found.deadline, mark.deadline);
  };
  const what = `that the policy ${markName(grantId)} is in ${at.roleArn}`;
  await confirmed({ read, what, ...READ_BACK, signal: at.signal });
};
