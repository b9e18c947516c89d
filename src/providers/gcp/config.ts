/** What a Google Cloud target is configured with, what a role gives there, and what is kept of a grant. */
import { z } from 'zod';
import { isLocalHttp } from '../../lib/local-http.ts';
import { isRsaKey } from '../../lib/rsa-key.ts';

const isSafeUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (url.protocol === 'https:' || isLocalHttp(url)) && !url.username && !url.search && !url.hash;
};

const addressField = z.string('must be a URL').refine(isSafeUrl, 'must be a URL that starts with https://');

/** cloud.google.com/resource-manager/docs/creating-managing-projects#before_you_begin; the domain is of older ones. */
const PROJECT = /^(?:[a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const projectField = z
  .string('must be the ID of a project')
  .regex(PROJECT, 'must be the ID of a project, such as acme-prod: neither its name nor its number');

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

const keyFileSchema = z.object({
  type: z.literal('service_account'),
  client_email: z.string().min(3).max(300),
  private_key: z.string().refine(isRsaKey),
  private_key_id: z.string().max(200).optional(),
  token_uri: z.string().refine(isSafeUrl),
});
export type KeyFile = z.infer<typeof keyFileSchema>;

/** JWTs: what is no such token is not sent from a file. */
const SUBJECT_TYPES = ['jwt', 'id_token'].map((type) => `urn:ietf:params:oauth:token-type:${type}`);

const federationSchema = z.object({
  type: z.literal('external_account'),
  audience: z.string().min(1),
  subject_token_type: z.string().refine((type) => SUBJECT_TYPES.includes(type)),
  token_url: z.string().refine(isSafeUrl),
  service_account_impersonation_url: z.string().refine(isSafeUrl).optional(),
  credential_source: z.object({
    file: z.string().startsWith('/'),
    format: z.object({ type: z.enum(['text', 'json']), subject_token_field_name: z.string().optional() }).optional(),
  }),
});
export type Federation = z.infer<typeof federationSchema>;

const holding = (schema: z.ZodType, message: string): z.ZodString =>
  z.string(message).refine((text) => schema.safeParse(parsed(text)).success, message);

export const configSchema = z
  .strictObject({
    /** Of its roles; nothing else is changed or listed. */
    projects: z
      .array(projectField, 'must be a list of project IDs')
      .min(1, 'must name a project')
      .max(50, 'must name 50 projects at most'),
    /** The JSON of a key of a service account. */
    key: holding(keyFileSchema, 'must be the JSON of a key of a service account').optional(),
    /** The JSON of a workload identity federation whose subject token is in a file. */
    federation: holding(
      federationSchema,
      'must be the JSON of an external_account with credential_source.file and its whole path, and a subject_token_type of jwt or id_token',
    ).optional(),
    /** The service account of the machine or pod that Latchkey runs on. */
    metadata: z.literal(true, 'must be true, or left out').optional(),
    /** Of Private Service Connect, or of a proxy. */
    endpoints: z
      .strictObject({
        resource_manager: addressField.optional(),
        iam: addressField.optional(),
        metadata: addressField.optional(),
      })
      .optional(),
  })
  .superRefine(({ key, federation, metadata }, ctx) => {
    if ([key, federation, metadata].filter((one) => one !== undefined).length !== 1)
      ctx.addIssue({
        code: 'custom',
        path: ['key'],
        message: 'must be given, or federation, or metadata: true, and only one of them',
      });
  });
export type Config = z.infer<typeof configSchema>;

/** Both were checked when the config was loaded. */
export const keyFileOf = (text: string): KeyFile => keyFileSchema.parse(parsed(text));
export const federationOf = (text: string): Federation => federationSchema.parse(parsed(text));

const BASIC = /^roles\/(?:owner|editor|viewer)$/;
const ROLE =
  /^(?:roles\/[A-Za-z0-9_.]{1,100}|(?:projects\/[a-z0-9.:-]{1,100}|organizations\/\d{1,20})\/roles\/[A-Za-z0-9_.]{3,64})$/;

export const scopeSchema = z
  .strictObject({
    project: projectField,
    role: z
      .string('must be the name of a role')
      .regex(
        ROLE,
        'must be a role such as roles/storage.objectViewer, projects/acme-prod/roles/deploy or organizations/1/roles/deploy',
      ),
  })
  .superRefine(({ project, role }, ctx) => {
    const refuse = (message: string): void => ctx.addIssue({ code: 'custom', path: ['role'], message });
    if (BASIC.test(role))
      refuse('is a basic role, which Google gives no deadline: name a predefined or a custom role with what is needed');
    if (role.startsWith('projects/') && !role.startsWith(`projects/${project}/`))
      refuse('is a custom role of another project, and counts there only');
  });
export type Scope = z.infer<typeof scopeSchema>;

/** The title of the condition of the binding. */
export const handleSchema = z.strictObject({ title: z.string() });
export type Handle = z.infer<typeof handleSchema>;
