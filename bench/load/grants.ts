/** Hears of each grant the moment its credentials are committed, and reads them as the requester would be shown them. */
import pg from 'pg';
import { createSealing } from '../../src/lib/sealing.ts';
import { SECRET_KEY } from '../setup/app.ts';

const CHANNEL = 'bench_active';

/** Says so at commit: asking again and again would load what is measured. */
const TRIGGER = `
create or replace function bench_tell() returns trigger language plpgsql as $$
begin
  perform pg_notify('${CHANNEL}', (select request_id from grants where id = new.grant_id) || ' ' || new.grant_id);
  return new;
end $$;
create or replace trigger bench_tell after insert on secrets for each row execute function bench_tell()`;

type Shown = { fields: { label: string; value: string }[] };
type Active = { grantId: string; atMs: number };

export type Grants = {
  /** When the grant of a request became active, by this process' clock. */
  active(requestId: string): Promise<Active>;
  /** The URL to log in with. */
  credentials(grantId: string): Promise<string>;
  close(): Promise<void>;
};

const WAIT_LIMIT_MS = 30_000;

export const watchGrants = async (storeUrl: string): Promise<Grants> => {
  const vault = createSealing([Buffer.from(SECRET_KEY, 'base64')]);
  const pool = new pg.Pool({ connectionString: storeUrl, max: 4 });
  await pool.query(TRIGGER);
  const listener = new pg.Client({ connectionString: storeUrl });
  await listener.connect();
  await listener.query(`listen ${CHANNEL}`);
  const arrived = new Map<string, Active>();
  const waiting = new Map<string, (active: Active) => void>();
  listener.on('notification', ({ payload = '' }) => {
    const [requestId = '', grantId = ''] = payload.split(' ');
    const active = { grantId, atMs: performance.now() };
    const waits = waiting.get(requestId);
    if (waits) waits(active);
    else arrived.set(requestId, active);
  });
  return {
    active: (requestId) => {
      const known = arrived.get(requestId);
      arrived.delete(requestId);
      if (known) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`Request ${requestId} brought no access.`)), WAIT_LIMIT_MS);
        waiting.set(requestId, (active) => {
          clearTimeout(timer);
          waiting.delete(requestId);
          resolve(active);
        });
      });
    },
    credentials: async (grantId) => {
      const { rows } = await pool.query<{ key_id: string; nonce: Buffer; ciphertext: Buffer }>({
        name: 'secret',
        text: 'select key_id, nonce, ciphertext from secrets where grant_id = $1',
        values: [grantId],
      });
      const [row] = rows;
      if (!row) throw new Error(`Grant ${grantId} has no credentials.`);
      const { fields } = JSON.parse(
        vault.open(grantId, { keyId: row.key_id, nonce: row.nonce, ciphertext: row.ciphertext }),
      ) as Shown;
      return fields.find(({ label }) => label === 'URL')?.value ?? '';
    },
    close: async () => {
      await listener.end();
      await pool.end();
    },
  };
};
