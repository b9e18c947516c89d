/** What use cases need of the store for alerts. */
import type { AlertTransition } from '../../domain/alerts/occurrence.ts';
import type { Alert, AlertRoute, AlertSignal, AlertSource, KnownSignal } from '../../domain/alerts/types.ts';
import type { Person } from '../../domain/principals/person.ts';

/** What became of an alert. `joined` and `changed`: more or less of it fires now. */
export type AlertOutcome = 'fired' | 'joined' | 'reopened' | 'resolved' | 'changed';

/** `signal` is the first that brought it about. */
export type AlertChange = { outcome: AlertOutcome; alertId: string; signal: AlertSignal };

export type AlertTaking = { mapping: string; source: AlertSource; newId: string; reopenMs: number };

export type AlertWrites = {
  /** What is known under these keys. Until the transaction is over, no other process hears anything of this source. */
  known(source: AlertSource, keys: readonly string[]): Promise<Map<string, KnownSignal>>;
  /**
   * Takes in what changed under one mapping, and gives the alerts that changed. What fires joins the open alert of its mapping, or
   * reopens the last one if that was resolved within `reopenMs`; else `newId` becomes a new alert.
   */
  take(transitions: readonly AlertTransition[], taking: AlertTaking): Promise<AlertChange[]>;
  /** Keeps that these are over though they belong to no alert: what is heard late of them is old. */
  keepOver(transitions: readonly AlertTransition[]): Promise<void>;
  lock(id: string): Promise<Alert | null>;
  /** Decides who is notified: once, by the one who is first. */
  setRoute(id: string, routing: { route: AlertRoute; notified: string[]; audiences: string[] }): Promise<void>;
  /** The request was made for this alert. */
  tie(requestId: string, alertId: string): Promise<void>;
};

export type AlertReads = {
  alert(id: string): Promise<Alert | null>;
  /** Those that fire now, newest first. */
  firingAlerts(limit: number): Promise<Alert[]>;
  alertOfRequest(requestId: string): Promise<Alert | null>;
  /** With who requested something because of it, oldest first. */
  alertView(id: string): Promise<AlertView | null>;
};

export type AlertView = {
  alert: Alert;
  askedBy: { requestId: string; person: Person; isAutomatic: boolean }[];
  /** Requests of the client that the alert names, oldest first. `startedBy`: the name of who clicked; `isWaiting`: no job has taken it over. */
  forClient: { requestId: string; client: string; startedBy: string | null; isWaiting: boolean }[];
  now: Date;
};

export type AlertStore = {
  /**
   * Takes away alerts that were resolved longer ago than this and for which nobody asked anything, and after two days what is known to
   * be over and belongs to no alert.
   */
  forgetAlerts(resolvedBeforeMs: number, limit: number): Promise<void>;
};
