/**
 * Who may import whom, as one table. `npm run lint:directions` writes it into `.oxlintrc.json` as lint rules, one for each
 * storey, room and provider; a test holds the two equal and plants imports that must be refused.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What each storey may import, beside itself. Type imports count. */
export const STOREYS = {
  lib: [],
  domain: ['lib'],
  application: ['domain', 'lib'],
  slack: ['application', 'domain', 'lib'],
  directory: ['application', 'domain', 'lib'],
  work: ['application', 'domain', 'lib'],
  store: ['application', 'domain', 'lib'],
  http: ['application', 'domain', 'lib'],
  providers: ['application', 'domain', 'lib'],
  publishers: ['application', 'domain', 'lib'],
  sinks: ['application', 'domain', 'lib'],
  'github-api': ['application', 'domain', 'lib'],
  'gitlab-api': ['application', 'domain', 'lib'],
  bundles: ['application', 'domain', 'lib'],
  config: ['domain', 'lib'],
  compose: [
    'slack',
    'directory',
    'work',
    'store',
    'http',
    'providers',
    'publishers',
    'sinks',
    'github-api',
    'gitlab-api',
    'bundles',
    'config',
    'application',
    'domain',
    'lib',
  ],
  cli: ['compose', 'config', 'store', 'application', 'domain', 'lib'],
};

/** The rooms of `application`, in order: each sees only those above it. `deps.ts` is where their ports meet; verbs see it, too. */
export const ROOMS = [
  'record',
  'identity',
  'decisions',
  'grants',
  'recordings',
  'requests',
  'break-glass',
  'incidents',
  'alerts',
  'revocations',
  'drift',
  'people',
  'policy',
  'queries',
  'evidence',
  'reports',
  'reviews',
  'messages',
  'github',
  'gitlab',
];

/** Packages that one place alone may know. */
const PACKAGES = [
  { regex: '^@slack/', home: ['slack'], message: 'Only src/slack talks to Slack.' },
  {
    regex: '^(bullmq|ioredis)(/|$)',
    home: ['work', 'providers/redis'],
    message: 'Only src/work knows BullMQ and Redis.',
  },
  { regex: '^drizzle-orm(/|$)', home: ['store'], message: 'Only src/store knows Drizzle.' },
  {
    regex: '^pg(/|$)',
    home: ['store', 'providers/postgres'],
    message: 'Only src/store and the Postgres provider open Postgres connections.',
  },
  {
    regex: '^mysql2(/|$)',
    home: ['providers/mysql'],
    message: 'Only the MySQL provider opens MySQL connections.',
  },
  {
    regex: '^ldapts(/|$)',
    home: ['providers/ldap'],
    message: 'Only the LDAP provider opens LDAP connections.',
  },
  {
    regex: '^ssh2(/|$)',
    home: ['providers/ssh'],
    message: 'Only the SSH provider opens SSH connections.',
  },
];

const PURE = {
  regex: '^(node:)?(fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|timers|readline)(/|$)',
  message: 'The domain is pure: no I/O.',
};
const SANDBOX = {
  regex: '^(\\.\\./)+sandbox/',
  message: 'The sandbox is for one bare machine; nothing that runs in production may import it.',
};
const REGISTRY = {
  regex: '(^\\./|/(providers|hooks)/)registry\\.ts$',
  message: 'Only src/compose reads the registries.',
};

const packagesFor = (home) =>
  PACKAGES.filter((entry) => !entry.home.includes(home)).map(({ regex, message }) => ({ regex, message }));

const oneOf = (names) => `(${names.join('|')})`;

/** What a storey may not import: other storeys that stand above or beside it, the files directly in `src`, the sandbox. */
const storeyPatterns = (storey) => {
  const others = Object.keys(STOREYS).filter((name) => name !== storey && !STOREYS[storey].includes(name));
  const allowed = STOREYS[storey].length > 0 ? STOREYS[storey].join(', ') : 'nothing of ours';
  const regex = `^(\\.\\./)+(${oneOf(others)}/|main\\.ts$)`;
  return [{ regex, message: `${storey} may import: ${allowed}.` }, SANDBOX];
};

const rule = (files, patterns, excludeFiles) => ({
  files,
  ...(excludeFiles ? { excludeFiles } : {}),
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});

const roomRule = (room) => {
  const later = ROOMS.slice(ROOMS.indexOf(room) + 1);
  const hidden = [...(later.length > 0 ? [`${oneOf(later)}/`] : []), '(application|verbs)\\.ts$'];
  return rule(
    [`src/application/${room}/**`],
    [
      {
        regex: `^\\.\\./(${hidden.join('|')})`,
        message: `The room ${room} sees only the rooms above it, and deps.ts.`,
      },
      ...storeyPatterns('application'),
      ...packagesFor('application'),
    ],
  );
};

/** Any folder's name but `kit`; lint's regular expressions cannot look ahead. */
const NOT_KIT = '([^./k][^/]*|k|k[^/i][^/]*|ki|ki[^/t][^/]*|kit[^/]+)';

const providerRule = (files, home, excludeFiles) =>
  rule(
    files,
    [
      {
        regex: `^(\\.\\./)+(application|${Object.keys(STOREYS)
          .filter((name) => !['lib', 'domain', 'application', 'providers'].includes(name))
          .join('|')})/`,
        message: 'A provider may see domain, lib, provider.ts and kit/ only.',
      },
      {
        regex: `^(\\.\\./${NOT_KIT}/|(\\.\\./)+(guard|registry|connections)\\.ts$)`,
        message: 'A provider may see domain, lib, provider.ts and kit/ only.',
      },
      SANDBOX,
      ...packagesFor(home),
    ],
    excludeFiles,
  );

const hookRule = () =>
  rule(
    ['src/http/hooks/*/**'],
    [
      ...storeyPatterns('http'),
      {
        regex: '^(\\.\\./[^./][^/]*/|(\\.\\./)+registry\\.ts$)',
        message: 'A source of webhooks may see domain, lib, application and source.ts only.',
      },
      ...packagesFor('http'),
    ],
  );

/** In the order in which lint reads them: a later one replaces an earlier one for the same file. */
export const directionRules = () => [
  rule(['src/*.ts'], [SANDBOX, REGISTRY, ...packagesFor('main')]),
  ...Object.keys(STOREYS).map((storey) =>
    rule(
      [`src/${storey}/**`],
      [
        ...(storey === 'domain' ? [PURE] : []),
        ...storeyPatterns(storey),
        ...(storey === 'compose' ? [] : [REGISTRY]),
        ...packagesFor(storey),
      ],
    ),
  ),
  ...ROOMS.map(roomRule),
  providerRule(['src/providers/*/**'], 'providers', [
    'src/providers/postgres/**',
    'src/providers/ldap/**',
    'src/providers/mysql/**',
    'src/providers/redis/**',
    'src/providers/ssh/**',
  ]),
  providerRule(['src/providers/ldap/**'], 'providers/ldap'),
  providerRule(['src/providers/mysql/**'], 'providers/mysql'),
  providerRule(['src/providers/postgres/**'], 'providers/postgres'),
  providerRule(['src/providers/redis/**'], 'providers/redis'),
  providerRule(['src/providers/ssh/**'], 'providers/ssh'),
  hookRule(),
  rule(
    ['sandbox/**'],
    [
      { regex: '^(\\.\\./)+src/', message: 'The sandbox runs the app as a program; it imports nothing of it.' },
      { regex: '^@slack/', message: "The sandbox may use Slack's types, as types.", allowTypeImports: true },
      {
        regex: '^(bullmq|drizzle-orm)(/|$)',
        message: "The sandbox knows no queue and no store; its Redis and MariaDB are people's.",
      },
    ],
  ),
];

const isDirection = ({ rules }) => 'no-restricted-imports' in rules;

/** The lint's configuration with the directions of this table in it. */
export const withDirections = (config) => ({
  ...config,
  overrides: [...directionRules(), ...config.overrides.filter((override) => !isDirection(override))],
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL('../.oxlintrc.json', import.meta.url));
  writeFileSync(file, `${JSON.stringify(withDirections(JSON.parse(readFileSync(file, 'utf8'))), null, 2)}\n`);
}
