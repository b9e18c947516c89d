/** A gate without a role decides a deployment and gives no access. Its request is for `deployment:<client>` and the environment, in the places of a target and a role. */
import type { Policy, Role, Target } from './types.ts';

const PREFIX = 'deployment:';

/** Nothing lasts: the least that a length can be, so that no rule's `max` is in its way. */
const NO_LENGTH_MS = 60_000;

/** No target of a policy can be called so. */
export const deploymentOf = (client: string): string => `${PREFIX}${client}`;

export const isDeployment = (target: string): boolean => target.startsWith(PREFIX);

export const clientOfDeployment = (target: string): string => target.slice(PREFIX.length);

/** Nobody writes one: `what` is the repository, or the client where it is not known. */
export const deploymentReason = (what: string, environment: string): string =>
  `Deployment of ${what} to ${environment}`;

const roleOf = (environment: string): Role => ({
  name: environment,
  title: environment,
  scope: null,
  maxMs: NO_LENGTH_MS,
  defaultMs: NO_LENGTH_MS,
  isSensitive: false,
});

const deploymentTarget = (policy: Pick<Policy, 'gates'>, client: string): Target | null => {
  const environments = policy.gates
    .filter((gate) => gate.access === null && gate.client === client)
    .map(({ environment }) => environment);
  if (environments.length === 0) return null;
  return {
    name: deploymentOf(client),
    title: `Deployment of ${client}`,
    provider: '',
    config: null,
    owners: [],
    channel: null,
    warning: null,
    roles: Object.fromEntries(environments.map((environment) => [environment, roleOf(environment)])),
  };
};

/** A target of the policy, or what stands for one where a deployment is decided. */
export const targetNamed = (policy: Pick<Policy, 'targets' | 'gates'>, name: string): Target | null => {
  if (isDeployment(name)) return deploymentTarget(policy, clientOfDeployment(name));
  return (Object.hasOwn(policy.targets, name) ? policy.targets[name] : undefined) ?? null;
};

export const deploymentTargets = (policy: Pick<Policy, 'gates'>): Target[] =>
  [...new Set(policy.gates.map(({ client }) => client))].flatMap((client) => deploymentTarget(policy, client) ?? []);
