/** The timeline as files, to one person by direct message. */
import type { IncidentTimeline } from '../../application/incidents/incident-types.ts';
import { incidentName } from './render/incident-lines.ts';
import type { Slack } from '../door/context.ts';
import { sendPrivately } from './send-privately.ts';

/** File names go into Slack's own lists: only what a channel's name may hold. */
const fileName = (channelName: string): string => `timeline-${channelName.replaceAll(/[^\p{L}\p{N}_-]/gu, '-')}`;

/** What `files.uploadV2` is given for both. */
export const timelineFiles = ({ view, markdown, json }: IncidentTimeline) => {
  const { channelName } = view.incident;
  const name = fileName(channelName);
  return [
    { filename: `${name}.md`, title: `Timeline of #${channelName} (Markdown)`, content: markdown },
    { filename: `${name}.json`, title: `Timeline of #${channelName} (JSON)`, content: json },
  ];
};

export const sendFiles = async ({ client }: Slack, userId: string, story: IncidentTimeline): Promise<void> => {
  const text = `The timeline of ${incidentName(story.view.incident)}`;
  await sendPrivately(client, { userId, text, files: timelineFiles(story) });
};
