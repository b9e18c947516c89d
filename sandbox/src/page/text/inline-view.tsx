/** Draws mrkdwn. Text reaches the page as text nodes only, so nothing people write can become markup. */
import type { JSX } from 'preact';
import { channelOf, nameOfInline } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { formatDate, fullMoment } from './dates.ts';
import { emojiOf } from './emoji.ts';
import { parseMrkdwn, parseInline } from './mrkdwn.ts';
import type { Inline, MrkdwnBlock } from './mrkdwn.ts';
import { Preformatted } from './preformatted.tsx';

const ExternalLink = ({ url, children }: { url: string; children: JSX.Element | string }): JSX.Element => (
  <a href={url} target="_blank" rel="noopener noreferrer">
    {children}
  </a>
);

const DateText = ({ node }: { node: Extract<Inline, { is: 'date' }> }): JSX.Element => {
  const reader = { now: new Date() };
  const words = formatDate(node.atS, node.format, reader) ?? node.fallback;
  const time = (
    <time dateTime={new Date(node.atS * 1_000).toISOString()} title={fullMoment(new Date(node.atS * 1_000), reader)}>
      {words}
    </time>
  );
  return node.url === undefined ? time : <ExternalLink url={node.url}>{time}</ExternalLink>;
};

const Mention = ({ node }: { node: Inline }): JSX.Element => {
  const { data, go } = usePage();
  const words = nameOfInline(data)(node);
  if (node.is === 'channel') {
    const channel = channelOf(data, node.id);
    if (channel === undefined) return <span class="mention">{words}</span>;
    return (
      <button type="button" class="mention" onClick={() => go({ at: channel.name, tab: 'messages' })}>
        {words}
      </button>
    );
  }
  const isMe = (node.is === 'person' && node.id === data.me) || node.is === 'everyone';
  return <span class={isMe ? 'mention mention-me' : 'mention'}>{words}</span>;
};

const InlineNode = ({ node }: { node: Inline }): JSX.Element => {
  switch (node.is) {
    case 'text':
      return <>{node.text}</>;
    case 'bold':
      return <b>{<Inlines nodes={node.of} />}</b>;
    case 'italic':
      return <i>{<Inlines nodes={node.of} />}</i>;
    case 'strike':
      return <s>{<Inlines nodes={node.of} />}</s>;
    case 'code':
      return <code>{node.text}</code>;
    case 'break':
      return <br />;
    case 'link':
      return <ExternalLink url={node.url}>{node.label}</ExternalLink>;
    case 'emoji':
      return <span class="emoji">{emojiOf(node.name)}</span>;
    case 'date':
      return <DateText node={node} />;
    default:
      return <Mention node={node} />;
  }
};

export const Inlines = ({ nodes }: { nodes: Inline[] }): JSX.Element => (
  <>
    {nodes.map((node, index) => (
      <InlineNode key={index} node={node} />
    ))}
  </>
);

const MrkdwnPart = ({ block }: { block: MrkdwnBlock }): JSX.Element => {
  switch (block.is) {
    case 'lines':
      return (
        <p>
          <Inlines nodes={block.of} />
        </p>
      );
    case 'item':
      return (
        <div class="item">
          <span class="item-marker">{block.marker}</span>
          <span>
            <Inlines nodes={block.of} />
          </span>
        </div>
      );
    case 'quote':
      return (
        <blockquote>
          {block.of.map((inner, index) => (
            <MrkdwnPart key={index} block={inner} />
          ))}
        </blockquote>
      );
    case 'pre':
      return <Preformatted text={block.text} />;
  }
};

export const Mrkdwn = ({ text }: { text: string }): JSX.Element => (
  <div class="mrkdwn">
    {parseMrkdwn(text).map((block, index) => (
      <MrkdwnPart key={index} block={block} />
    ))}
  </div>
);

/** mrkdwn without quotes, lists and fences, where a line of text must stay a line. */
export const InlineMrkdwn = ({ text }: { text: string }): JSX.Element => <Inlines nodes={parseInline(text)} />;
