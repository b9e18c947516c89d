/** SubjectAccessReview: the API server itself says whether somebody may do what the role allows. */
import { z } from 'zod';
import { confirmed } from '../kit/read-back.ts';
import type { Api } from './api.ts';
import { asObject } from './api.ts';
import type { Place, Rule, Subject } from './objects.ts';

const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const answer = z.looseObject({ status: z.looseObject({ allowed: z.boolean() }) });

/** One thing that the role allows, to be looked at as an example. */
export type Probe = { resourceAttributes: Record<string, string> } | { nonResourceAttributes: Record<string, string> };

const one = (texts: readonly string[] | null | undefined): string | undefined => texts?.[0];

const probeOf = (rule: Rule, { namespace }: Place): Probe | null => {
  const verb = one(rule.verbs);
  const path = one(rule.nonResourceURLs);
  if (verb === undefined) return null;
  if (path !== undefined)
    return namespace === null ? { nonResourceAttributes: { path: path.replace(/\*$/, ''), verb } } : null;
  const [resource, ...sub] = (one(rule.resources) ?? '').split('/');
  const group = one(rule.apiGroups);
  if (!resource || group === undefined) return null;
  const name = one(rule.resourceNames);
  return {
    resourceAttributes: {
      verb,
      group,
      resource,
      ...(sub.length > 0 && { subresource: sub.join('/') }),
      ...(name !== undefined && { name }),
      ...(namespace !== null && { namespace }),
    },
  };
};

/** The least common of what the role allows, as far as one can see: a plain read is what somebody may have anyway. */
export const probeIn = (rules: readonly Rule[], place: Place): Probe | null => {
  const isRead = ({ verbs }: Rule): boolean => verbs.every((verb) => ['get', 'list', 'watch'].includes(verb));
  const ordered = [...rules.filter((rule) => !isRead(rule)), ...rules.filter(isRead)];
  for (const rule of ordered) {
    const probe = probeOf(rule, place);
    if (probe !== null) return probe;
  }
  return null;
};

/** Of a person only the user is known, not the groups. */
export const identityOf = ({ kind, name, namespace = '' }: Subject): { user: string; groups: string[] } =>
  kind === 'ServiceAccount'
    ? {
        user: `system:serviceaccount:${namespace}:${name}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      }
    : { user: name, groups: [] };

export const isAllowed = async (
  api: Api,
  who: { subject: Subject; probe: Probe },
  signal: AbortSignal,
): Promise<boolean> => {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { ...identityOf(who.subject), ...who.probe },
  };
  const said = await api.call({ method: 'POST', path: REVIEWS, body, what: 'review access' }, signal);
  return asObject(answer, said.body, 'a review').status.allowed;
};

type Expected = { subject: Subject; probe: Probe; isAllowed: boolean; withinMs: number };

/** Each API server learns of a change by itself: asked until it says so. */
export const confirmAccess = async (api: Api, expected: Expected, signal: AbortSignal): Promise<void> => {
  const { user } = identityOf(expected.subject);
  await confirmed({
    read: async () => (await isAllowed(api, expected, signal)) === expected.isAllowed,
    what: `that ${user} ${expected.isAllowed ? 'has the access' : 'has no access any more'}`,
    everyMs: 50,
    withinMs: expected.withinMs,
    signal,
  });
};
