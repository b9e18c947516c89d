/** Calls to Google's APIs for projects and roles, as Latchkey's own identity. cloud.google.com/resource-manager/reference/rest/v3 */
import { z } from 'zod';
import { openAgent, type HttpAgent } from '../kit/http-agent.ts';
import { callJson, limited, refusedBy, type JsonAnswer, type JsonCall } from '../kit/json-http.ts';
import { ProviderError } from '../provider.ts';
import type { Config } from './config.ts';
import { policySchema, type Binding, type Policy } from './policy.ts';
import { openTokens } from './tokens.ts';

const NAME = 'Google';
export const GET_POLICY = 'resourcemanager.projects.getIamPolicy';
export const SET_POLICY = 'resourcemanager.projects.setIamPolicy';
export const GET_ROLE = 'iam.roles.get';

export type RoleFound = { permissions: string[]; isDeleted: boolean };

export type Api = {
  /** With its conditions. */
  policyOf(project: string, signal: AbortSignal): Promise<Policy>;
  /** @throws ProviderError `conflict` where the policy is not the one of this etag any more. */
  setPolicy(project: string, policy: Policy & { bindings: Binding[] }, signal: AbortSignal): Promise<void>;
  /** Null where there is none of that name. */
  role(name: string, signal: AbortSignal): Promise<RoleFound | null>;
  /** Which of these permissions Latchkey has, and what Google's clock said. */
  ownPermissions(project: string, permissions: readonly string[], signal: AbortSignal): Promise<Own>;
  close(): Promise<void>;
};
type Own = { permissions: string[]; clock: Date | null };

/** google.rpc.Status, with the ErrorInfo among its details. */
const errorAnswer = z.object({
  error: z.object({
    status: z.string().default(''),
    message: z.string().default(''),
    details: z.array(z.looseObject({ reason: z.string().optional() })).default([]),
  }),
});
type Said = { status: string; message: string; reasons: string[] };

const saidIn = ({ body }: JsonAnswer): Said => {
  const { data } = errorAnswer.safeParse(body);
  if (!data) return { status: '', message: '', reasons: [] };
  const { status, message, details } = data.error;
  return {
    status,
    message: message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 300),
    reasons: details.flatMap(({ reason }) => reason ?? []),
  };
};

const REMEDIES: Readonly<Record<string, string>> = {
  PERMISSION_DENIED: ' Latchkey lacks that right: `latchkey doctor --sql` prints what it needs.',
  UNAUTHENTICATED: ' It does not accept the token of Latchkey: look at its key.',
  ABORTED: ' Somebody else changed the policy at the same moment.',
};

const refused = (answer: JsonAnswer, doing: string): ProviderError => {
  const { status, message, reasons } = saidIn(answer);
  const why = `${NAME} could not ${doing}: it answers ${answer.status} ${status}.`.replace(' .', '.');
  if (reasons.includes('SERVICE_DISABLED'))
    return new ProviderError(
      'misconfigured',
      `${why} Enable cloudresourcemanager.googleapis.com and iam.googleapis.com in the project of Latchkey's service account.`,
      { isUntouched: true },
    );
  if (reasons.includes('RATE_LIMIT_EXCEEDED') || status === 'RESOURCE_EXHAUSTED')
    return new ProviderError('throttled', `The quota of ${NAME} is used up.`, { isUntouched: true });
  const said = message === '' ? '' : ` It said: ${message}`;
  return refusedBy(answer, `${why}${REMEDIES[status] ?? ''}${said}`);
};

type Sent = { call: JsonCall; doing: string; allowed?: readonly number[] };
type Send = (sent: Sent, signal: AbortSignal) => Promise<JsonAnswer>;

const sender = (config: Config, agent: HttpAgent): Send => {
  const tokens = openTokens(config, agent);
  const once = async (call: JsonCall, signal: AbortSignal): Promise<JsonAnswer> => {
    const headers = { accept: 'application/json', authorization: `Bearer ${await tokens.get(signal)}` };
    return await callJson(call, { name: NAME, headers, agent }, signal);
  };
  return async ({ call, doing, allowed = [] }, signal) => {
    let answer = await once(call, signal);
    if (answer.status === 401) {
      // Taken back before its time, or the machine was asleep.
      tokens.drop();
      answer = await once(call, signal);
    }
    const limit = limited(answer, NAME);
    if (limit) throw limit;
    if (answer.status === 200 || allowed.includes(answer.status)) return answer;
    throw refused(answer, doing);
  };
};

const roleAnswer = z.object({
  includedPermissions: z.array(z.string()).default([]),
  deleted: z.boolean().default(false),
});
const permissionsAnswer = z.object({ permissions: z.array(z.string()).default([]) });

const clockIn = ({ headers: { date } }: JsonAnswer): Date | null => {
  const at = Date.parse(typeof date === 'string' ? date : '');
  return Number.isNaN(at) ? null : new Date(at);
};

export const openApi = (config: Config): Api => {
  const agent = openAgent({ connections: 32 });
  const send = sender(config, agent);
  const { resource_manager: manager, iam } = config.endpoints ?? {};
  const projects = `${(manager ?? 'https://cloudresourcemanager.googleapis.com').replace(/\/+$/, '')}/v3/projects/`;
  const roles = `${(iam ?? 'https://iam.googleapis.com').replace(/\/+$/, '')}/v1/`;
  const post = (project: string, verb: string, body: object): JsonCall => ({
    method: 'POST',
    url: `${projects}${encodeURIComponent(project)}:${verb}`,
    body,
  });
  return {
    policyOf: async (project, signal) => {
      const call = post(project, 'getIamPolicy', { options: { requestedPolicyVersion: 3 } });
      const { body } = await send({ call, doing: `read the policy of ${project}` }, signal);
      return policySchema.parse(body);
    },
    setPolicy: async (project, policy, signal) => {
      const call = post(project, 'setIamPolicy', { policy: { ...policy, version: 3 } });
      await send({ call, doing: `change the policy of ${project}` }, signal);
    },
    role: async (name, signal) => {
      const call: JsonCall = { method: 'GET', url: `${roles}${name}` };
      const answer = await send({ call, doing: `read the role ${name}`, allowed: [404] }, signal);
      if (answer.status === 404) return null;
      const { includedPermissions: permissions, deleted: isDeleted } = roleAnswer.parse(answer.body);
      return { permissions, isDeleted };
    },
    ownPermissions: async (project, permissions, signal) => {
      const call = post(project, 'testIamPermissions', { permissions });
      const answer = await send({ call, doing: `say what Latchkey may do in ${project}` }, signal);
      return { permissions: permissionsAnswer.parse(answer.body).permissions, clock: clockIn(answer) };
    },
    close: async () => await agent.destroy(),
  };
};
