/** What an administrator of the cluster runs to end one access when Latchkey cannot. */
import { shellQuoted } from '../kit/credentials.ts';
import type { Manual } from '../provider.ts';
import type { Scope } from './config.ts';
import { nameOf } from './marks.ts';
import { placesOf } from './objects.ts';

type Of = { grantId: string; namespace: string; isGuarded: boolean };

/** In the order of our own end: emptied, then deleted. */
export const manual = (scope: Scope, { grantId, namespace: own, isGuarded }: Of): Manual => {
  const name = nameOf(grantId);
  const bindings = placesOf(scope).map(({ namespace }) =>
    namespace === null ? `clusterrolebinding ${name}` : `-n ${shellQuoted(namespace)} rolebinding ${name}`,
  );
  return {
    name,
    enforcedBy: isGuarded ? 'the guard in the cluster' : null,
    statements: [
      ...bindings.map((one) => `kubectl patch ${one} --type=merge -p '{"subjects":[]}'`),
      ...bindings.map((one) => `kubectl delete ${one} --ignore-not-found`),
      ...(scope.subject === 'token'
        ? [`kubectl delete -n ${shellQuoted(own)} serviceaccount ${name} --ignore-not-found`]
        : []),
    ],
  };
};
