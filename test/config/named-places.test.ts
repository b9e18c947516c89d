/** Every place of the policy's schema that may name something in Slack or in an on-call service is in the list that is looked at. */
import { describe, expect, it } from 'vitest';
import { withFound } from '../../src/config/found-text.ts';
import { namedPlaces, namedThing } from '../../src/domain/policy/named-places.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { ALSO_NAMED, NAMED, NAMED_ENV, namedPolicy } from '../support/named-policy.ts';
import { POLICY_LEAVES } from '../support/policy-leaves.ts';
import { load } from './made.ts';

/** Names of the policy's own things, words, patterns, and text: nothing outside is named here. A new place of the schema belongs here or above. */
const NO_PLACES = [
  'alerts[].client',
  ...['alerts[].for', 'alerts[].match.labels.*', 'alerts[].match.service', 'alerts[].match.severity'],
  ...['alerts[].match.title', 'alerts[].name', 'alerts[].role', 'audit.checkpoint', 'audit.origin'],
  // `latchkey doctor` looks at folders and witnesses by themselves.
  ...['audit.publish[].file', 'audit.publish[].witness', 'audit.publish[].witness.key', 'audit.publish[].witness.url'],
  ...['audit.publish[].git.branch', 'audit.publish[].git.url', 'audit.publish[].tsa', 'audit.retention'],
  ...['bucket', 'endpoint', 'for', 'prefix', 'region'].map((of) => `audit.publish[].s3.${of}`),
  ...['datadog', 'elastic', 'webhook'].flatMap((sink) => [`audit.sinks.*.${sink}.key`, `audit.sinks.*.${sink}.url`]),
  ...['bucket', 'endpoint', 'prefix', 'region'].map((of) => `audit.sinks.*.s3.${of}`),
  ...['audit.sinks.*.elastic.index', 'audit.sinks.*.splunk_hec.index'],
  ...['audit.sinks.*.syslog.ca', 'audit.sinks.*.syslog.host'],
  ...['audit.sinks.*.splunk_hec.token', 'audit.sinks.*.splunk_hec.url'],
  ...['break_glass.max', 'break_glass.review_within', 'break_glass.roles[]', 'claim', 'clients.*.audience'],
  ...['clients.*.claims.*', 'clients.*.environment', 'clients.*.events[]', 'clients.*.issuer'],
  ...['organization', 'pipeline', 'project', 'repository'].flatMap((of) => [
    `clients.*.${of}.id`,
    `clients.*.${of}.name`,
  ]),
  ...[
    'clients.*.refs[]',
    'clients.*.service_account.name',
    'clients.*.service_account.namespace',
    'clients.*.workflow',
  ],
  ...['gates[].client', 'gates[].environment', 'gates[].for', 'gates[].role'],
  // Of GitHub; `latchkey doctor` looks at the App.
  ...['base', 'client', 'for', 'label', 'repository.id', 'repository.issuer', 'repository.name', 'role'].map(
    (of) => `pull_requests[].${of}`,
  ),
  ...[
    'incidents.channels[]',
    'incidents.closed[]',
    'incidents.concerns[].channels[]',
    'incidents.concerns[].targets[]',
  ],
  // Groups of the policy alone.
  ...['incidents.on_call[]', 'rules[].match.groups[]'],
  ...[
    'incidents.severity',
    'incidents.targets[]',
    'incidents.tool.closes',
    'incidents.tool.opens',
    'incidents.warning',
  ],
  ...[
    'issuers.*.enterprise',
    'issuers.*.host',
    'issuers.*.keys',
    'issuers.*.url',
    'manager_field',
    'pending',
    'remind',
  ],
  ...['audit.reports[].folder', 'audit.reports[].name'],
  ...['reviews[].name', 'reviews[].targets[]', 'reviews[].within'],
  ...['rules[].claim', 'rules[].deny', 'rules[].escalate.after', 'rules[].match.alerts[]', 'rules[].match.clients[]'],
  'rules[].match.gates[]',
  ...['rules[].match.roles[]', 'rules[].match.targets[]', 'rules[].max', 'rules[].name', 'rules[].pending'],
  ...['rules[].remind', 'rules[].require.ticket', 'targets.*.config.*', 'targets.*.provider', 'targets.*.title'],
  ...['targets.*.roles.*.default', 'targets.*.roles.*.max', 'targets.*.roles.*.scope', 'targets.*.roles.*.title'],
  ...['targets.*.identity.lookup', 'targets.*.identity.map.*', 'targets.*.identity.user'],
  ...['targets.*.warning', 'timezone'],
  ...['windows.*.from', 'windows.*.to', 'freezes.*.from', 'freezes.*.to', 'freezes.*.why', 'freezes.*.ics'],
  // Keys: names of the policy's own things, and of what a target, a token or an alert has.
  ...[
    'accounts.{}',
    'accounts.*.{}',
    'alerts[].match.labels.{}',
    'audit.sinks.{}',
    'clients.{}',
    'clients.*.claims.{}',
  ],
  ...['freezes.{}', 'groups.{}', 'issuers.{}', 'targets.{}', 'targets.*.config.{}', 'targets.*.roles.{}', 'windows.{}'],
  // The id of a workspace, and what targets that lists give are made of.
  'targets.*.channel.{}',
  ...['every', 'fields.*', 'fields.{}', 'file', 'name', 'shrink'].map((of) => `targets_from.*.${of}`),
  ...['config.*', 'config.{}', 'only', 'provider'].map((of) => `targets_from.*.list.${of}`),
  ...['channel.{}', 'config.*', 'config.{}', 'provider', 'title', 'warning'].map((of) => `targets_from.*.target.${of}`),
  ...['default', 'max', 'scope', 'title'].map((of) => `targets_from.*.target.roles.*.${of}`),
  ...['identity.lookup', 'identity.map.*', 'identity.user', 'roles.{}'].map((of) => `targets_from.*.target.${of}`),
  'targets_from.{}',
  // Stated, and never looked up.
  ...POLICY_LEAVES.filter((path) => path.startsWith('tests[]')),
];

/** What stands in a place that has another form too, or in the template of a list. */
const IN_OTHER_FORMS = {
  'targets.*.channel.*': '#of-target-elsewhere',
  'targets_from.*.target.channel': '#of-list',
  'targets_from.*.target.channel.*': '#of-list-elsewhere',
  'targets_from.*.target.owners[]': 'list-owner@acme.test',
  'targets_from.*.target.identity.map.{}': 'list-person@acme.test',
};

const otherForms = (): string => {
  const at = (place: keyof typeof IN_OTHER_FORMS): string => IN_OTHER_FORMS[place];
  const ldap =
    'provider: ldap, config: { url: "ldap://127.0.0.1", bind_dn: "cn=l,dc=acme,dc=test", bind_password: x, people: { base: "dc=acme,dc=test" } }';
  const text =
    `${namedPolicy().replace('channel: "#of-target"', `channel: { T1: "#of-target", T2: "${at('targets.*.channel.*')}" }`)}
targets_from:
  one:
    file: a.json
    name: "one-{{n}}"
    target: { ${ldap}, owners: ["${at('targets_from.*.target.owners[]')}"], channel: "${at('targets_from.*.target.channel')}", identity: { map: { "${at('targets_from.*.target.identity.map.{}')}": somebody } }, roles: { in: { scope: { group: "cn=g,dc=acme,dc=test" }, max: 4h } } }
  two:
    file: a.json
    name: "two-{{n}}"
    target: { ${ldap}, owners: [dba], channel: { T1: "#of-list", T2: "${at('targets_from.*.target.channel.*')}" }, identity: { lookup: mail }, roles: { in: { scope: { group: "cn=g,dc=acme,dc=test" }, max: 4h } } }
`.replace(/\b(T\d):/g, '$1AB:');
  return withFound(text, { one: [{ n: '1' }], two: [{ n: '1' }] });
};

const whole = (text: string): Policy => {
  const loaded = load(text, { env: NAMED_ENV, providers: PROVIDERS });
  if ('policy' in loaded) return loaded.policy;
  throw new Error(loaded.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
};

describe('what the policy names', () => {
  it('stands in a place that is known to name something outside, or to name nothing, whatever the schema grows', () => {
    expect([...Object.keys({ ...NAMED, ...IN_OTHER_FORMS }), ...NO_PLACES].toSorted()).toEqual(
      [...POLICY_LEAVES].toSorted(),
    );
  });

  it('is in the list that is looked at, from every place', () => {
    const found = namedPlaces(whole(namedPolicy())).map(namedThing);
    const schedules = { PSCHED1: 'pagerduty PSCHED1', 'ops-schedule': 'opsgenie ops-schedule' };
    const wanted = [...Object.values(NAMED), ...Object.values(ALSO_NAMED)].map(
      (name) => schedules[name as keyof typeof schedules] ?? name,
    );
    expect(found.toSorted()).toEqual(wanted.toSorted());
  });

  it('is in it from templates of lists and from channels of other workspaces too', () => {
    const found = namedPlaces(whole(otherForms())).map((place) => namedThing(place).replace(/@T\w+$/, ''));
    expect(found).toEqual(
      expect.arrayContaining([
        ...Object.values(NAMED).filter((name) => name.startsWith('#of-target')),
        ...Object.values(IN_OTHER_FORMS),
      ]),
    );
  });
});
