/** The API server's own word on who may do what. */
import type { Request } from './objects.ts';
import { authorize, BASIC, rulesFor } from './rbac.ts';
import type { Rule, User } from './state.ts';

type Asked = {
  verb?: string;
  group?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
};

const full = ({ verb = '', group = '', resource = '', subresource = '', namespace = '', name = '' }: Asked) => ({
  verb,
  group,
  resource,
  subresource,
  namespace,
  name,
});

export const subjectAccessReview = ({ state, body }: Request): object => {
  const spec = body['spec'] as { user?: string; groups?: string[]; resourceAttributes?: Asked };
  const user: User = { name: spec.user ?? '', groups: spec.groups ?? [] };
  const reason = spec.resourceAttributes ? authorize(state, user, full(spec.resourceAttributes)) : null;
  return { ...body, metadata: {}, status: { allowed: reason !== null, ...(reason !== null && { reason }) } };
};

export const selfSubjectRulesReview = ({ state, user, body }: Request): object => {
  const { namespace = '' } = body['spec'] as { namespace?: string };
  const rules: Rule[] = [...BASIC, ...rulesFor(state, user, namespace).flatMap((one) => one.rules)];
  const resourceRules = rules.filter(({ resources }) => resources);
  return { ...body, metadata: {}, status: { resourceRules, nonResourceRules: [], incomplete: false } };
};
