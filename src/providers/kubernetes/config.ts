/** What an operator writes about a cluster and its roles, and what is kept of a grant. */
import { z } from 'zod';
import { caField } from '../kit/config-fields.ts';
import { readTokenFile } from '../kit/token-file.ts';

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ROLE_NAME = /^(?!\.\.?$)[^/%\s]{1,253}$/;

const serverProblem = (text: string): string | null => {
  if (!URL.canParse(text)) return 'must be an address like https://10.0.0.1:6443';
  const { protocol, username, password, hash, search } = new URL(text);
  if (protocol !== 'https:') return 'must start with https://';
  return username || password || hash || search ? 'must be an address alone, without a user, "?" or "#"' : null;
};

const namespaceField = z
  .string('must be the name of a namespace')
  .regex(DNS_LABEL, 'must be the name of a namespace: lower-case letters, digits and "-"');

const roleField = z.string('must be the name of a role').regex(ROLE_NAME, 'must be the name of a role in the cluster');

export const configSchema = z
  .strictObject({
    server: z.string('must be an address like https://10.0.0.1:6443').superRefine((text, ctx) => {
      const message = serverProblem(text);
      if (message !== null) ctx.addIssue({ code: 'custom', message });
    }),
    ca: caField('write ca: "${CLUSTER_CA}", and set CLUSTER_CA_FILE to that path where Latchkey starts').optional(),
    token: z.string('must be a token').trim().min(1, 'must be a token').optional(),
    /** Read at each use: the token of a pod is renewed in its file. */
    token_file: z.string('must be the path of a file').startsWith('/', 'must be the whole path of a file').optional(),
    /** Where service accounts of grants are made; for nothing else. It also marks what this target made. */
    namespace: namespaceField.default('latchkey'),
  })
  .superRefine(({ token, token_file: file }, ctx) => {
    if ((token === undefined) === (file === undefined))
      ctx.addIssue({ code: 'custom', path: ['token'], message: 'must be given, or token_file, and not both' });
  });
export type Config = z.infer<typeof configSchema>;

const SELECTOR = /^[A-Za-z0-9._/-]+=[A-Za-z0-9._-]+(?:,[A-Za-z0-9._/-]+=[A-Za-z0-9._-]+)*$/;
const onEndField = z.union([
  z.literal('restart_pods'),
  z.strictObject({ restart_pods: z.string().regex(SELECTOR, 'must be labels, such as app=debug') }),
]);

export const scopeSchema = z
  .strictObject({
    cluster_role: roleField.optional(),
    role: roleField.optional(),
    namespaces: z.array(namespaceField).min(1, 'must name a namespace').max(50).optional(),
    cluster: z.literal(true, 'must be true, or left out').optional(),
    subject: z.enum(['person', 'token'], 'must be person or token'),
    on_end: onEndField.optional(),
  })
  .superRefine((scope, ctx) => {
    const refuse = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message });
    if ((scope.cluster_role === undefined) === (scope.role === undefined))
      refuse('cluster_role', 'must be given, or role, and not both');
    if ((scope.namespaces === undefined) === (scope.cluster === undefined))
      refuse('namespaces', 'must be given, or cluster: true, and not both');
    if (scope.role !== undefined && scope.cluster)
      refuse('role', 'is of one namespace: with cluster: true write cluster_role');
    if (scope.on_end !== undefined && scope.cluster)
      refuse('on_end', 'restarts pods of namespaces: it cannot stand with cluster: true');
  });
export type Scope = z.infer<typeof scopeSchema>;

/** The name of all that was made for the grant. */
export const handleSchema = z.strictObject({ name: z.string() });
export type Handle = z.infer<typeof handleSchema>;

export type Settings = { url: URL; ca: string | null; namespace: string; token: () => string };

const readToken = (file: string): string => readTokenFile({ file, what: `The token_file ${file} of the target` });

export const settingsOf = ({ server, ca, token, token_file: file, namespace }: Config): Settings => ({
  url: new URL(server),
  ca: ca ?? null,
  namespace,
  token: () => token ?? readToken(file ?? ''),
});

/** Labels of the pods that are restarted at the end; an empty text is every pod, null none. */
export const restartedPods = ({ on_end: onEnd }: Scope): string | null => {
  if (onEnd === undefined) return null;
  return onEnd === 'restart_pods' ? '' : onEnd.restart_pods;
};
