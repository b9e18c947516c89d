/** `issuers:` of the policy file: the address of each, as tokens must have it, and where its keys are. */
import { fileURLToPath } from 'node:url';
import { defaultUrl } from '../domain/clients/issuer.ts';
import type { Issuer } from '../domain/clients/issuer.ts';
import { isLocalHttp } from '../lib/local-http.ts';
import type { PolicyDocument } from './policy-schema.ts';
import type { Path } from './problem.ts';
import { record } from './record.ts';
import type { Report } from './report.ts';

type IssuerShape = NonNullable<PolicyDocument['issuers']>[string];
type Named = { name: string; shape: IssuerShape; report: Report };

const HOST = /^(?=.{1,200}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/i;
const SLUG = /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/i;

/** Why it cannot be an issuer's address; null where it can. */
const addressProblem = (text: string): string | null => {
  if (!URL.canParse(text)) return 'is no address';
  const url = new URL(text);
  if (url.username || url.password || url.search || url.hash || /[?#\s\\]/.test(text))
    return 'may have no user, no "?" and no "#"';
  if (/\/\.\.?(?:\/|$)|.\/\//.test(text.slice(text.indexOf('://') + 3)))
    return 'may have no "//", "." or ".." in its path';
  if (url.protocol === 'https:') return null;
  if (url.protocol !== 'http:') return 'does not start with https://';
  return isLocalHttp(url) ? null : 'is plain http, which is for this machine alone (localhost, 127.0.0.1)';
};

const WHERE = {
  circleci: 'https://oidc.circleci.com/org/ and the id of the organization',
  kubernetes: 'what `kubectl get --raw /.well-known/openid-configuration` names as issuer',
  oidc: 'what its tokens have as iss',
} as const;

const checkOnly = ({ name, shape, report }: Named): void => {
  const { kind } = shape;
  const useless = [
    ...(shape.enterprise !== undefined && (kind !== 'github' || shape.url !== undefined) ? ['enterprise'] : []),
    ...(shape.host !== undefined && ((kind !== 'github' && kind !== 'gitlab') || shape.url !== undefined)
      ? ['host']
      : []),
  ];
  for (const key of useless) {
    const message = `"${key}" means nothing here: it makes the address of a GitHub ${key === 'host' ? 'or GitLab ' : ''}issuer that has no url; remove it.`;
    report.refuse('useless_key', ['issuers', name, key], message);
  }
  if (shape.host !== undefined && !HOST.test(shape.host))
    report.refuse(
      'bad_issuer',
      ['issuers', name, 'host'],
      `"${shape.host}" is no host; write one such as ghe.acme.test.`,
    );
  if (shape.enterprise !== undefined && !SLUG.test(shape.enterprise))
    report.refuse(
      'bad_issuer',
      ['issuers', name, 'enterprise'],
      `"${shape.enterprise}" is no slug of an enterprise; take it from the address github.com/enterprises/<slug>.`,
    );
};

const urlOf = ({ name, shape, report }: Named): string => {
  const path: Path = ['issuers', name];
  const { kind, host, enterprise } = shape;
  const made = defaultUrl(kind, {
    ...(host !== undefined && { host }),
    ...(enterprise !== undefined && { enterprise }),
  });
  const url = shape.url ?? made;
  if (url === null) {
    const where = WHERE[kind as keyof typeof WHERE];
    report.refuse('no_issuer_url', path, `"${name}" has no url; give ${where}.`);
    return '';
  }
  const problem = addressProblem(url);
  if (problem !== null && (shape.url !== undefined || HOST.test(host ?? 'x')))
    report.refuse(
      'bad_issuer',
      [...path, 'url'],
      `"${url.slice(0, 100)}" ${problem}; write the issuer as its tokens have it.`,
    );
  return url;
};

const keysFileOf = ({ name, shape: { keys }, report }: Named): string | null => {
  if (keys === undefined) return null;
  const isFile = /^file:(?:\/\/)?\/[^/]/.test(keys) && URL.canParse(keys);
  if (isFile) return fileURLToPath(new URL(keys));
  const message = `"${keys.slice(0, 100)}" is no file; write its whole path, as file:/etc/latchkey/jwks.json, or leave keys out to fetch them.`;
  report.refuse('bad_issuer', ['issuers', name, 'keys'], message);
  return null;
};

/** Which issuer a token is of hangs on its address alone. */
const checkTwins = (issuers: readonly Issuer[], report: Report): void => {
  const seen = new Map<string, string>();
  for (const { name, url } of issuers) {
    const twin = seen.get(url);
    if (twin === undefined) seen.set(url, name);
    else if (url !== '')
      report.refuse(
        'duplicate_issuer',
        ['issuers', name],
        `"${name}" and "${twin}" have the same address ${url}; keep one.`,
      );
  }
};

export const buildIssuers = ({ issuers = {} }: PolicyDocument, report: Report): Record<string, Issuer> => {
  const built = Object.entries(issuers).map(([name, shape]): Issuer => {
    const named = { name, shape, report };
    checkOnly(named);
    return { name, kind: shape.kind, url: urlOf(named), keysFile: keysFileOf(named) };
  });
  checkTwins(built, report);
  return record(built.map((issuer) => [issuer.name, issuer]));
};
