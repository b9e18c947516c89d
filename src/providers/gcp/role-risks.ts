/** What somebody could keep by a role after its end, by the permissions in it. */

/** With these a person gives access without an end, to themselves or anybody: such a role is not granted. */
const KEEPS: readonly [RegExp, string][] = [
  [/^resourcemanager\.(?:projects|folders|organizations)\.setIamPolicy$/, 'gives roles to anybody'],
  [/^iam\.serviceAccounts\.setIamPolicy$/, 'lets anybody act as service accounts'],
  [/^iam\.serviceAccountKeys\.(?:create|upload|enable)$/, 'makes keys of service accounts that do not expire'],
  [/^iam\.roles\.(?:create|update|undelete)$/, 'changes what custom roles allow'],
  [
    /^iam\.(?:workloadIdentityPools|workloadIdentityPoolProviders|workforcePools|workforcePoolProviders)\.(?:create|update|setIamPolicy|undelete)$/,
    'lets identities of other systems in',
  ],
  [/^privilegedaccessmanager\.entitlements\.(?:create|update|setIamPolicy)$/, 'makes entitlements to roles'],
  [/^orgpolicy\.policy\.set$/, 'changes what the organization forbids'],
  [/^iam\.denypolicies\.(?:create|update)$/, 'can keep Latchkey from ending access'],
];

/** What is left is of one resource, or ends by itself: it is granted, and said. */
const LEAVES: readonly [RegExp, string][] = [
  [
    /^iam\.serviceAccounts\.(?:getAccessToken|getOpenIdToken|signBlob|signJwt|implicitDelegation)$/,
    'Tokens of service accounts go on until they expire: an hour, or 12 where the organization allows it; what was signed, up to 7 days.',
  ],
  [/^iam\.serviceAccounts\.actAs$/, 'Machines and jobs that were started as a service account go on.'],
  [/^storage\.hmacKeys\.create$/, 'HMAC keys of storage stay.'],
  [/^apikeys\.keys\.(?:create|getKeyString)$/, 'API keys stay.'],
  [
    /^compute\.(?:instances\.setMetadata|projects\.setCommonInstanceMetadata)$/,
    'SSH keys that were put into metadata stay.',
  ],
  [/^cloudsql\.users\.(?:create|update)$/, 'Users of Cloud SQL that were made or changed stay.'],
  [
    /^(?!resourcemanager\.|iam\.)[A-Za-z]+\.[A-Za-z]+\.setIamPolicy$/,
    'Access to single resources that was given stays.',
  ],
  [
    /^cloudfunctions\.functions\.(?:create|update)$|^run\.services\.(?:create|update)$|^compute\.instances\.create$|^cloudbuild\.builds\.create$|^cloudscheduler\.jobs\.create$/,
    'Programs that were started or scheduled go on.',
  ],
];

const SESSIONS: readonly [RegExp, string][] = [
  [
    /^compute\.instances\.os(?:Admin)?Login$|^compute\.instances\.setMetadata$|^iap\.tunnelInstances\.accessViaIAP$/,
    'SSH sessions',
  ],
  [/^cloudsql\.instances\.(?:connect|login)$|^spanner\.|^alloydb\.|^redis\./, 'sessions in databases'],
];

export const refusedIn = (permissions: readonly string[]): string[] =>
  KEEPS.flatMap(([pattern, why]) => {
    const found = permissions.find((one) => pattern.test(one));
    return found === undefined ? [] : [`${found} ${why}`];
  });

export const remainsIn = (permissions: readonly string[]): string[] =>
  LEAVES.flatMap(([pattern, sentence]) => (permissions.some((one) => pattern.test(one)) ? [sentence] : []));

/** Where the role is not known yet, the worst is said. */
export const sessionsIn = (permissions: readonly string[] | null): string[] =>
  SESSIONS.flatMap(([pattern, what]) =>
    permissions === null || permissions.some((one) => pattern.test(one)) ? [what] : [],
  );
