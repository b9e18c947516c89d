/** Incidents and alerts, reported by Slack and by their sources, and when people see what is made of them. */
import { setTimeout as delay } from 'node:timers/promises';
import { alertmanagerMessage, bearer, pagerDutyEvent, pagerDutySigned } from '../../test/support/alert-payloads.ts';
import { ALERTMANAGER_TOKEN, PAGERDUTY_SECRET } from '../setup/app.ts';
import { archiveChannel, makeChannel, renameChannel } from './channels.ts';
import { postBody, postEvent } from './signed.ts';
import { APPROVER } from './slack.ts';
import type { Slack } from './slack.ts';

export type AlertKind = 'alertmanager' | 'pagerduty';
export type Room = { channelId: string; mark: string };

export type PromptsInput = { url: string; count: number };
export type Prompts = { times: number[]; rooms: Room[] };
/** `from`: the first of the policy's entries; each entry posts one message however often it fires. */
export type AlertsInput = { url: string; kind: AlertKind; from: number; count: number };
export type CloseInput = { url: string; room: Room };
/** By the clock of the machine, which the databases share. */
export type Closed = { timelineAt: number; filesAt: number };

/** What one leaves to be done must not be in the way of the next. */
const PAUSE_MS = 10;

let count = 0;
const nextMark = (): string => {
  count += 1;
  return `bench-${process.pid}-${count}`;
};

/** Milliseconds from the event until the message is in the channel. */
export const measurePrompts = async (slack: Slack, { url, count: wanted }: PromptsInput): Promise<Prompts> => {
  const made: Prompts = { times: [], rooms: [] };
  for (let index = 0; index < wanted; index += 1) {
    const mark = nextMark();
    const { id, event } = makeChannel(`inc-${mark}`, APPROVER);
    const posted = slack.message('prompt', mark);
    const startedAt = performance.now();
    await postEvent(url, event);
    await posted;
    made.times.push(performance.now() - startedAt);
    made.rooms.push({ channelId: id, mark });
    await delay(PAUSE_MS);
  }
  return made;
};

export const archiveRooms = async ({ url, rooms }: { url: string; rooms: Room[] }): Promise<void> => {
  for (const { channelId } of rooms) await postEvent(url, archiveChannel(channelId));
};

const hookOf = (kind: AlertKind, entry: number, mark: string): { body: string; headers: Record<string, string> } => {
  if (kind === 'alertmanager') {
    const body = alertmanagerMessage({ name: `alert-${entry}`, summary: `Checkout fails ${mark}` });
    return { body, headers: bearer(ALERTMANAGER_TOKEN) };
  }
  const body = pagerDutyEvent({ id: `Q${mark}`, service: `service-${entry}`, title: `Checkout fails ${mark}` });
  return { body, headers: pagerDutySigned(body, PAGERDUTY_SECRET) };
};

/** Milliseconds from the webhook until the offer is posted. */
export const measureAlerts = async (
  slack: Slack,
  { url, kind, from, count: wanted }: AlertsInput,
): Promise<number[]> => {
  const times: number[] = [];
  for (let entry = from; entry < from + wanted; entry += 1) {
    const mark = nextMark();
    const { body, headers } = hookOf(kind, entry, mark);
    const posted = slack.button('ask_for_alert', mark);
    const startedAt = performance.now();
    await postBody({ url: `${url}/hooks/${kind}`, body, headers, status: 202 });
    await posted;
    times.push(performance.now() - startedAt);
    await delay(PAUSE_MS);
  }
  return times;
};

const instantOf = async (arrival: Promise<unknown>): Promise<number> => {
  await arrival;
  return Date.now();
};

/** Closed by a name that says so: then the channel is still there to take the timeline. */
export const closeRoom = async (slack: Slack, { url, room }: CloseInput): Promise<Closed> => {
  const { channelId, mark } = room;
  const timeline = instantOf(slack.message('timeline', mark));
  const files = instantOf(slack.message('files', mark));
  const arrivals = Promise.all([timeline, files]);
  await postEvent(url, renameChannel(channelId, `inc-${mark}-closed`));
  const [timelineAt, filesAt] = await arrivals;
  return { timelineAt, filesAt };
};
