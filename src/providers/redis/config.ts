/** What a Redis target is configured with, what a role allows there, and what we remember of a grant. */
import { z } from 'zod';
import { isLoopback } from '../../lib/postgres-tls.ts';
import { caField } from '../kit/config-fields.ts';
import { ruleProblem } from './rules.ts';
import { readRedisUrl, urlProblem, type RedisAddress } from './url.ts';

const CA_FROM_FILE = 'write ca: "${CACHE_CA}", and set CACHE_CA_FILE to that path where Latchkey starts';

const node = z.string('must be the URL of a node').superRefine((text, ctx) => {
  const message = urlProblem(text);
  if (message) ctx.addIssue({ code: 'custom', message });
});

export const configSchema = z
  .strictObject({
    /** Every server of the target: ACL users are not replicated. People are shown the first. Secret. */
    nodes: z
      .array(node, 'must be a list of URLs, one for each node')
      .min(1, 'must name at least one node')
      .max(50, 'has more than 50 nodes'),
    ca: caField(CA_FROM_FILE).optional(),
    /** Where people connect, when that is another address than Latchkey's own. */
    connect: z
      .strictObject({
        host: z
          .string('must be a host name')
          .regex(/^[\w.:-]+$/, 'must be a host name')
          .optional(),
        port: z.int('must be a port').min(1, 'must be a port').max(65_535, 'must be a port').optional(),
      })
      .optional(),
  })
  .superRefine(({ nodes, ca }, ctx) => {
    if (nodes.some((text) => urlProblem(text) !== null)) return;
    const addresses = nodes.map(readRedisUrl);
    const names = addresses.map(({ name }) => name);
    if (new Set(names).size < names.length)
      ctx.addIssue({ code: 'custom', path: ['nodes'], message: 'names a node twice: leave one out' });
    if (ca !== undefined && !addresses.some(({ isTls }) => isTls))
      ctx.addIssue({ code: 'custom', path: ['ca'], message: 'has no effect without TLS: write rediss:// in nodes' });
  });
export type Config = z.infer<typeof configSchema>;

/** What is allowed and unwise. */
export const configWarnings = ({ nodes }: Config): { path: string; message: string }[] =>
  nodes.flatMap((text, index) => {
    const { host, isTls } = readRedisUrl(text);
    if (isTls || isLoopback(host)) return [];
    const message = `The connection to ${host} is not encrypted: its password and data can be read on the way. Write rediss://.`;
    return [{ path: `nodes.${index}`, message }];
  });

/** As in ACL SETUSER, without `~` or `&`. A space would break the file that ACL SAVE writes, a parenthesis would begin a selector. */
const pattern = z
  .string('must be a pattern')
  .min(1, 'must be a pattern')
  .max(500, 'must be at most 500 characters')
  .regex(/^(?:%(?:R|W|RW)~)?[^\s\p{Cc}()]+$/u, 'must be a pattern without spaces and parentheses, such as app:*')
  .refine((text) => !/^[~&]/.test(text), 'must be a pattern without ~ or &, such as app:*');
const channel = pattern.refine((text) => !text.startsWith('%'), 'must be a pattern of channels, such as orders:*');

export const scopeSchema = z.strictObject({
  /** Patterns of keys. `%R~app:*` allows reading only. */
  keys: z.array(pattern, 'must be a list of patterns, such as ["app:*"]').max(100, 'has more than 100 patterns'),
  /** Rules of ACL SETUSER, in this order, from nothing. */
  commands: z
    .array(
      z.string('must be a rule, such as +@read').superRefine((rule, ctx) => {
        const message = ruleProblem(rule);
        if (message) ctx.addIssue({ code: 'custom', message });
      }),
      'must be a list of rules, such as ["+@read", "-@dangerous"]',
    )
    .min(1, 'must allow at least one command')
    .max(200, 'has more than 200 rules')
    .refine((rules) => rules.some((rule) => rule.startsWith('+')), 'must allow at least one command'),
  channels: z
    .array(channel, 'must be a list of patterns, such as ["orders:*"]')
    .max(100, 'has more than 100 patterns')
    .optional(),
});
export type Scope = z.infer<typeof scopeSchema>;

export const handleSchema = z.object({ user: z.string() });
export type Handle = z.infer<typeof handleSchema>;

export type Settings = {
  nodes: [RedisAddress, ...RedisAddress[]];
  ca: string | null;
  /** What people are shown. */
  shown: { host: string; port: number; isTls: boolean };
};

export const settingsOf = ({ nodes, ca, connect }: Config): Settings => {
  const [first, ...others] = nodes.map(readRedisUrl);
  if (!first) throw new Error('a target has at least one node');
  return {
    nodes: [first, ...others],
    ca: ca ?? null,
    shown: { host: connect?.host ?? first.host, port: connect?.port ?? first.port, isTls: first.isTls },
  };
};
