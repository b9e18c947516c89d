/** The files that `latchkey init` writes, as text: from the examples, the manifest, and what was answered. */
import { randomBytes } from 'node:crypto';
import { isMap, isScalar, parse, parseDocument, stringify, visit } from 'yaml';
import type { Document, YAMLMap } from 'yaml';
import type { Answers, InitTarget } from './answers.ts';

const variablePrefix = (name: string): string => name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');

const mapIn = (document: Document, key: string): YAMLMap => {
  const found = document.get(key);
  if (!isMap(found)) throw new Error(`an example has no ${key}`);
  return found;
};

const firstName = (text: string): string => {
  const { targets }: { targets?: object } = parse(text) as { targets?: object };
  const [name] = Object.keys(targets ?? {});
  if (name === undefined) throw new Error('an example has no target');
  return name;
};

/** The example of a provider, for a target of another name, owned by the group `owners`. */
const exampleFor = (text: string, { name }: InitTarget, { channel }: Answers): Document => {
  const before = firstName(text);
  const renamed = text.replaceAll(variablePrefix(before), variablePrefix(name)).replaceAll(before, name);
  const document = parseDocument(renamed);
  const target = mapIn(document, 'targets').get(name);
  if (!isMap(target)) throw new Error('an example has no target');
  target.set('owners', document.createNode(['data-owners'], { flow: true }));
  target.set('channel', channel);
  target.delete('warning');
  const title = name.replaceAll('-', ' ');
  target.set('title', title.charAt(0).toUpperCase() + title.slice(1));
  return document;
};

/** One policy with all targets: the rules of the examples are the same for all of them. */
export const policyText = (answers: Answers, exampleOf: (provider: string) => string): string => {
  const { targets, owners, admins, timezone } = answers;
  const [document, ...others] = targets.map((target) => exampleFor(exampleOf(target.provider), target, answers));
  if (!document) throw new Error('there is no target');
  const all = mapIn(document, 'targets');
  for (const other of others) for (const pair of mapIn(other, 'targets').items) all.items.push(pair);
  const people = (all: string[]) => document.createNode({ people: all }, { flow: true });
  document.set('timezone', timezone);
  document.set('groups', document.createNode({}));
  mapIn(document, 'groups').set('data-owners', people(owners));
  mapIn(document, 'groups').set('latchkey-admins', people(admins));
  document.set('admins', document.createNode(['latchkey-admins'], { flow: true }));
  document.delete('tests');
  // The example speaks of one target.
  if (document.contents) document.contents.commentBefore = null;
  document.commentBefore =
    ' Written by `latchkey init`. docs/policy.md says what may stand here; `latchkey policy check` checks it.';
  visit(document, {
    // Addresses and patterns read better in quotes, as in the documents.
    Scalar: (key, node) => {
      if (key !== 'key' && isScalar(node) && typeof node.value === 'string' && /[#$*@]/.test(node.value))
        node.type = node.value.includes('@') && !node.value.includes('*') ? 'PLAIN' : 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 });
};

/** `${NAME}` of a policy, each once. */
export const variablesIn = (policy: string): string[] => [
  ...new Set(
    [...policy.replaceAll(/^\s*#.*$/gm, '').matchAll(/\$\{([A-Z][A-Z0-9_]*)\}/g)].map(([, name = '']) => name),
  ),
];

/** Without its heading, which says how to make it by hand what it is here. */
export const manifestText = (shipped: string, publicUrl: string | null): string => {
  const manifest = `# The Slack app of Latchkey, written by \`latchkey init\`.\n${shipped.replace(/^(?:#.*\n)+/, '')}`;
  if (publicUrl === null) return manifest;
  return manifest
    .replaceAll('https://latchkey.example.com', publicUrl)
    .replace('socket_mode_enabled: true', 'socket_mode_enabled: false');
};

/** Opens Slack's page for a new app with the manifest filled in. Slack: docs.slack.dev/app-manifests/configuring-apps-with-app-manifests */
export const createAppUrl = (manifest: string): string =>
  `https://api.slack.com/apps?new_app=1&manifest_yaml=${encodeURIComponent(stringify(parse(manifest)))}`;

const secret = (bytes: number, encoding: 'base64' | 'hex'): string => randomBytes(bytes).toString(encoding);

/** `known` wins: a key that is in use must not be lost. */
export const envText = (
  { publicUrl, variables }: { publicUrl: string | null; variables: readonly string[] },
  known: Record<string, string>,
): string => {
  const value = (name: string, made: () => string = () => ''): string => `${name}=${known[name] || made()}`;
  const password = known['POSTGRES_PASSWORD'] || secret(24, 'hex');
  const own = new Set<string>();
  const line = (name: string, made?: () => string): string => {
    own.add(name);
    return value(name, made);
  };
  const lines = [
    '# Secrets of Latchkey: for this machine alone, never for a repository. docs/configuration.md has every name.',
    '',
    '# Of the Slack app: "OAuth & Permissions", "Bot User OAuth Token".',
    line('SLACK_BOT_TOKEN'),
    ...(publicUrl === null
      ? ['# "Basic Information", "App-Level Tokens", with the scope connections:write.', line('SLACK_APP_TOKEN')]
      : [
          '# "Basic Information", "App Credentials".',
          line('SLACK_SIGNING_SECRET'),
          line('LATCHKEY_PUBLIC_URL', () => publicUrl),
        ]),
    '',
    '# Made for this installation. Without the key no credentials that wait can be read: keep a copy in a safe place.',
    line('LATCHKEY_SECRET_KEY', () => secret(32, 'base64')),
    `POSTGRES_PASSWORD=${password}`,
    '',
    '# The services of compose.yml.',
    line('DATABASE_URL', () => `postgresql://latchkey:${password}@postgres:5432/latchkey`),
    line('REDIS_URL', () => 'redis://redis:6379'),
    '',
    '# Latchkey in each target; latchkey.yml shows their form, and what to run there first is in prepare/.',
    ...variables.map((name) => line(name)),
  ];
  const others = Object.entries(known).filter(([name]) => !own.has(name) && name !== 'POSTGRES_PASSWORD');
  const kept = others.length > 0 ? ['', '# Kept from before.', ...others.map(([name, text]) => `${name}=${text}`)] : [];
  return `${[...lines, ...kept].join('\n')}\n`;
};

const ENV_LINE = /^([A-Z][A-Z0-9_]*)=(.*)$/;
/** A quote that is not closed in its line: the value goes on in the next. */
const UNCLOSED = /^(["'`])(?:(?!\1).)*$/;

/** The number of the first line that `readEnvText` would not keep; null where it keeps all. */
export const unkeptLine = (text: string): number | null => {
  const at = text.split(/\r?\n/).findIndex((line) => {
    if (/^\s*(?:#|$)/.test(line)) return false;
    const value = ENV_LINE.exec(line)?.[2]?.trim();
    return value === undefined || UNCLOSED.test(value);
  });
  return at < 0 ? null : at + 1;
};

/** `NAME=value` lines, as `envText` writes them. */
export const readEnvText = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const [, name, value] = ENV_LINE.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value.trim()]];
    }),
  );

const COMPOSE = `# Latchkey with its own Postgres and Redis. Written by \`latchkey init\`.
# The image: run \`docker build -t latchkey:VERSION .\` in a checkout of Latchkey, or set IMAGE.
# Then: docker compose up -d, and: docker compose run --rm latchkey doctor
x-latchkey: &latchkey
  image: \${IMAGE:-latchkey:VERSION}
  env_file: .env
  volumes:
    - ./latchkey.yml:/app/latchkey.yml:ro
services:
  latchkey:
    <<: *latchkey
    restart: unless-stopped
    stop_grace_period: 40s
    ports:
      - "127.0.0.1:3000:3000" # PORT_NOTE
    depends_on:
      migrate: { condition: service_completed_successfully }
      redis: { condition: service_healthy }
  migrate:
    <<: *latchkey
    command: migrate
    depends_on:
      postgres: { condition: service_healthy }
  postgres:
    image: postgres:18-alpine
    restart: unless-stopped
    environment:
      POSTGRES_USER: latchkey
      POSTGRES_DB: latchkey
      POSTGRES_PASSWORD: \${POSTGRES_PASSWORD:?see .env}
    volumes:
      - postgres:/var/lib/postgresql
    healthcheck:
      test: ["CMD", "pg_isready", "-U", "latchkey"]
      interval: 5s
  redis:
    image: redis:8-alpine
    restart: unless-stopped
    command: ["redis-server", "--maxmemory-policy", "noeviction", "--appendonly", "yes"]
    volumes:
      - redis:/data
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
      interval: 5s
volumes:
  postgres:
  redis:
`;

export const composeText = (version: string, publicUrl: string | null): string =>
  COMPOSE.replaceAll('VERSION', version).replace(
    'PORT_NOTE',
    publicUrl === null
      ? 'health and metrics; Slack needs no port in Socket Mode'
      : 'put a proxy with a certificate before it',
  );
