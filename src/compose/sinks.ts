/** The clock that serves the sinks of the policy in force. */
import { deliverEvents } from '../application/evidence/deliver-events.ts';
import type { DeliveryDeps } from '../application/evidence/deliver-events.ts';
import type { Variables } from '../config/variable.ts';
import type { AuditSettings, SinkSettings } from '../domain/policy/audit-settings.ts';
import type { Log } from '../lib/log.ts';
import { startLoop } from '../lib/loop.ts';
import { sinkStore } from '../store/audit/sinks.ts';
import type { createPool } from '../store/client.ts';
import { openSink } from './open-sink.ts';

const POLL_MS = 2_000;

type Pool = ReturnType<typeof createPool>;

type Running = {
  pool: Pool;
  /** Of its own: a connection is held for each sink that is waited for. */
  locks: Pool;
  store: DeliveryDeps['store'];
  audit: () => AuditSettings | null;
  env: Variables;
  log: Log;
};

/** Each sink goes on by itself: one that is slow is let be, and served again when it has answered. */
export const startSinks = ({ pool, locks, store, audit, env, log }: Running): { stop: () => Promise<void> } => {
  const deps: DeliveryDeps = { store, sinks: sinkStore(pool, locks), log };
  const served = new Map<string, Promise<void>>();
  const serve = (settings: SinkSettings, origin: string): void => {
    if (served.has(settings.name)) return;
    const work = deliverEvents(deps, [openSink(settings, origin, env)]);
    served.set(
      settings.name,
      work.finally(() => served.delete(settings.name)),
    );
  };
  const loop = startLoop({
    everyMs: POLL_MS,
    run: () => {
      const settings = audit();
      for (const sink of settings?.sinks ?? []) serve(sink, settings?.origin ?? '');
      return Promise.resolve();
    },
    onError: (error) => log.error({ err: error }, 'the sinks of the audit log could not be served'),
  });
  const stop = async (): Promise<void> => {
    await loop.stop();
    await Promise.all(served.values());
    await locks.end();
  };
  return { stop };
};
