/** Checks gates without a role: that a rule decides each, that somebody can approve it, and that rules about gates are about one. */
import { candidatesFor } from '../domain/policy/candidates.ts';
import type { Candidates } from '../domain/policy/candidates.ts';
import { clientOfDeployment, deploymentOf, deploymentTargets } from '../domain/policy/deployments.ts';
import { compileGlob } from '../domain/policy/glob.ts';
import type { Policy, Rule, Target } from '../domain/policy/types.ts';
import type { PolicyDocument } from './policy-schema.ts';
import type { Check } from './policy-check.ts';
import { suggestion } from './problem.ts';

/** One client asks, and nobody else: rules for other clients and for people are none of its. */
const isFor = (client: string, { match, effect }: Rule): boolean => {
  if (match.people !== null || match.groups !== null || match.alerts !== null) return false;
  if (match.clients === null) return effect.kind !== 'approve';
  return match.clients.some((pattern) => compileGlob(pattern)(client));
};

export type DeploymentRules = { target: Target; environment: string; candidates: Candidates };

/** Each deployment that some gate decides, with the rules that may decide it. */
export const deploymentRules = (policy: Policy): DeploymentRules[] =>
  deploymentTargets(policy).flatMap((target) => {
    const client = clientOfDeployment(target.name);
    return Object.keys(target.roles).map((environment) => {
      const { denies, others } = candidatesFor(policy, target.name, environment);
      const candidates = {
        denies: denies.filter(({ rule }) => isFor(client, rule)),
        others: others.filter(({ rule }) => isFor(client, rule)),
      };
      return { target, environment, candidates };
    });
  });

export const checkUncovered = ({ policy, report }: Check): void => {
  for (const { target, environment, candidates } of deploymentRules(policy)) {
    if (candidates.others.length > 0) continue;
    const at = policy.gates.findIndex(
      (gate) => deploymentOf(gate.client) === target.name && gate.environment === environment,
    );
    const client = clientOfDeployment(target.name);
    const message = `No rule covers the deployment of ${client} to ${environment}, so it is always rejected; add a rule with match: { clients: [${client}], gates: [${environment}] }, or give the gate a role.`;
    report.refuse('uncovered_gate', ['gates', at], message);
  }
};

export const checkGatePatterns = (check: Check): void => {
  const { policy, report } = check;
  const environments = policy.gates.flatMap(({ access, environment }) => (access === null ? [environment] : []));
  for (const [index, { name, match }] of policy.rules.entries()) {
    const path = [...check.rulePath(index), 'match'];
    if (match.gates === null) continue;
    if (match.targets !== null || match.roles !== null) {
      const message = `"${name}" is about gates without a role and about roles, so it matches nothing; write two rules.`;
      report.refuse('gate_and_role', path, message);
    }
    for (const [at, pattern] of match.gates.entries()) {
      if (!check.isComplete || environments.some(compileGlob(pattern))) continue;
      const message = `"${pattern}" is the environment of no gate without a role${suggestion(pattern, environments, 'correct the name.')}`;
      report.refuse('unknown_gate', [...path, 'gates', at], message);
    }
  }
};

/** What gates and their tests say, before they are values. */
export const checkGateShapes = (check: Check, document: PolicyDocument): void => {
  for (const [index, gate] of (document.gates ?? []).entries()) {
    if (gate.role !== undefined || gate.for === undefined) continue;
    const message = '"for" means nothing in a gate without a role, which gives no access; remove it.';
    check.report.refuse('useless_key', ['gates', index, 'for'], message);
  }
  for (const [index, { name, request }] of (document.tests ?? []).entries()) {
    const isGate = request.gate !== undefined;
    if (isGate !== (request.role !== undefined) && isGate !== (request.for !== undefined)) continue;
    const message = `The test "${name}" must request a role, with request.role and request.for, or for a deployment, with request.gate.`;
    check.report.refuse('test_request', check.testPath(index), message);
  }
};
