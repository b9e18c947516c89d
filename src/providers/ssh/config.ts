/** What an SSH target is configured with, what a role allows there, and what we remember of a grant. */
import { z } from 'zod';
import { readSshPublicKey } from '../../lib/ssh-public-key.ts';
import { addressProblem, readAddress } from './address.ts';
import { caKeyProblem, readCaKey, type CaKey } from './ca-key.ts';

const problemOf =
  (find: (text: string) => string | null) =>
  (text: string, ctx: z.RefinementCtx<string>): void => {
    const message = find(text);
    if (message !== null) ctx.addIssue({ code: 'custom', message });
  };

const hostKeyProblem = (text: string): string | null => {
  const read = readSshPublicKey(text);
  if ('key' in read) return null;
  return `must be the line of /etc/ssh/ssh_host_ed25519_key.pub on the host; this one ${read.problem}`;
};

const NO_HELPER = 'must be true: a certificate alone cannot be taken back before it expires, and cuts no session';

export const configSchema = z.strictObject({
  /** A grant is an account on each. */
  hosts: z
    .array(
      z.strictObject({
        /** With a port where it is not 22. */
        address: z
          .string('must be a host, such as web-1.internal or web-1.internal:2222')
          .superRefine(problemOf(addressProblem)),
        host_key: z.string('must be the public key of the host').superRefine(problemOf(hostKeyProblem)),
      }),
      'must be a list of hosts',
    )
    .min(1, 'must name at least one host')
    .max(50, 'has more than 50 hosts')
    .refine(
      (hosts) => new Set(hosts.map(({ address }) => address)).size === hosts.length,
      'names a host twice: leave one out',
    ),
  /** As ssh-keygen writes it. Secret. */
  ca_key: z.string('must be the private key of the certificate authority').superRefine(problemOf(caKeyProblem)),
  /** The part of Latchkey on each host, without which nothing can be ended. */
  helper: z.literal(true, NO_HELPER),
});
export type Config = z.infer<typeof configSchema>;

const SHARED =
  'must be per-grant: on an account that others use, Latchkey cannot distinguish the processes and files of one person from those of the others, so they would be kept';

/** For sudoers: a program and its exact arguments, nothing that sudo reads as a pattern or a list. */
const sudoCommand = z
  .string('must be a command')
  .max(500, 'must be at most 500 characters')
  .regex(
    /^\/[\w./+@%-]+(?: [\w./+@%-]+)*$/,
    'must be the path of a program and its exact arguments, of letters, digits and . / + @ % _ - only',
  )
  // man 5 sudoers: a path that ends in "/" is every program of that directory.
  .refine(
    (text) => !/^[^ ]*\/(?: |$)/.test(text),
    'must name one program: a path with "/" at its end is all of a directory',
  );

export const scopeSchema = z.strictObject({
  user: z.literal('per-grant', SHARED).optional(),
  /** true: everything, as root. A list: these commands exactly, as root, without a password. */
  sudo: z
    .union(
      [z.boolean(), z.array(sudoCommand).min(1).max(50)],
      'must be true, or a list of commands such as ["/usr/bin/systemctl restart app"]',
    )
    .optional(),
  /** Forwarding of ports and sockets (ssh -L, -R, -D). Never of the agent or X11. */
  forward: z.boolean('must be true or false').optional(),
  /** The only thing that is run, whatever the person wants to run; that is in SSH_ORIGINAL_COMMAND. */
  command: z
    .string('must be a command')
    .min(1, 'must be a command')
    .max(1_000, 'must be at most 1000 characters')
    .regex(/^[\x20-\x7e]+$/, 'must be one line of ASCII')
    .refine(
      (text) => !text.endsWith('\\') && !text.includes('\\"'),
      'must not hold \\" or end with \\: write a script, and name it here',
    )
    .optional(),
});
export type Scope = z.infer<typeof scopeSchema>;

export const handleSchema = z.object({ user: z.string() });
export type Handle = z.infer<typeof handleSchema>;

export type Host = {
  /** As in the configuration. */
  name: string;
  host: string;
  port: number;
  keyType: string;
  keyBlob: Buffer;
  keyLine: string;
};
export type Settings = { hosts: [Host, ...Host[]]; ca: CaKey };

export const settingsOf = ({ hosts, ca_key }: Config): Settings => {
  const [first, ...others] = hosts.map(({ address, host_key }): Host => {
    const read = readSshPublicKey(host_key);
    if (!('key' in read)) throw new Error('a host has a key');
    const { type, blob, line } = read.key;
    return { name: address, ...readAddress(address), keyType: type, keyBlob: blob, keyLine: line };
  });
  if (!first) throw new Error('a target has at least one host');
  return { hosts: [first, ...others], ca: readCaKey(ca_key) };
};

const ALL = 'ALL';

/** Lines of sudoers, without who. A command without arguments takes none. */
export const sudoLines = ({ sudo }: Scope): string[] => {
  if (sudo === undefined || sudo === false) return [];
  if (sudo === true) return [ALL];
  return sudo.map((line) => (line.includes(' ') ? line : `${line} ""`));
};
