/** Whether tokens of one client can be, or always are, tokens of another: as far as the entries themselves say. */
import { compileGlob, isLiteralGlob } from '../policy/glob.ts';
import type { ClientEntry, Named } from './client.ts';
import type { Scalar } from './claims.ts';

/** By claim or key: one value, or null where any fits. */
const valuesOf = (client: ClientEntry): Record<string, Scalar | null> => {
  const named = (key: string, { id, name }: Named): [string, Scalar | null][] => [
    [`${key}.id`, id],
    [`${key}.name`, name],
  ];
  const { repository, project, organization, pipeline, serviceAccount } = client;
  return Object.fromEntries([
    ['audience', client.audience ?? ''],
    ...(repository ? named('repository', repository) : []),
    ...(project ? named('project', project) : []),
    ...(organization ? named('organization', organization) : []),
    ...(pipeline ? named('pipeline', pipeline) : []),
    ...(serviceAccount ? [['account', `${serviceAccount.namespace}/${serviceAccount.name}`] as const] : []),
    ['workflow', client.workflow],
    ['environment', client.environment],
    ['runners', client.runners],
    ...Object.entries(client.claims).map(([claim, value]) => [`claim ${claim}`, value] as const),
  ]);
};

const inList = (list: readonly string[], text: string): boolean =>
  list.some((pattern) => pattern === text || (isLiteralGlob(text) && compileGlob(pattern)(text)));

/** Null is everything. */
const coversList = (wide: readonly string[] | null, narrow: readonly string[] | null): boolean =>
  wide === null || (narrow !== null && narrow.every((text) => inList(wide, text)));

const overlapsList = (one: readonly string[] | null, other: readonly string[] | null): boolean =>
  one === null || other === null || one.some((text) => inList(other, text)) || other.some((text) => inList(one, text));

/** Each token of `narrow` is one of `wide` as well. */
export const coversClient = (wide: ClientEntry, narrow: ClientEntry): boolean => {
  if (wide.issuer !== narrow.issuer) return false;
  const demanded = valuesOf(wide);
  const given = valuesOf(narrow);
  const isMet = Object.entries(demanded).every(([key, value]) => value === null || given[key] === value);
  return isMet && coversList(wide.refs, narrow.refs) && coversList(wide.events, narrow.events);
};

/** Some token fits both, as far as is known. */
export const overlapsClient = (one: ClientEntry, other: ClientEntry): boolean => {
  if (one.issuer !== other.issuer) return false;
  const theirs = valuesOf(other);
  const differs = Object.entries(valuesOf(one)).some(([key, value]) => {
    const given = theirs[key] ?? null;
    return value !== null && given !== null && given !== value;
  });
  return !differs && overlapsList(one.refs, other.refs) && overlapsList(one.events, other.events);
};
