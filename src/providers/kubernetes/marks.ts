/** How what Latchkey made is known: by labels, by its name, and by annotations that say what it was made for. */
import { ProviderError, granteeName, type ProviderContext } from '../provider.ts';
import type { Binding, KubeObject, Subject } from './objects.ts';

const PREFIX = 'lk-';
const GRANT_ID = /^[a-z0-9]{1,40}$/;

export const LABELS = {
  managedBy: 'app.kubernetes.io/managed-by',
  grant: 'latchkey.dev/grant',
  /** The namespace of the target: another target, or another Latchkey, has another one. */
  from: 'latchkey.dev/from',
} as const;

const NOTES = {
  expires: 'latchkey.dev/expires-at',
  holder: 'latchkey.dev/holder',
  subject: 'latchkey.dev/subject',
  closed: 'latchkey.dev/closed-at',
  rules: 'latchkey.dev/rules',
  anyway: 'latchkey.dev/had-it-anyway',
  token: 'latchkey.dev/token-expires-at',
} as const;

export const nameOf = (grantId: string): string => {
  if (GRANT_ID.test(grantId)) return `${PREFIX}${grantId}`;
  throw new ProviderError('misconfigured', 'A grant id must be 1 to 40 lowercase letters and digits to become a name.');
};

export const isNamedLikeOurs = ({ metadata }: KubeObject): boolean => metadata.name.startsWith(PREFIX);

export const OURS = `${LABELS.managedBy}=latchkey`;

export const grantOf = ({ metadata }: KubeObject): string | null => metadata.labels?.[LABELS.grant] ?? null;

export const isOurs = (object: KubeObject, from: string): boolean => {
  const { labels, name } = object.metadata;
  const grant = grantOf(object);
  return (
    labels?.[LABELS.managedBy] === 'latchkey' &&
    labels[LABELS.from] === from &&
    grant !== null &&
    name === `${PREFIX}${grant}`
  );
};

/** @throws ProviderError: what has our name and not our marks is somebody else's, and is not touched. */
export const assertOurs = (object: KubeObject, from: string): void => {
  if (isOurs(object, from)) return;
  const { name, namespace } = object.metadata;
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  const message = `${name}${where} has a name of Latchkey and not its labels, so it is not touched. Look at it, and delete it by hand.`;
  throw new ProviderError('denied', message);
};

const isoOf = (date: Date): string => date.toISOString();
const dateIn = (object: KubeObject, note: string): Date | null => {
  const ms = Date.parse(object.metadata.annotations?.[note] ?? '');
  return Number.isNaN(ms) ? null : new Date(ms);
};

export const expiresAtOf = (object: KubeObject): Date | null => dateIn(object, NOTES.expires);
export const closedAtOf = (object: KubeObject): Date | null => dateIn(object, NOTES.closed);
export const tokenExpiresAtOf = (object: KubeObject): Date | null => dateIn(object, NOTES.token);
export const rulesHashOf = (object: KubeObject): string | null => object.metadata.annotations?.[NOTES.rules] ?? null;
export const hadItAnyway = (object: KubeObject): boolean => object.metadata.annotations?.[NOTES.anyway] === 'true';

export const labelsOf = (grantId: string, from: string): Record<string, string> => ({
  [LABELS.managedBy]: 'latchkey',
  [LABELS.grant]: grantId,
  [LABELS.from]: from,
});

export const subjectText = ({ kind, name, namespace }: Subject): string =>
  namespace === undefined ? `${kind}:${name}` : `${kind}:${namespace}:${name}`;

type Noted = { ctx: ProviderContext; subject: Subject; rules: string; anyway: boolean };

export const notesOf = ({ ctx, subject, rules, anyway }: Noted): Record<string, string> => ({
  [NOTES.expires]: isoOf(ctx.expiresAt),
  [NOTES.holder]: granteeName(ctx),
  [NOTES.subject]: subjectText(subject),
  [NOTES.rules]: rules,
  ...(anyway && { [NOTES.anyway]: 'true' }),
});

export const expiryNote = (expiresAt: Date): Record<string, string> => ({ [NOTES.expires]: isoOf(expiresAt) });
export const closedNote = (closedAt: Date): Record<string, string> => ({ [NOTES.closed]: isoOf(closedAt) });
export const tokenNote = (expiresAt: Date): Record<string, string> => ({ [NOTES.token]: isoOf(expiresAt) });

/** Whom the binding was made for, also when it has nobody any more. */
export const madeFor = (binding: Binding): Subject | null => {
  const [kind, ...rest] = (binding.metadata.annotations?.[NOTES.subject] ?? '').split(':');
  if (kind === 'User' && rest.length > 0) return { kind, apiGroup: 'rbac.authorization.k8s.io', name: rest.join(':') };
  const [namespace, name] = rest;
  if (kind === 'ServiceAccount' && namespace !== undefined && name !== undefined) return { kind, namespace, name };
  return null;
};
