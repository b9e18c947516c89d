/** One window of the demo's page without a browser: what a person sees and does goes over the page's own WebSocket. */
import { WebSocket } from 'ws';
import type { Act } from '../../../sandbox/src/page-server/act.ts';
import type { Hello, MessageCard, Push, ViewCard, WorldCard } from '../../../sandbox/src/page-server/protocol.ts';
import { blocksOf } from '../../../sandbox/src/slack/messages.ts';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';

export type PageWindow = {
  hello: Hello;
  world(): WorldCard;
  messages(): MessageCard[];
  modals(): ViewCard[];
  act<T>(act: Act): Promise<T>;
  channel(name: string): string;
  /** Types a slash command in #general. */
  command(text: string): Promise<void>;
  /** The newest message that holds all of the words. */
  message(...words: string[]): Promise<MessageCard>;
  click(message: MessageCard, actionId: string): Promise<void>;
  until<T>(look: () => T | undefined | null | false, what: string): Promise<T>;
  close(): void;
};

const WITHIN_MS = 20_000;

type Block = { block_id?: string; elements?: { action_id?: string; value?: string }[] };

const buttonIn = (message: MessageCard, actionId: string): { blockId: string; value?: string } => {
  for (const block of blocksOf(message) as Block[]) {
    const button = block.elements?.find((element) => element.action_id === actionId);
    if (button === undefined) continue;
    return { blockId: block.block_id ?? '', ...(button.value === undefined ? {} : { value: button.value }) };
  }
  throw new Error(`The message has no button "${actionId}": ${JSON.stringify(blocksOf(message))}`);
};

type Seen = {
  hello: Hello | undefined;
  messages: Map<string, MessageCard>;
  modals: ViewCard[];
  world: WorldCard | null;
};

const keyOf = ({ channel, ts }: { channel: string; ts: string }): string => `${channel}/${ts}`;

const take = (seen: Seen, push: Push): void => {
  if (push.push === 'hello') {
    seen.hello = push;
    for (const message of push.messages) seen.messages.set(keyOf(message), message);
    seen.modals = push.modals;
    seen.world = push.world;
  }
  if (push.push === 'message') seen.messages.set(keyOf(push.message), push.message);
  if (push.push === 'gone') seen.messages.delete(keyOf(push));
  if (push.push === 'modals') seen.modals = push.modals;
  if (push.push === 'world') seen.world = push.world;
};

const until = async <T>(look: () => T | undefined | null | false, what: string): Promise<T> => {
  let found: T | undefined | null | false;
  await waitUntil(
    () => {
      found = look();
      return Boolean(found);
    },
    { timeoutMs: WITHIN_MS, what },
  );
  return found as T;
};

/** `url` as the demo printed it. */
export const openPage = async (url: string, who: string): Promise<PageWindow> => {
  const seen: Seen = { hello: undefined, messages: new Map(), modals: [], world: null };
  const answers = new Map<number, (answer: Extract<Push, { push: 'answer' }>) => void>();
  const address = new URL(`/page/socket?as=${who}`, url);
  const socket = new WebSocket(address.href.replace('http', 'ws'), { origin: address.origin });
  socket.on('message', (data: Buffer) => {
    const push = JSON.parse(data.toString('utf8')) as Push;
    if (push.push === 'answer') answers.get(push.id)?.(push);
    else take(seen, push);
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const hello = await until(() => seen.hello, 'the page to greet');
  let lastId = 0;
  const act = <T>(given: Act): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = (lastId += 1);
      answers.set(id, ({ value, error }) => (error === undefined ? resolve(value as T) : reject(new Error(error))));
      socket.send(JSON.stringify({ ...given, id }));
    });
  const channel = (name: string): string => hello.channels.find((one) => one.name === name)?.id ?? '';
  const messages = (): MessageCard[] => [...seen.messages.values()].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  return {
    hello,
    world: () => seen.world ?? { state: null, quests: [], trouble: 'none yet', pipeline: null, tour: null },
    messages,
    modals: () => seen.modals,
    act,
    channel,
    command: async (text) => {
      const answer = await act<{ ok: boolean; error?: string }>({
        act: 'command',
        channel: channel('general'),
        command: '/prod-access',
        text,
      });
      if (!answer.ok) throw new Error(`The command failed: ${answer.error}`);
    },
    message: (...words) =>
      until(
        () => messages().findLast((one) => words.every((word) => JSON.stringify(one).includes(word))),
        `a message with ${words.join(', ')}`,
      ),
    click: async (message, actionId) => {
      const answer = await act<{ ok: boolean; error?: string }>({
        act: 'click',
        place: { is: 'message', channel: message.channel, ts: message.ts },
        actionId,
        ...buttonIn(message, actionId),
      });
      if (!answer.ok) throw new Error(`The click failed: ${answer.error}`);
    },
    until,
    close: () => socket.close(),
  };
};
