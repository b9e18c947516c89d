/** The sections `targets` and `targets_from` of `latchkey.yml`: one target that is written out, and many that a list fills in. */
import { z } from 'zod';
import { duration } from './policy-values.ts';
import { channels, name, reference, someOf, text } from './policy-words.ts';

const role = z.strictObject(
  {
    title: text(100, 'a title for people').optional(),
    scope: z.json().optional(),
    max: duration,
    default: duration.optional(),
    sensitive: z.boolean('must be true or false').optional(),
  },
  'must be a role, as { title: Read only, scope: { … }, max: 4h, default: 30m }',
);

const identity = z.union(
  [
    z.strictObject({ user: text(300, 'a name with {email} in it') }),
    z.strictObject({ map: z.record(text(200, 'an address or a Slack id'), text(300, 'a name in the target')) }),
    z.strictObject({ lookup: text(100, 'an attribute of accounts in the target') }),
  ],
  'must be { user: "{email}" }, { map: { dana@acme.test: dana } } or { lookup: … }',
);

export const target = z.strictObject(
  {
    title: text(100, 'a title for people').optional(),
    provider: text(64, 'the kind of target, such as postgres'),
    config: z.record(z.string(), z.json(), 'must hold the settings of the provider, as { url: "${NAME}" }').optional(),
    owners: someOf(reference, 'groups or people'),
    channel: channels.optional(),
    warning: text(300, 'a sentence').optional(),
    identity: identity.optional(),
    roles: z.record(name, role, 'must hold the roles of this target by name'),
  },
  'must be a target with provider, owners and roles',
);

const fieldName = z
  .string('must be the name of a field')
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be lower-case letters, digits and "_", at most 40, starting with a letter');

const providerList = z.strictObject(
  {
    provider: text(64, 'the kind of server that has the list, such as postgres'),
    config: z.record(z.string(), z.json(), 'must hold the settings of the provider, as { url: "${NAME}" }').optional(),
    only: z.json().optional(),
  },
  'must be { provider, config }, as { provider: postgres, config: { url: "${NAME}" } }',
);

const targetList = z.strictObject(
  {
    file: text(1000, 'the name of a CSV, JSON, JSON lines or YAML file').optional(),
    list: providerList.optional(),
    every: duration.optional(),
    shrink: z
      .string('must be a share in quotes or not, as 50%')
      .regex(/^(?:100|[1-9]?\d)%$/, 'must be a share from 0% to 100%')
      .optional(),
    fields: z
      .record(fieldName, text(200, 'a pattern such as "*.db.acme.test"'), 'must hold patterns by the name of a field')
      .optional(),
    name: text(200, 'a name with fields in it, as "{{database}}-db"'),
    target,
  },
  'must be a list of targets with file or list, name and target',
);

export const targetsFrom = z.record(name, targetList, 'must hold lists of targets by name');
export type TargetListShape = z.infer<typeof targetList>;
