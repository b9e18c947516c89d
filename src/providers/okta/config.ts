/** What an Okta target is configured with, and what a role gives there. */
import { z } from 'zod';
import { isLocalHttp } from '../../lib/local-http.ts';
import { isRsaKey } from '../../lib/rsa-key.ts';
import { caField } from '../kit/config-fields.ts';

const addressProblem = (text: string): string | null => {
  if (!URL.canParse(text)) return 'must be a URL such as https://acme.okta.com';
  const url = new URL(text);
  if (url.username || url.password || url.search || url.hash || url.pathname !== '/')
    return 'must hold the host of the organization only, such as https://acme.okta.com';
  if (/-admin\.(?:okta|oktapreview|okta-emea)\.com$/.test(url.hostname))
    return 'must be the address without -admin: that one is for the Admin Console';
  if (url.protocol === 'https:' || isLocalHttp(url)) return null;
  return 'must start with https:// (http:// is for this machine only)';
};

export const configSchema = z
  .strictObject({
    url: z.string('must be a URL').superRefine((text, ctx) => {
      const message = addressProblem(text);
      if (message !== null) ctx.addIssue({ code: 'custom', message });
    }),
    ca: caField('write ca: "${ACME_SSO_CA}", and set ACME_SSO_CA_FILE to that path where Latchkey starts').optional(),
    /** A service app that signs with a private key. */
    oauth: z
      .strictObject(
        {
          client_id: z.string('must be the client ID').regex(/^\w{1,100}$/, 'must be the client ID of a service app'),
          key: z.string('must be a private key').refine(isRsaKey, 'must be an RSA private key in PEM'),
          key_id: z
            .string('must be the ID of the key')
            .regex(/^[\w.-]{1,255}$/, 'must be the ID (kid) of the key')
            .optional(),
        },
        'must be as { client_id: 0oa1b2c3, key: "${APP_KEY}", key_id: "kid of the key" }',
      )
      .optional(),
    token: z
      .string('must be a token')
      .regex(/^[\w-]{20,200}$/, 'must be an API token')
      .optional(),
  })
  .refine(({ oauth, token }) => (oauth === undefined) !== (token === undefined), {
    path: ['oauth'],
    message: 'or token must be set, and not both',
  });
export type Config = z.infer<typeof configSchema>;

export const scopeSchema = z.strictObject({
  group: z
    .string('must be the ID of a group')
    .regex(/^00g[A-Za-z0-9]{17}$/, 'must be the ID of a group, such as 00g1emaKYZTWRYYRRTSK: a name can change'),
});
export type Scope = z.infer<typeof scopeSchema>;

export const lookupSchema = z.enum(['email'], 'must be email: the account that has their address');
