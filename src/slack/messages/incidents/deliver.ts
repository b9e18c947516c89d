/** Posts or redraws one copy of an incident's message, and says what became of it. */
import type { WebClient } from '@slack/web-api';
import { retryUntil } from '../../../lib/retry-until.ts';
import type { Log } from '../../../lib/log.ts';
import type { Incident } from '../../../domain/incidents/incident.ts';
import type { IncidentMessageCopy, IncidentMessages } from '../../../application/incidents/incident-ports.ts';
import type { IncidentTimeline } from '../../../application/incidents/incident-types.ts';
import type { Message } from '../render/text.ts';
import { slackFailureOf } from '../../connection/client.ts';
import { NOTING_MS } from '../requests/deliver.ts';
import type { Delivered } from '../requests/deliver.ts';
import { timelineFiles } from './send-files.ts';

/** Slack: docs.slack.dev/messaging/message-metadata */
const METADATA_EVENT = 'latchkey_incident';
const PASSING_RETRY_MS = 2_000;
/** Slack: an archived channel takes nothing, and may be opened again: that is no word about us. */
const LATER = new Set(['is_archived']);

export type IncidentDelivery = { client: WebClient; messages: IncidentMessages; log: Log };

export type IncidentDrawing = {
  incident: Incident;
  version: number;
  /** Gives null where there is nothing to show. */
  draw(): Message | null;
  /** Of `files`: what is uploaded, and the message it goes under. */
  files: { timeline: IncidentTimeline; thread: { channel: string; ts: string } } | null;
};

export const deliverIncident = async (
  delivery: IncidentDelivery,
  copy: IncidentMessageCopy,
  drawing: IncidentDrawing,
): Promise<Delivered> => {
  try {
    if (copy.kind === 'files') await upload(delivery, copy, drawing);
    else if (copy.channel && copy.ts) await redraw(delivery, { ...copy, channel: copy.channel, ts: copy.ts }, drawing);
    else await post(delivery, copy, drawing);
    return { outcome: 'drawn' };
  } catch (error) {
    const failure = slackFailureOf(error);
    if (!failure) throw error;
    const facts = { incidentId: copy.incidentId, kind: copy.kind, audience: copy.audience, code: failure.code };
    if (failure.kind !== 'permanent') {
      delivery.log.info(facts, 'Slack did not take a message now');
      const retryInMs = failure.kind === 'rate_limited' ? failure.retryInMs : PASSING_RETRY_MS;
      return { outcome: 'held', retryInMs, error: failure.code };
    }
    delivery.log.warn(facts, 'a message of an incident cannot reach its place');
    if (!LATER.has(failure.code)) await delivery.messages.setFailure(copy.id, failure.code);
    return { outcome: 'unreachable' };
  }
};

/**
 * A public channel is entered, a private one is not ours to enter: somebody has to invite us. What keeps us out is told by the
 * post that follows. Slack: docs.slack.dev/reference/methods/conversations.join
 */
const enter = async ({ client, log }: IncidentDelivery, { channelId, isPrivate }: Incident): Promise<void> => {
  if (isPrivate) return;
  try {
    await client.conversations.join({ channel: channelId });
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind !== 'permanent') throw error;
    log.warn({ channel: channelId, code: failure.code }, 'the channel of an incident cannot be entered');
  }
};

const post = async (delivery: IncidentDelivery, copy: IncidentMessageCopy, drawing: IncidentDrawing): Promise<void> => {
  const { client, messages } = delivery;
  const { incident, version } = drawing;
  const message = drawing.draw();
  if (!message) return;
  if (copy.audience === incident.channelId) await enter(delivery, incident);
  // A user id as channel is the app's direct message with that person.
  const answer = await client.chat.postMessage({
    channel: copy.audience,
    ...message,
    unfurl_links: false,
    unfurl_media: false,
    metadata: { event_type: METADATA_EVENT, event_payload: { incident_id: incident.id, kind: copy.kind } },
  });
  if (!answer.channel || !answer.ts) throw new Error('chat.postMessage gave no channel or ts');
  const { channel, ts } = answer;
  await retryUntil(NOTING_MS, () => messages.setPosted(copy.id, { channel, ts, drawnVersion: version }));
};

type Posted = IncidentMessageCopy & { channel: string; ts: string };

const redraw = async (
  { client, messages }: IncidentDelivery,
  copy: Posted,
  drawing: IncidentDrawing,
): Promise<void> => {
  const message = drawing.draw();
  if (message) await client.chat.update({ channel: copy.channel, ts: copy.ts, ...message });
  await messages.setDrawn(copy.id, drawing.version);
};

/** Slack: docs.slack.dev/reference/methods/files.completeUploadExternal; it gives no ts, so the thread's stands for it. */
const upload = async (
  { client, messages }: IncidentDelivery,
  copy: IncidentMessageCopy,
  drawing: IncidentDrawing,
): Promise<void> => {
  const { files, version } = drawing;
  if (!files) return;
  const { timeline, thread } = files;
  await client.files.uploadV2({
    channel_id: thread.channel,
    thread_ts: thread.ts,
    file_uploads: timelineFiles(timeline),
  });
  await retryUntil(NOTING_MS, () => messages.setPosted(copy.id, { ...thread, drawnVersion: version }));
};
