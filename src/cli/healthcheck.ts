/** For the container: ends with 0 when the app that runs beside it answers. Looks where the app listens, so `PORT_FILE` counts too. */
import { readListening } from '../config/environment-listening.ts';
import { readVariable } from '../config/variable.ts';

const WAIT_MS = 4_000;

const read = (name: string): string | null => {
  const found = readVariable(process.env, name);
  return 'value' in found ? (found.value?.trim() ?? null) : null;
};

const { host, port } = readListening({ read, refuse: () => undefined });
const ANY = new Set(['0.0.0.0', '::']);
const address = host === null || ANY.has(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
const answer = await fetch(`http://${address}:${port}/healthz`, { signal: AbortSignal.timeout(WAIT_MS) }).catch(
  () => null,
);
process.exitCode = answer?.ok ? 0 : 1;
