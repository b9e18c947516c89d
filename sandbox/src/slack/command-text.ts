/** What Slack makes of a command's text when the app wants escaped people and channels ("Escape channels, users, and links"). */
import type { State } from './state.ts';

const entities = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** Slack: docs.slack.dev/interactivity/implementing-slash-commands: `@ana` becomes `<@U123|ana>`; names nobody has stay words. */
export const escapeCommandText = (state: State, text: string): string => {
  // What a client put there when a name was chosen from its list is an id already.
  const parts = text.split(/(<[@#][A-Z0-9]+(?:\|[^>]*)?>)/);
  return parts.map((part, index) => (index % 2 === 1 ? part : mentioned(state, entities(part)))).join('');
};

const mentioned = (state: State, text: string): string =>
  text
    .replace(/(^|[\s(])@([\w.-]*\w)/g, (all, before: string, name: string) => {
      const person = [...state.people.values()].find((one) => one.name === name || one.id === name);
      return person ? `${before}<@${person.id}|${person.name}>` : all;
    })
    .replace(/(^|[\s(])#([\w-]+)/g, (all, before: string, name: string) => {
      const channel = [...state.channels.values()].find((one) => one.name === name && one.kind === 'public');
      return channel ? `${before}<#${channel.id}|${channel.name}>` : all;
    });
