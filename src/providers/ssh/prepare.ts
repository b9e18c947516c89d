/** The script that root runs on each host of a target. It asks nothing of the hosts, so it is also printed while they are down. */
import { readFile } from 'node:fs/promises';
import { packageFile } from '../../lib/package-file.ts';
import type { Preparation } from '../provider.ts';
import { readCaKey, type CaKey } from './ca-key.ts';
import type { Config } from './config.ts';

const HELPER = 'integrations/ssh-host/latchkey-host';
const SCRIPT = 'integrations/ssh-host/prepare.sh';

/** The files that come with Latchkey, with what is this target's own. */
const script = async ({ line, id, helper }: CaKey): Promise<string> => {
  const [text, program] = await Promise.all(
    [SCRIPT, HELPER].map(async (name) => await readFile(packageFile(name), 'utf8')),
  );
  const values: Readonly<Record<string, string>> = {
    CA: line,
    ID: id,
    KEY: helper.line,
    HELPER: program?.trimEnd() ?? '',
  };
  return (text ?? '').replaceAll(/@(CA|ID|KEY|HELPER)@/g, (_whole, name: string) => values[name] ?? '');
};

const UNSET = `#!/usr/bin/env bash
echo "The ca_key of the target was not set where this was printed. Set it, and run latchkey doctor --sql again." >&2
exit 1
`;

export const prepare = async (config: Config | null): Promise<Preparation> => {
  if (config === null)
    return {
      text: UNSET,
      version: null,
      notes: [
        'The config of the target is not complete, so there is no script yet: set ca_key as ssh-keygen -t ed25519 writes it.',
      ],
    };
  const names = config.hosts.map(({ address }) => address).join(', ');
  return {
    text: await script(readCaKey(config.ca_key)),
    version: null,
    notes: [`Run it as root on each host: ${names}.`],
  };
};
