/** `allow nightly orders-db write 30m in night move the archive`: one use by a client in the next opening of a window. */
import type { AllowClientInput } from '../../../application/requests/allow-client.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import { sentenceList } from '../../messages/render/text.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { answerWith, withTrigger } from '../answer.ts';
import type { CommandCall, Reply } from '../context.ts';
import { allowedText, openAllowClient } from '../views/allow-client-form.ts';
import { code, typed } from './command.ts';
import { parseRequestLine, ticketPatterns } from './parse-request.ts';
import { whatToType } from './request.ts';

const EXAMPLE = 'allow nightly orders-db write 30m in night move the archive';
const LINE = /^(\S+)\s+(\S.*?)\s+in\s+(\S+)(?:\s+(\S.*))?$/is;
const FORM = 'allow client';

const nameIn = (names: string[], word: string): string | undefined =>
  names.find((name) => name.toLowerCase() === word.toLowerCase());

/** What stands after `allow` where it is about a client; null where it is about a person. */
export const clientLine = ({ clients }: Policy, text: string): string | null => {
  const [first = ''] = text.trim().split(/\s/, 1);
  if (first.toLowerCase() === 'client') return text.trim().slice(first.length).trim();
  return nameIn(Object.keys(clients), first) === undefined ? null : text.trim();
};

type Read = { input: Omit<AllowClientInput, 'caller'> } | { answer: Reply };

const read = (policy: Policy, line: string): Read => {
  const usage = `Write it like ${typed(EXAMPLE)}, or use the form.`;
  const [, who = '', into = '', window = '', why = ''] = LINE.exec(line) ?? [];
  const client = nameIn(Object.keys(policy.clients), who);
  if (client === undefined) {
    const names = Object.keys(policy.clients).slice(0, 10).map(code);
    const known = names.length > 0 ? ` Clients are ${sentenceList(names)}.` : '';
    const wrong = who ? `${code(who)} is no client of the policy.${known} ` : '';
    return { answer: answerWith(`${wrong}${usage}`, sayButtons([{ line: FORM, label: 'Open the form' }])) };
  }
  const parsed = parseRequestLine(policy, `${into} ${why}`, { tickets: ticketPatterns(policy), isAtOnce: true });
  if (!parsed.isRead) return { answer: whatToType(parsed.problem, `allow ${client} `) };
  const { target, role, durationMs, reason, ticket } = parsed.line;
  const name = nameIn(Object.keys(policy.windows), window) ?? window;
  return { input: { client, target, role, durationMs, reason, ticket, window: name } };
};

export const allowClient = async (call: CommandCall, line: string): Promise<void> => {
  const { slack, userId, reply } = call;
  if (line === '')
    return withTrigger(call, { line: FORM, label: 'Open the form' }, (triggerId) => openAllowClient(slack, triggerId));
  const found = read(slack.policy(), line);
  if ('answer' in found) return reply(found.answer);
  const result = await slack.useCases.allowClient({ userId, ...found.input });
  return reply({ text: allowedText(slack.policy(), result).text });
};
