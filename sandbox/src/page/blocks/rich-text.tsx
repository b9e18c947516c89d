/** Rich text blocks. Slack: docs.slack.dev/reference/block-kit/blocks/rich-text-block */
import type { JSX } from 'preact';
import type { Json } from '../../page-server/protocol.ts';
import { Inlines } from '../text/inline-view.tsx';
import { safeUrl } from '../text/mrkdwn.ts';
import type { Inline } from '../text/mrkdwn.ts';
import { Preformatted } from '../text/preformatted.tsx';
import { wordsOf } from '../text/words.ts';

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);

const linesOf = (text: string): Inline[] =>
  text
    .split('\n')
    .flatMap((line, index): Inline[] => [
      ...(index > 0 ? [{ is: 'break' } as const] : []),
      ...(line === '' ? [] : [{ is: 'text', text: line } as const]),
    ]);

const bareOf = (element: Json): Inline[] => {
  const url = safeUrl(wordsOf(element.url));
  switch (element.type) {
    case 'text':
      return linesOf(wordsOf(element.text));
    case 'link':
      return url === undefined
        ? linesOf(wordsOf(element.text) || wordsOf(element.url))
        : [{ is: 'link', url, label: wordsOf(element.text) || url }];
    case 'user':
      return [{ is: 'person', id: wordsOf(element.user_id), label: undefined }];
    case 'channel':
      return [{ is: 'channel', id: wordsOf(element.channel_id), label: undefined }];
    case 'usergroup':
      return [{ is: 'group', id: wordsOf(element.usergroup_id), label: undefined }];
    case 'broadcast':
      return [{ is: 'everyone', label: `@${wordsOf(element.range)}` }];
    case 'emoji':
      return [{ is: 'emoji', name: wordsOf(element.name) }];
    case 'date':
      return [
        {
          is: 'date',
          atS: Number(element.timestamp),
          format: wordsOf(element.format),
          url,
          fallback: wordsOf(element.fallback),
        },
      ];
    default:
      return linesOf(wordsOf(element.text));
  }
};

const inlineOf = (element: Json): Inline[] => {
  const style = (element.style ?? {}) as { bold?: boolean; italic?: boolean; strike?: boolean; code?: boolean };
  if (style.code === true) return [{ is: 'code', text: wordsOf(element.text) }];
  let nodes = bareOf(element);
  if (style.bold === true) nodes = [{ is: 'bold', of: nodes }];
  if (style.italic === true) nodes = [{ is: 'italic', of: nodes }];
  return style.strike === true ? [{ is: 'strike', of: nodes }] : nodes;
};

const Section = ({ of }: { of: Json }): JSX.Element => <Inlines nodes={listOf(of.elements).flatMap(inlineOf)} />;

const RichPart = ({ part }: { part: Json }): JSX.Element => {
  const elements = listOf(part.elements);
  if (part.type === 'rich_text_preformatted') {
    return <Preformatted text={elements.map((one) => wordsOf(one.text) || wordsOf(one.url)).join('')} />;
  }
  if (part.type === 'rich_text_quote') {
    return (
      <blockquote>
        <Section of={part} />
      </blockquote>
    );
  }
  if (part.type === 'rich_text_list') {
    const items = elements.map((item, index) => (
      <li key={index}>
        <Section of={item} />
      </li>
    ));
    return part.style === 'ordered' ? <ol>{items}</ol> : <ul>{items}</ul>;
  }
  return (
    <p>
      <Section of={part} />
    </p>
  );
};

export const RichText = ({ block }: { block: Json }): JSX.Element => (
  <div class="mrkdwn">
    {listOf(block.elements).map((part, index) => (
      <RichPart key={index} part={part} />
    ))}
  </div>
);
