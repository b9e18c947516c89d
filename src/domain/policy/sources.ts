/** Turns a name as the policy writes it (`owners`, a group, an email, a Slack id, `manager`) into whom it means. */
import type { Requirement, Source } from '../requests/request.ts';
import type { Policy, RuleApproval, Target } from './types.ts';

/** A group of this policy, `manager`, or else a person. A name that was checked at load is never anything but these. */
export const sourceOf = (policy: Policy, ref: string): Source => {
  if (Object.hasOwn(policy.groups, ref)) return { kind: 'group', name: ref };
  return ref === 'manager' ? { kind: 'manager' } : { kind: 'person', ref };
};

export const sourceKey = (source: Source): string =>
  source.kind === 'group' ? `group:${source.name}` : source.kind === 'person' ? `person:${source.ref}` : 'manager';

const expand = (policy: Policy, target: Target, ref: string): Source[] =>
  ref === 'owners' ? target.owners.map((owner) => sourceOf(policy, owner)) : [sourceOf(policy, ref)];

const sourcesOf = (policy: Policy, target: Target, refs: readonly string[]): Source[] => {
  const sources = refs.flatMap((ref) => expand(policy, target, ref));
  return [...new Map(sources.map((source) => [sourceKey(source), source])).values()];
};

export const requirementOf = (policy: Policy, target: Target, approval: RuleApproval): Requirement => {
  const from = sourcesOf(policy, target, approval.from);
  const named = new Set(from.map(sourceKey));
  const also = sourcesOf(policy, target, approval.also ?? []).filter((source) => !named.has(sourceKey(source)));
  return { label: approval.from.join(' or '), from, ...(also.length > 0 ? { also } : {}), count: approval.count };
};
