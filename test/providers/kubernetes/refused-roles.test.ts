/** Roles through which somebody gets in again after the end: each is refused, and what is like them and harmless is not. */
import { expect, test } from 'vitest';
import { refusedIn } from '../../../src/providers/kubernetes/role-risks.ts';

type Rules = Parameters<typeof refusedIn>[0];

const of = (group: string, resources: string[], verbs: string[]): Rules[number] => ({
  apiGroups: [group],
  resources,
  verbs,
});
const rule = (resources: string[], verbs: string[]): Rules[number] => of('', resources, verbs);

test.each<[string, Rules, string]>([
  [
    'making a secret that it names, which a server-side apply does',
    [{ ...rule(['secrets'], ['get', 'delete', 'patch', 'create']), resourceNames: ['app-config'] }],
    'create secrets: makes tokens of service accounts',
  ],
  [
    'everything with a secret that it names',
    [{ ...rule(['secrets'], ['*']), resourceNames: ['app-config'] }],
    'create secrets: makes tokens of service accounts',
  ],
  ['services by proxy', [rule(['services/proxy'], ['get'])], 'get services/proxy: reaches every port of pods'],
  ['sending through services', [rule(['services/proxy'], ['create'])], 'create services/proxy'],
  ['deleting through pods', [rule(['pods/proxy'], ['delete'])], 'delete pods/proxy'],
  ...[
    ['users', 'impersonate:user-info'],
    ['serviceaccounts', 'impersonate:serviceaccount'],
    ['nodes', 'impersonate:arbitrary-node'],
    ['userextras/scopes', 'impersonate'],
    ['uids', '*'],
    ['userextras/scopes', '*'],
  ].map(([resource = '', verb = '']): [string, Rules, string] => [
    `${verb} of ${resource}`,
    [{ apiGroups: ['authentication.k8s.io'], resources: [resource], verbs: [verb] }],
    `${resource}: acts as anybody`,
  ]),
  ['what one does as another', [rule(['pods'], ['impersonate-on:user-info:list'])], 'acts as anybody'],
  [
    'converting objects of others',
    [{ apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: ['patch'] }],
    'by a webhook that stays',
  ],
  [
    'certificates of pods',
    [{ apiGroups: ['certificates.k8s.io'], resources: ['podcertificaterequests'], verbs: ['create'] }],
    'certificates that cannot be taken back',
  ],
  ['volumes of its own', [rule(['persistentvolumes'], ['create'])], 'create persistentvolumes: gives pods the files'],
])('a role for %s is refused', (_what, rules, message) => {
  expect(refusedIn(rules).join('\n')).toContain(message);
});

test.each([
  [
    'reading and changing a secret that it names',
    { ...rule(['secrets'], ['get', 'watch', 'update', 'patch', 'delete']), resourceNames: ['app-config'] },
  ],
  ['everything about nodes, which are no identity in the core group', rule(['nodes'], ['*'])],
])('a role for %s may be granted', (_what, allowed) => {
  expect(refusedIn([allowed])).toEqual([]);
});
