/** Elastic Common Schema: `event.type` says what and whom, all names stand in `related.user`. */
import { textOf } from './event.ts';
import type { Format } from './event.ts';

const CHANGES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\.(?:created|opened|active|added|given)$/, ['creation', 'user']],
  [/\.(?:ended|retired|withdrawn|closed|erased|cancelled|lapsed)$/, ['deletion', 'user']],
  [/\.(?:refused|denied)$/, ['denied', 'user']],
  [/^policy\./, ['admin', 'change']],
];

const typeOf = (type: string): readonly string[] =>
  CHANGES.find(([pattern]) => pattern.test(type))?.[1] ?? ['change', 'user'];

const outcomeOf = (type: string): string => (/\.(?:refused|denied|failed)$/.test(type) ? 'failure' : 'success');

export const ecs: Format = (facts, origin) => {
  const { actor, data } = facts;
  const person = textOf(data['person']);
  const names = [textOf(actor.id), textOf(actor.name), textOf(actor.email), person].filter(
    (name) => name !== undefined,
  );
  return {
    '@timestamp': facts.at,
    ecs: { version: '9.1.0' },
    event: {
      kind: 'event',
      category: ['iam'],
      type: typeOf(facts.type),
      action: facts.type,
      outcome: outcomeOf(facts.type),
      id: facts.id,
      sequence: facts.seq,
      hash: facts.hash,
      module: 'latchkey',
      dataset: 'latchkey.audit',
      provider: origin,
    },
    user: {
      id: textOf(actor.id),
      name: textOf(actor.name),
      email: textOf(actor.email),
      ...(person !== undefined && { target: { id: person } }),
    },
    related: { user: [...new Set(names)] },
    latchkey: facts,
  };
};
