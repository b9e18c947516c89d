/** The shape of a subcommand; `help` is made from these. */
import { inline } from '../../messages/render/text.ts';
import type { CommandCall } from '../context.ts';

/** Who has a use for it: the help shows a command to them. What a person may do is judged by the verb. */
export type Audience =
  | 'everyone'
  | 'key holders'
  | 'CI users'
  | 'approvers'
  | 'incident responders'
  | 'break-glass users'
  | 'freeze overriders'
  | 'reviewers'
  | 'owners'
  | 'auditors'
  | 'admins';

export type Command = {
  name: string;
  /** Other names for it, which stay good. */
  also?: readonly string[];
  /** As shown after the slash command: `revoke <id> [reason]`. */
  usage: string;
  /** One line for `help`. */
  does: string;
  audience: Audience;
  run(call: CommandCall): Promise<void>;
};

/** The slash command itself, as the manifest registers it. */
export const COMMAND = '/prod-access';

const TYPED_MAX = 160;

/** Text of anybody as code: one line, escaped, with nothing that could end the code early. */
export const code = (text: string): string => `\`${inline(text.replace(/`/g, "'"), TYPED_MAX)}\``;

/** A command as people should type it. */
export const typed = (text: string): string => code(`${COMMAND} ${text}`);
