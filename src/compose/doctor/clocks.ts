/** Compares the clocks of everything that showed one with that of this machine. */
import { errorFinding, warningFinding } from '../../domain/finding.ts';
import type { ClockReading, Finding } from '../../domain/finding.ts';

/** Deadlines are shown to people by one clock and kept by another. */
const WARNING_MS = 5_000;
/** Slack: docs.slack.dev/authentication/verifying-requests-from-slack: a request older than five minutes is refused. */
const SLACK_REFUSES_MS = 300_000;

export type NamedClock = { name: string; isSlack: boolean; reading: ClockReading };

/** How far it is ahead of ours at least: what the way there and back may explain is left out. */
const offsetMs = ({ shownMs, sentAtMs, receivedAtMs }: ClockReading): number =>
  shownMs < sentAtMs ? shownMs - sentAtMs : Math.max(0, shownMs - receivedAtMs);

const shown = (ms: number): string => `${Math.round(Math.abs(ms) / 1000)} s`;

export const clockFindings = (clocks: readonly NamedClock[], { isHttpMode }: { isHttpMode: boolean }): Finding[] =>
  clocks.flatMap(({ name, isSlack, reading }): Finding[] => {
    const ms = offsetMs(reading);
    // HTTP has whole seconds.
    if (Math.abs(ms) <= WARNING_MS) return [];
    const where = ms > 0 ? 'ahead of' : 'behind';
    const message = `The clock of ${name} is ${shown(ms)} ${where} that of this machine: synchronise both with NTP.`;
    return isSlack && isHttpMode && Math.abs(ms) >= SLACK_REFUSES_MS
      ? [errorFinding('clock_skew', `${message} Requests from Slack are refused meanwhile.`)]
      : [warningFinding('clock_skew', message)];
  });
