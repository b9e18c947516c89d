/** What an Entra target is configured with, and what a role gives there. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { isLocalHttp } from '../../lib/local-http.ts';
import { isRsaKey } from '../../lib/rsa-key.ts';
import { caField } from '../kit/config-fields.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const addressProblem = (text: string): string | null => {
  if (!URL.canParse(text)) return 'must be a URL such as https://graph.microsoft.com';
  const url = new URL(text);
  if (url.username || url.search || url.hash || url.pathname !== '/')
    return 'must hold the host only, such as https://graph.microsoft.com';
  if (url.protocol === 'https:' || isLocalHttp(url)) return null;
  return 'must start with https:// (http:// is for this machine only)';
};

const address = z.string('must be a URL').superRefine((text, ctx) => {
  const message = addressProblem(text);
  if (message !== null) ctx.addIssue({ code: 'custom', message });
});

const certificateOf = (pem: string): X509Certificate | null => {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
};

const certificate = z
  .strictObject(
    {
      certificate: z
        .string('must be a certificate')
        .refine((pem) => certificateOf(pem) !== null, 'must be a certificate in PEM'),
      key: z.string('must be a private key').refine(isRsaKey, 'must be an RSA private key in PEM'),
    },
    'must be as { certificate: "${ENTRA_CERT}", key: "${ENTRA_KEY}" }',
  )
  .refine(
    ({ certificate: pem, key }) =>
      certificateOf(pem) === null || !isRsaKey(key) || certificateOf(pem)?.checkPrivateKey(createPrivateKey(key)),
    { path: ['key'], message: 'must be the key of the certificate' },
  );

export const configSchema = z
  .strictObject({
    tenant: z.string('must be the ID of the tenant').regex(UUID, 'must be the ID of the tenant'),
    client_id: z.string('must be the ID of the app').regex(UUID, 'must be the application (client) ID'),
    client_secret: z
      .string('must be a secret')
      .min(16, 'must be the value of a client secret')
      .regex(/^[\x21-\x7e]+$/, 'must be the value of a client secret')
      .optional(),
    certificate: certificate.optional(),
    /** Workload identity: read at each use, since the platform renews it. */
    token_file: z.string('must be the path of a file').startsWith('/', 'must be the whole path of a file').optional(),
    /** Of a national cloud, and for tests. */
    login_url: address.optional(),
    graph_url: address.optional(),
    ca: caField('write ca: "${ENTRA_CA}", and set ENTRA_CA_FILE to that path where Latchkey starts').optional(),
  })
  .refine((config) => [config.client_secret, config.certificate, config.token_file].filter(Boolean).length === 1, {
    path: ['certificate'],
    message: 'or token_file or client_secret must be set, and only one of them',
  });
export type Config = z.infer<typeof configSchema>;

export const scopeSchema = z.strictObject({
  group: z
    .string('must be the object ID of a group')
    .regex(UUID, 'must be the object ID of a group: a name can change')
    .toLowerCase(),
});
export type Scope = z.infer<typeof scopeSchema>;

export const lookupSchema = z.enum(['mail'], 'must be mail: the account that has their address');
