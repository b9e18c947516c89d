/** Credentials that clients read from a file: the variable holds its path. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { childEnvironment, shellLines } from '../../src/cli/job/environment.ts';

const KUBECONFIG = "apiVersion: v1\nusers: [{ name: it's, user: { token: $(id) } }]\n";
const FIELDS = [
  { name: 'token', env: null, value: 't', secret: true },
  { name: 'kubeconfig', env: 'KUBECONFIG', value: KUBECONFIG, secret: true },
];

test('a command gets the kubeconfig as a file that only its user may read, in place of one that the job had', () => {
  const given = { fields: FIELDS, namings: [{ name: 'TOKEN', field: 'token' }], grant: 'g', inFile: false };
  const env = childEnvironment({ KUBECONFIG: '/home/ci/.kube/config', PATH: '/bin' }, given);
  const file = env['KUBECONFIG'] ?? '';
  expect(readFileSync(file, 'utf8')).toBe(KUBECONFIG);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(env).toMatchObject({ TOKEN: 't', PATH: '/bin' });
});

test('the lines for a shell make such a file, whatever stands in it', () => {
  const script = `${shellLines(FIELDS, []).join('\n')}\nstat -c %a "$KUBECONFIG"; cat "$KUBECONFIG"; rm "$KUBECONFIG"`;
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(`600\n${KUBECONFIG}`);
});

const SSH_FIELDS = [
  { name: 'user', env: null, value: 'lk_ada', secret: false },
  { name: 'certificate', env: null, value: 'ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA', secret: false },
  {
    name: 'known_hosts',
    env: null,
    value: '[web-1.acme.test]:2222 ssh-ed25519 AAAA\nweb-2.acme.test ssh-ed25519 BBBB',
    secret: false,
  },
  { name: 'private_key', env: null, value: "it's\na key\n", secret: true },
];

const filesIn = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));

test('a command and a shell get the same files for OpenSSH', () => {
  const folder =
    childEnvironment({}, { fields: SSH_FIELDS, namings: [], grant: 'g', inFile: false })['LATCHKEY_SSH'] ?? '';
  const files = filesIn(folder);
  expect(files).toMatchObject({ key: "it's\na key\n", 'key-cert.pub': `${SSH_FIELDS[1]?.value}\n` });
  expect(files['config']).toMatch(/^Host web-1\.acme\.test\n {2}Port 2222\nHost \*\n {2}User lk_ada\n/);
  expect(statSync(path.join(folder, 'key')).mode & 0o777).toBe(0o600);
  const script = `${shellLines(SSH_FIELDS, []).join('\n')}\nstat -c %a "$LATCHKEY_SSH/key"; echo "$LATCHKEY_SSH"`;
  const [mode, made = ''] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n');
  expect([mode, filesIn(made)]).toEqual(['600', files]);
  rmSync(made, { recursive: true });
});

test.each(['', 'ada\nProxyCommand id', '-oProxyCommand=id x'])(
  'an account called %j is in no configuration',
  (user) => {
    const fields = SSH_FIELDS.map((field) => (field.name === 'user' ? { ...field, value: user } : field));
    expect(() => shellLines(fields, [])).toThrow('names no account');
  },
);

const UNFIT =
  `LD_PRELOAD NODE_OPTIONS BASH_ENV PATH GIT_SSH_COMMAND HTTPS_PROXY https_proxy LATCHKEY_URL RSYNC_RSH TAR_OPTIONS ZDOTDIR
ERL_FLAGS AWS_CONFIG_FILE AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 AWS_CA_BUNDLE AWS_PAGER MANPAGER SVN_SSH CVS_RSH GOCACHEPROG SBT_OPTS
PIP_INDEX_URL UV_INDEX_URL DOCKER_HOST VAULT_ADDR TF_CLI_ARGS TF_CLI_ARGS_plan ANSIBLE_CONFIG PGHOSTADDR PGOPTIONS PGSSLROOTCERT PGSSLMODE
SUDO_ASKPASS GH_BROWSER KUBE_EDITOR CFLAGS CORECLR_PROFILER CORECLR_PROFILER_PATH DOTNET_STARTUP_HOOKS JULIA_LOAD_PATH R_PROFILE_USER R_ENVIRON
GTK_MODULES KRB5_CONFIG SSLKEYLOGFILE OPENSSL_CONF SSH_AUTH_SOCK USER A_VARIABLE_THAT_NOBODY_KNOWS`.split(/\s+/);

test.each(UNFIT)('what a target wants to be called %s is no credential, for a command or a shell', (env) => {
  const fields = [{ name: 'token', env, value: '/tmp/theirs', secret: true }];
  const given = { fields, namings: [], grant: 'g', inFile: false };
  expect(() => childEnvironment({ PATH: '/bin' }, given)).toThrow('which is no name for it');
  expect(() => shellLines(fields, [])).toThrow('which is no name for it');
});

const FIT =
  `PGPASSWORD PGHOST PGPORT MYSQL_PWD MYSQL_HOST NPM_TOKEN GIT_TOKEN GITHUB_TOKEN API_TOKEN PATH_TOKEN HOME_KEY REDISCLI_AUTH REDIS_URL
KUBECONFIG AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION VAULT_TOKEN DOCKER_PASSWORD UV_TOKEN COMPOSER_AUTH
TF_VAR_password`.split(/\s+/);

test.each(FIT)('%s is a name for a credential', (env) => {
  const given = {
    fields: [{ name: 'token', env, value: 't', secret: true }],
    namings: [],
    grant: 'g',
    inFile: false,
  };
  expect(childEnvironment({}, given)).toMatchObject({ [env]: 't' });
});
