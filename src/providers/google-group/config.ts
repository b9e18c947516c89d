/** What a target of Google groups is configured with, and what a role gives there. */
import { z } from 'zod';
import { isLocalHttp } from '../../lib/local-http.ts';
import { isRsaKey } from '../../lib/rsa-key.ts';
import { caField } from '../kit/config-fields.ts';

const ADDRESS = /^[^\s@/"'\\]{1,64}@(?:[a-z0-9-]+\.)+[a-z0-9-]+$/i;
const isAddress = (text: string): boolean => ADDRESS.test(text);

const addressProblem = (text: string): string | null => {
  if (!URL.canParse(text)) return 'must be a URL such as https://cloudidentity.googleapis.com';
  const url = new URL(text);
  if (url.username || url.search || url.hash || url.pathname !== '/') return 'must hold the host only';
  if (url.protocol === 'https:' || isLocalHttp(url)) return null;
  return 'must start with https:// (http:// is for this machine only)';
};

const address = z.string('must be a URL').superRefine((text, ctx) => {
  const message = addressProblem(text);
  if (message !== null) ctx.addIssue({ code: 'custom', message });
});

export const configSchema = z.strictObject({
  service_account: z.strictObject(
    {
      email: z.string('must be an address').refine(isAddress, 'must be the address of the service account'),
      key: z.string('must be a private key').refine(isRsaKey, 'must be its private key in PEM'),
      key_id: z
        .string('must be the ID of the key')
        .regex(/^[\w-]{1,100}$/, 'must be the ID of the key')
        .optional(),
    },
    'must be as { email: latchkey@acme-prod.iam.gserviceaccount.com, key: "${GOOGLE_KEY}" }',
  ),
  /** Of the organization: nobody else is put into a group. */
  domains: z
    .array(
      z
        .string('must be a domain')
        .regex(/^(?:[a-z0-9-]+\.)+[a-z0-9-]+$/i, 'must be a domain such as acme.test')
        .toLowerCase(),
    )
    .min(1, 'must name a domain')
    .max(50),
  /** The edition has deadlines of memberships, and shows groups in groups. */
  enterprise: z.boolean('must be true or false').optional(),
  /** In whose name the service account acts, by domain-wide delegation. */
  subject: z.string('must be an address').refine(isAddress, 'must be the address of an administrator').optional(),
  /** For tests. */
  token_url: address.optional(),
  api_url: address.optional(),
  ca: caField('write ca: "${GOOGLE_CA}", and set GOOGLE_CA_FILE to that path where Latchkey starts').optional(),
});
export type Config = z.infer<typeof configSchema>;

export const scopeSchema = z.strictObject({
  group: z
    .string('must be the address of a group')
    .refine(isAddress, 'must be the address of a group, such as prod@acme.test')
    .toLowerCase(),
  /** So that an address that was freed leads to no other group. */
  id: z
    .string('must be the ID of the group')
    .regex(/^(?:groups\/)?[\w-]{1,100}$/, 'must be the ID of the group, such as 03dy6vkm2ex1ugs')
    .transform((text) => text.replace(/^groups\//, ''))
    .optional(),
});
export type Scope = z.infer<typeof scopeSchema>;

export const isName = isAddress;
