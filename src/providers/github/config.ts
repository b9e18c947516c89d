/** What a GitHub target is configured with, and what a role gives there. */
import { z } from 'zod';
import { isLocalHttp } from '../../lib/local-http.ts';
import { isRsaKey } from '../../lib/rsa-key.ts';
import { caField } from '../kit/config-fields.ts';

const addressProblem = (text: string): string | null => {
  if (!URL.canParse(text)) return 'must be a URL such as https://ghe.acme.test/api/v3';
  const url = new URL(text);
  if (url.username || url.password || url.search || url.hash)
    return 'must hold neither user nor anything after the path';
  if (url.protocol === 'https:' || isLocalHttp(url)) return null;
  return 'must start with https:// (http:// is for this machine only)';
};

/** A path is made of them. */
const login = z.string('must be a name').regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/, 'must be a name such as acme');

export const configSchema = z
  .strictObject({
    organization: login,
    /** Of GitHub Enterprise Server, and for tests. */
    api_url: z
      .string('must be a URL')
      .superRefine((text, ctx) => {
        const message = addressProblem(text);
        if (message !== null) ctx.addIssue({ code: 'custom', message });
      })
      .optional(),
    ca: caField('write ca: "${GITHUB_CA}", and set GITHUB_CA_FILE to that path where Latchkey starts').optional(),
    /** A GitHub App, installed in the organization; its own, or the one of gates. */
    app: z
      .strictObject(
        {
          id: z.string('must be the number of the App, in quotes').regex(/^\d{1,12}$/, 'must be the number of the App'),
          key: z.string('must be a private key').refine(isRsaKey, 'must be the private key of the App in PEM'),
          installation: z
            .string('must be the number of the installation, in quotes')
            .regex(/^\d{1,15}$/, 'must be the number of the installation'),
        },
        'must be as { id: "1", key: "${APP_KEY}", installation: "2" }',
      )
      .optional(),
    token: z.string('must be a token').min(20, 'must be a token').optional(),
  })
  .refine(({ app, token }) => (app === undefined) !== (token === undefined), {
    path: ['app'],
    message: 'or token must be set, and not both',
  });
export type Config = z.infer<typeof configSchema>;

export const PERMISSIONS = ['pull', 'triage', 'push', 'maintain', 'admin'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** So that a name that was freed leads to no other team or repository. */
const thingId = (what: string) =>
  z
    .string(`must be the id of the ${what}, in quotes`)
    .regex(/^\d{1,18}$/, `must be the id of the ${what}: a number, in quotes`)
    .optional();

const team = z.strictObject({
  team: z.string().regex(/^[a-z0-9_][a-z0-9_.-]{0,99}$/i, 'must be the slug of a team, such as prod-access'),
  id: thingId('team'),
});
const repository = z.strictObject({
  repository: z.string().regex(/^[\w.-]{1,39}\/[\w.-]{1,100}$/, 'must be a repository as acme/api'),
  permission: z.enum(PERMISSIONS, `must be one of ${PERMISSIONS.join(', ')}`),
  id: thingId('repository'),
});
export const scopeSchema = z.union(
  [team, repository],
  'must be { team: prod-access } or { repository: acme/api, permission: push }',
);
export type Scope = z.infer<typeof scopeSchema>;
