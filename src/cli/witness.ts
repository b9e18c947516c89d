/** `latchkey witness serve`: a witness for another installation's log, on another machine. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { readVariable } from '../config/variable.ts';
import { serveWitness } from '../compose/serve-witness.ts';
import { StartError } from '../lib/start-error.ts';
import { parseVkey } from '../lib/transparency/note.ts';
import { UsageError } from './exit.ts';

type Flags = { log: string[]; name: string; state: string; port: string };

const readKey = (): string => {
  const found = readVariable(process.env, 'LATCHKEY_AUDIT_KEY');
  if ('problem' in found) throw new StartError(found.problem);
  if (found.value) return found.value.trim();
  throw new StartError(
    'LATCHKEY_AUDIT_KEY is not set; make a key for this witness with `openssl genpkey -algorithm ed25519`.',
  );
};

const PORT_MAX = 65_535;

const serve = async ({ log, name, state, port }: Flags): Promise<void> => {
  const logs = log.map((text) => {
    const key = parseVkey(text);
    if (!key)
      throw new UsageError(`"${text}" is no verifier key; the other installation has it in keys.txt of its evidence.`);
    return key;
  });
  if (!/^\d{1,5}$/.test(port) || Number(port) > PORT_MAX) throw new UsageError(`"${port}" is no port.`);
  await serveWitness({ logs, name, state, port: Number(port), key: readKey() });
};

export const addWitnessCommand = (program: Command): void => {
  program
    .command('witness')
    .description('watch over the log of another installation')
    .command('serve')
    .description('sign each checkpoint of the named logs that continues the one before')
    .requiredOption('--log <vkey...>', 'the verifier key of a log; several may be given')
    .requiredOption('--name <name>', 'the name of this witness in its signatures, as witness.other.test')
    .option('--state <file>', 'where it keeps what it saw last', 'witness.json')
    .addOption(new Option('--port <port>', 'where it listens').env('PORT').default('3000'))
    .action(serve);
};
