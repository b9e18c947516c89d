/** Signals to this process: while it waits they end the wait, while a child runs they are the child's too. */
import { constants } from 'node:os';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const PASSED_ON = ['SIGUSR1', 'SIGUSR2'] as const;
/** A CI kills ten seconds after its first signal. */
const LAST_MOMENT_MS = 9_000;

export class Interrupted extends Error {
  override name = 'Interrupted';
  readonly exit: number;
  constructor(signal: NodeJS.Signals) {
    super(`${signal} came.`);
    this.exit = exitOf(signal);
  }
}

export const exitOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

export type Signals = {
  /** Aborted by the first signal that ends. */
  ended: AbortSignal;
  /** The exit code that the signals demand. */
  exit(): number | null;
  /** Who else is to get them, from now on. */
  passTo(child: { signal(name: NodeJS.Signals): void } | null): void;
};

/** A terminal sends these to the child itself; an interactive child decides what they mean. */
const isOfTerminal = (name: NodeJS.Signals): boolean =>
  process.stdin.isTTY && (name === 'SIGINT' || name === 'SIGQUIT');

export const listenToSignals = (): Signals => {
  const controller = new AbortController();
  let exit: number | null = null;
  let child: { signal(name: NodeJS.Signals): void } | null = null;
  const end = (name: NodeJS.Signals): void => {
    if (child && isOfTerminal(name)) return;
    // A termination wins over the interrupt that came before it.
    if (exit === null || name === 'SIGTERM') exit = exitOf(name);
    if (!controller.signal.aborted) setTimeout(() => process.exit(exit ?? 1), LAST_MOMENT_MS).unref();
    controller.abort(new Interrupted(name));
    child?.signal(name);
  };
  for (const name of ENDING) process.on(name, () => end(name));
  for (const name of PASSED_ON) process.on(name, () => child?.signal(name));
  return {
    ended: controller.signal,
    exit: () => exit,
    passTo: (next) => {
      child = next;
    },
  };
};
