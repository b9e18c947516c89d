/** `/prod-access evidence <grant>`, also as `audit <grant>`: the signed bundle about one grant, for auditors and admins, by direct message. */
import type { MadeEvidence } from '../../../application/evidence/make-evidence.ts';
import { StartError } from '../../../lib/start-error.ts';
import { sendPrivately } from '../../messages/send-privately.ts';
import { inline } from '../../messages/render/text.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { answerWith } from '../answer.ts';
import type { CommandCall, Reply } from '../context.ts';
import { theirLine } from '../lines.ts';
import { choose } from './choose.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';

const NAME = 'evidence';
const LINE = /^(\S+?)(\s+(?:--)?redact)?$/i;
const REASON_MAX = 1_000;

/** null after saying why none can be made. */
const make = async (call: CommandCall, id: string, isRedacted: boolean): Promise<MadeEvidence | null> => {
  try {
    return await call.slack.useCases.evidenceFor({ userId: call.userId, id, isRedacted });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    await call.reply({ text: `No evidence was made. ${inline(error.message, REASON_MAX)}` });
    return null;
  }
};

const send = async (call: CommandCall, { grant, zip }: MadeEvidence): Promise<void> => {
  const file = `evidence-${grant}.zip`;
  await sendPrivately(call.slack.client, {
    userId: call.userId,
    text: `The evidence of grant ${code(grant)}. Check it with \`python3 verify.py ${file} --key <verifier key>\`; take \`verify.py\` and the key from somewhere else than the file.`,
    files: [{ filename: file, title: `Evidence of grant ${grant}`, file: zip }],
  });
  await call.reply({ text: `The evidence of grant ${code(grant)} is in your direct messages with Latchkey.` });
};

const whichGrant = async ({ slack, userId }: CommandCall): Promise<Reply> =>
  choose({
    title: 'Evidence of which grant?',
    none: 'There is no grant yet.',
    items: await slack.useCases.recentGrants({ userId }),
    lineOf: (view) => theirLine(slack.policy(), view),
    buttonsOf: ({ grant }) =>
      grant
        ? sayButtons([
            { line: `${NAME} ${grant.id}`, label: 'Evidence' },
            { line: `${NAME} ${grant.id} redact`, label: 'Without personal text' },
          ])
        : [],
  });

export const evidence: Command = {
  name: NAME,
  also: ['audit'],
  usage: `${NAME} [grant] [redact]`,
  does: 'get the signed evidence of a grant as a file; `redact` leaves out personal text',
  audience: 'auditors',
  run: async (call) => {
    if (call.text.trim() === '') return call.reply(await whichGrant(call));
    const [, id, redact] = LINE.exec(call.text.trim()) ?? [];
    if (id === undefined)
      return call.reply(
        answerWith(
          `Name one grant by its id: ${typed(`${NAME} k3m9x2`)}, or ${typed(`${NAME} k3m9x2 redact`)} without personal text.`,
          sayButtons([{ line: NAME, label: 'Choose from recent grants' }]),
        ),
      );
    const made = await make(call, id, redact !== undefined);
    if (made) await send(call, made);
  },
};
