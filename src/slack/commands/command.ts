/** The shape of a subcommand; `help` is made from these. */
import type { CommandCall } from '../context.ts';

export type Command = {
  name: string;
  /** As shown after the slash command: `revoke <id> [reason]`. */
  usage: string;
  /** One line for `help`. */
  does: string;
  run(call: CommandCall): Promise<void>;
};

/** The slash command itself, as the manifest registers it. */
export const COMMAND = '/prod-access';

/** A command as people should type it. */
export const typed = (text: string): string => `\`${COMMAND}${text ? ` ${text.replace(/`/g, "'")}` : ''}\``;
