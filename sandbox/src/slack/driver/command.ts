/** A slash command as a person types it, and what they see when it fails. */
import { SlackError } from '../errors.ts';
import { post } from '../messages.ts';
import { isMember } from '../organisation.ts';
import { commandPayload } from '../payloads.ts';
import { respond } from '../response-url.ts';
import type { Runtime } from '../runtime.ts';
import type { State } from '../state.ts';
import type { Channel, Json, Message } from '../types.ts';
import type { Acted } from './act.ts';

export type Commanded = Acted & { reply?: Message };

const tellPrivately = (runtime: Runtime, userId: string, given: { channel: Channel; text: string }): Message =>
  post(runtime.state, {
    channel: given.channel,
    author: { userId: 'USLACKBOT', isApp: false, username: 'Slackbot' },
    content: { text: given.text },
    ephemeralFor: userId,
  });

/** People of other teams in a shared channel cannot use this team's commands. */
const canUse = (state: State, userId: string, command: string): boolean => {
  const person = state.people.get(userId);
  const isInstalled = state.organisation === null || state.installation !== null;
  if (person === undefined || !isInstalled || !isMember(state, person)) return false;
  return state.app.scopes.has('commands') && isKnownCommand(state, command);
};

const isKnownCommand = (state: State, command: string): boolean =>
  state.app.commands === undefined || state.app.commands.some((one) => one.command === command);

export const runCommand = async (
  runtime: Runtime,
  userId: string,
  given: { channel: Channel; command: string; text: string },
): Promise<Commanded> => {
  const { state } = runtime;
  const { channel, command } = given;
  const refuse = (error: string, words: string): Commanded => ({
    ok: false,
    error,
    reply: tellPrivately(runtime, userId, { channel, text: words }),
  });
  if (!canUse(state, userId, command)) {
    return refuse('unknown_command', `\`${command}\` is not a valid command.`);
  }
  const payload = commandPayload(runtime, { userId, ...given });
  const ack = await runtime.delivery.command(payload);
  if (!ack.ok) return refuse(ack.error, `${command} failed with the error "${ack.error}"`);
  const body = ack.body as Json | undefined;
  const says = body !== undefined && ['text', 'blocks', 'attachments'].some((key) => body[key] !== undefined);
  if (!says) return { ok: true };
  const url = state.responseUrls.get(new URL(String(payload.response_url)).pathname);
  try {
    const reply = url === undefined ? undefined : respond(state, url, body);
    return { ok: true, ...(reply === undefined ? {} : { reply }) };
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    return refuse(error.code, `${command} failed with the error "${error.code}"`);
  }
};
