/** Create, read, list, replace and delete, as strict as the API server is about versions, uids, finalizers, names and labels. */
import { isDeepStrictEqual } from 'node:util';
import { collectionOf, KINDS } from './paths.ts';
import type { About } from './paths.ts';
import { demandBind, demandEscalate } from './rbac.ts';
import { drop, every, find, freshMeta, put } from './state.ts';
import type { Key, State, Stored, User } from './state.ts';
import { conflict, invalid, notFound, StatusError } from './status.ts';

export type Request = { state: State; user: User; about: About; body: Record<string, unknown> };

const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const LABEL_KEY = /^(?:[a-z0-9.-]{1,253}\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const DNS_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
/** RBAC takes any part of a path. */
const PATH_NAME = /^(?!\.\.?$)[^/%]+$/;

const whatOf = ({ group, resource }: About): string => (group === '' ? resource : `${resource}.${group}`);
const keyOf = (about: About): Key => ({ at: collectionOf(about), namespace: about.namespace, name: about.name });

const checkShape = (about: About, object: Stored): void => {
  const { name, labels = {} } = object.metadata;
  const pattern = about.group.startsWith('rbac') ? PATH_NAME : DNS_NAME;
  if (!pattern.test(name)) throw invalid(object.kind, name, 'metadata.name: Invalid value');
  for (const [key, value] of Object.entries(labels))
    if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value))
      throw invalid(object.kind, name, 'metadata.labels: Invalid value');
  if (!object.roleRef) return;
  for (const subject of object.subjects ?? [])
    if (subject.kind === 'ServiceAccount' ? !subject.namespace : subject.apiGroup !== 'rbac.authorization.k8s.io')
      throw invalid(object.kind, name, 'subjects: Required value');
};

const checkRights = ({ state, user }: Request, object: Stored): void => {
  if (object.roleRef) demandBind(state, user, object);
  if (object.kind === 'Role' || object.kind === 'ClusterRole') demandEscalate(state, user, object);
};

const read = ({ about, body }: Request): Stored => {
  const known = KINDS[collectionOf(about)];
  const metadata = body['metadata'] as Partial<Stored['metadata']> | undefined;
  if (!known || body['kind'] !== known.kind || !metadata)
    throw new StatusError(
      400,
      'BadRequest',
      `the object provided is unrecognized (must be of type ${known?.kind ?? '?'})`,
    );
  return structuredClone(body) as Stored;
};

export const create = (request: Request): Stored => {
  const { state, about } = request;
  const object = read(request);
  const { name } = object.metadata;
  if (about.namespace !== '' && !find(state, { at: '/namespaces', namespace: '', name: about.namespace }))
    throw notFound('namespaces', about.namespace);
  checkShape(about, object);
  checkRights(request, object);
  const key = { ...keyOf(about), name };
  if (find(state, key)) throw new StatusError(409, 'AlreadyExists', `${whatOf(about)} "${name}" already exists`);
  const { labels, annotations, finalizers } = object.metadata;
  object.metadata = {
    ...freshMeta(name, about.namespace),
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(finalizers && { finalizers }),
  };
  return put(state, key, object);
};

const existing = ({ state, about }: Request): Stored => {
  const found = find(state, keyOf(about));
  if (!found) throw notFound(whatOf(about), about.name);
  return found;
};

/** Only what the garbage collector changes: that needs no right to give the role. */
const changesOnlyFinalizers = (before: Stored, after: Stored): boolean => {
  const bare = ({ metadata, ...rest }: Stored): unknown => {
    const { finalizers: _f, resourceVersion: _v, ...others } = metadata;
    return { ...rest, metadata: others };
  };
  return isDeepStrictEqual(bare(before), bare(after));
};

export const replace = (request: Request): Stored => {
  const { state, about } = request;
  const before = existing(request);
  const after = read(request);
  const { resourceVersion, uid, name } = after.metadata;
  if (name !== about.name)
    throw new StatusError(400, 'BadRequest', 'the name of the object does not match the name on the URL');
  if (uid && uid !== before.metadata.uid)
    throw conflict(whatOf(about), name, `Precondition failed: UID in precondition: ${uid}`);
  if (resourceVersion && resourceVersion !== before.metadata.resourceVersion)
    throw conflict(
      whatOf(about),
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  if (before.roleRef && !isDeepStrictEqual(before.roleRef, after.roleRef))
    throw invalid(before.kind, name, 'roleRef: Invalid value: cannot change roleRef');
  checkShape(about, after);
  if (!changesOnlyFinalizers(before, after)) checkRights(request, after);
  const { uid: kept, creationTimestamp, deletionTimestamp, namespace } = before.metadata;
  after.metadata = {
    ...after.metadata,
    uid: kept,
    creationTimestamp,
    ...(deletionTimestamp && { deletionTimestamp }),
    ...(namespace && { namespace }),
  };
  if (deletionTimestamp && !after.metadata.finalizers?.length) drop(state, keyOf(about));
  else put(state, keyOf(about), after);
  return after;
};

export const readOne = (request: Request): Stored => existing(request);

const matches = ({ metadata }: Stored, selector: string): boolean =>
  selector
    .split(/,(?![^(]*\))/)
    .filter(Boolean)
    .every((part) => {
      const [, key = '', list = ''] = /^(\S+) in \((.*)\)$/.exec(part.trim()) ?? [];
      if (key !== '') return list.split(',').includes(metadata.labels?.[key] ?? '');
      const [name = '', value = ''] = part.split('=');
      return metadata.labels?.[name.trim()] === value.trim();
    });

/** In pages: `continue` is where the next one begins. */
export const list = ({ state, about }: Request): object => {
  const namespace = about.namespace === '' ? null : about.namespace;
  const found = every(state, collectionOf(about), namespace).filter((one) =>
    matches(one, about.query.get('labelSelector') ?? ''),
  );
  const from = Number(about.query.get('continue') ?? 0);
  const limit = Number(about.query.get('limit') ?? 0) || found.length || 1;
  const items = found.slice(from, from + limit).map(({ apiVersion: _a, kind: _k, ...item }) => item);
  const isMore = from + limit < found.length;
  const metadata = { resourceVersion: String(state.version), ...(isMore && { continue: String(from + limit) }) };
  return { kind: `${KINDS[collectionOf(about)]?.kind ?? ''}List`, apiVersion: 'v1', metadata, items };
};

export const remove = (request: Request, onRemoved: (object: Stored) => void): object => {
  const { state, about, body } = request;
  const object = existing(request);
  const { uid, resourceVersion } = (body['preconditions'] ?? {}) as { uid?: string; resourceVersion?: string };
  const { metadata } = object;
  if (uid && uid !== metadata.uid)
    throw conflict(
      whatOf(about),
      about.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid})`,
    );
  if (resourceVersion && resourceVersion !== metadata.resourceVersion)
    throw conflict(whatOf(about), about.name, 'the ResourceVersion in the precondition does not match');
  if (metadata.finalizers?.length) {
    metadata.deletionTimestamp ??= new Date().toISOString();
    return put(state, keyOf(about), object);
  }
  drop(state, keyOf(about));
  onRemoved(object);
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: about.name, uid: metadata.uid },
  };
};
