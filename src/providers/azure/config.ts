/** What an Azure target is configured with, and what a role gives there. */
import { z } from 'zod';
import { isLocalHttp } from '../../lib/local-http.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const isOrigin = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    (url.protocol === 'https:' || isLocalHttp(url)) && !url.username && !url.search && !url.hash && url.pathname === '/'
  );
};
const addressField = z.string('must be a URL').refine(isOrigin, 'must be a host alone that starts with https://');
const guidField = (what: string): z.ZodString => z.string(`must be ${what}`).regex(GUID, `must be ${what}: a GUID`);

export const configSchema = z.strictObject({
  tenant: guidField('the ID of the tenant'),
  client_id: guidField('the application (client) ID'),
  client_secret: z.string('must be a secret').min(8, 'must be a client secret').max(300),
  /** What is given: a role assignment, or one of Privileged Identity Management, which Azure ends by itself. */
  mode: z.enum(['assignment', 'pim'], 'must be assignment or pim').optional(),
  /** Of other clouds than the public one. */
  endpoints: z
    .strictObject({
      login: addressField.optional(),
      management: addressField.optional(),
      graph: addressField.optional(),
    })
    .optional(),
});
export type Config = z.infer<typeof configSchema>;

/** learn.microsoft.com/azure/role-based-access-control/built-in-roles: each of them gives roles to anybody. */
const GIVES_ROLES: Readonly<Record<string, string>> = {
  '8e3af657-a8ff-443c-a75c-2fe8c4bcb635': 'Owner',
  '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9': 'User Access Administrator',
  'f58310d9-a9f6-439a-9e8d-f62e7b41a168': 'Role Based Access Control Administrator',
};

const SCOPE =
  /^\/subscriptions\/[0-9a-f-]{36}(?:\/resourceGroups\/[\w.()-]{1,90}(?:\/providers\/[\w.]{1,100}(?:\/[\w.()-]{1,260}){2,8})?)?$/i;

export const scopeSchema = z.strictObject({
  scope: z
    .string('must be a scope')
    .regex(SCOPE, 'must be /subscriptions/…, or a resource group or a resource in it, as Azure writes its ID'),
  role: guidField('the ID of a role definition').superRefine((id, ctx) => {
    const name = GIVES_ROLES[id.toLowerCase()];
    if (name !== undefined)
      ctx.addIssue({
        code: 'custom',
        message: `is ${name}, by which a person could keep access: name a role that gives no roles`,
      });
  }),
});
export type Scope = z.infer<typeof scopeSchema>;
