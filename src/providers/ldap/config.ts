/** What an LDAP target is configured with, and what a role gives there. */
import { z } from 'zod';
import { isLocalHttp } from '../../lib/local-http.ts';
import { caField } from '../kit/config-fields.ts';
import { dnProblem } from './names.ts';

const checked =
  (find: (text: string) => string | null) =>
  (text: string, ctx: z.RefinementCtx<string>): void => {
    const message = find(text);
    if (message !== null) ctx.addIssue({ code: 'custom', message });
  };

const urlProblem = (text: string): string | null => {
  if (!URL.canParse(text)) return 'must be a URL such as ldaps://ldap.acme.test';
  const { protocol, hostname, username, password, pathname, search } = new URL(text);
  if (protocol !== 'ldaps:' && protocol !== 'ldap:') return 'must begin with ldaps:// or ldap://';
  if (hostname === '') return 'must name a host';
  if (username !== '' || password !== '' || search !== '' || (pathname !== '' && pathname !== '/'))
    return 'must hold host and port only; who Latchkey is there stands in bind_dn';
  return null;
};

const dn = z.string('must be a DN').max(1_000, 'must be at most 1000 characters').superRefine(checked(dnProblem));

/** Of RFC 4512, without options: what stands in filters as it is. */
const attribute = z
  .string('must be an attribute')
  .regex(/^[a-zA-Z][a-zA-Z0-9-]{0,60}$/, 'must be the name of an attribute, such as uid');
export const attributeField = attribute;

export const configSchema = z
  .strictObject({
    url: z.string('must be a URL').superRefine(checked(urlProblem)),
    /** With ldap://: the connection is encrypted before anything is said. True by default. */
    starttls: z.boolean('must be true or false').optional(),
    ca: caField('write ca: "${DIRECTORY_CA}", and set DIRECTORY_CA_FILE to that path where Latchkey starts').optional(),
    bind_dn: dn,
    bind_password: z.string('must be a password').min(1, 'must not be empty: a bind without a password is anonymous'),
    people: z.strictObject(
      {
        base: dn,
        /** What names people: `user` and `map` of identity are its values. */
        attribute: attribute.optional(),
      },
      'must be as { base: "ou=people,dc=acme,dc=test" }',
    ),
    /** What a groupOfNames holds when nobody else is in it, since it must hold somebody. An empty DN by default. */
    placeholder: dn.optional(),
  })
  .refine(({ url, starttls }) => starttls !== false || !url.startsWith('ldap://') || isLocal(url), {
    path: ['starttls'],
    message: 'may be false on this machine only: the password would be read on the way',
  })
  .refine(({ url, starttls }) => starttls !== true || !url.startsWith('ldaps://'), {
    path: ['starttls'],
    message: 'is for ldap://; with ldaps:// the connection is encrypted from its beginning',
  });
export type Config = z.infer<typeof configSchema>;

const isLocal = (url: string): boolean => isLocalHttp(new URL(url.replace(/^ldap:/, 'http:')));

/** `ldap://` on this machine needs no TLS by default. */
export const usesStartTls = ({ url, starttls }: Config): boolean =>
  url.startsWith('ldap://') && (starttls ?? !isLocal(url));

const STABLE_ID = /^(?:entryUUID:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|objectGUID:[0-9a-f]{32})$/;

export const scopeSchema = z.strictObject({
  group: dn,
  /** So that a DN that was freed leads to no other group. */
  id: z
    .string('must be the id of the group')
    .regex(
      STABLE_ID,
      'must be entryUUID: and that value of the group, or objectGUID: and its 32 hexadecimal digits, in lower case',
    )
    .optional(),
});
export type Scope = z.infer<typeof scopeSchema>;
