/** A secondary attachment: a coloured bar, and blocks or Slack's older fields beside it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Block, Json } from '../../page-server/protocol.ts';
import { fullMoment } from '../text/dates.ts';
import { InlineMrkdwn, Mrkdwn } from '../text/inline-view.tsx';
import { safeUrl } from '../text/mrkdwn.ts';
import { wordsOf } from '../text/words.ts';
import { Blocks } from './blocks.tsx';
import { ImageElement } from './image.tsx';

/** Slack folds what hangs on a message: the blocks after the fifth are behind "Show more". */
const BLOCKS_SHOWN = 5;
/** Slack: "text … will automatically collapse if it contains 700+ characters or 5+ linebreaks". */
const isLong = (text: string): boolean => text.length > 700 || text.split('\n').length > 5;

const shortened = (text: string): string => text.split('\n').slice(0, 5).join('\n').slice(0, 700);

type Props = { attachment: Json };

const More = ({ isOpen, onToggle }: { isOpen: boolean; onToggle: () => void }): JSX.Element => (
  <button type="button" class="link-button" aria-expanded={isOpen} onClick={onToggle}>
    {isOpen ? 'Show less' : 'Show more'}
  </button>
);

const AttachedBlocks = ({ blocks }: { blocks: Block[] }): JSX.Element => {
  const [isOpen, setOpen] = useState(false);
  const isFolded = blocks.length > BLOCKS_SHOWN;
  return (
    <>
      <Blocks blocks={isFolded && !isOpen ? blocks.slice(0, BLOCKS_SHOWN) : blocks} />
      {isFolded && <More isOpen={isOpen} onToggle={() => setOpen(!isOpen)} />}
    </>
  );
};

const AttachedText = ({ text }: { text: string }): JSX.Element => {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Mrkdwn text={isLong(text) && !isOpen ? shortened(text) : text} />
      {isLong(text) && <More isOpen={isOpen} onToggle={() => setOpen(!isOpen)} />}
    </>
  );
};

const Linked = ({ url, text }: { url: unknown; text: string }): JSX.Element => {
  const safe = typeof url === 'string' ? safeUrl(url) : undefined;
  if (safe === undefined) return <>{text}</>;
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  );
};

const Fields = ({ fields }: { fields: Json[] }): JSX.Element => (
  <div class="attachment-fields">
    {fields.map((field, index) => (
      <div key={index} class={field.short === true ? 'is-short' : ''}>
        <b>{wordsOf(field.title)}</b>
        <Mrkdwn text={wordsOf(field.value)} />
      </div>
    ))}
  </div>
);

const picture = (url: unknown, alt: string): Json => ({ image_url: url, alt_text: alt });

const Footer = ({ attachment }: Props): JSX.Element => {
  const at =
    attachment.ts === undefined ? '' : fullMoment(new Date(Number(attachment.ts) * 1_000), { now: new Date() });
  return (
    <div class="attachment-small">
      {attachment.footer_icon !== undefined && <ImageElement element={picture(attachment.footer_icon, '')} />}
      {[wordsOf(attachment.footer), at].filter((part) => part !== '').join(' | ')}
    </div>
  );
};

const Author = ({ attachment }: Props): JSX.Element => (
  <div class="attachment-small">
    {attachment.author_icon !== undefined && <ImageElement element={picture(attachment.author_icon, '')} />}
    <Linked url={attachment.author_link} text={wordsOf(attachment.author_name)} />
  </div>
);

const Legacy = ({ attachment }: Props): JSX.Element => {
  const title = wordsOf(attachment.title);
  const text = wordsOf(attachment.text);
  const fields = Array.isArray(attachment.fields) ? (attachment.fields as Json[]) : [];
  const isEmpty = title === '' && text === '' && fields.length === 0 && attachment.image_url === undefined;
  return (
    <>
      {attachment.author_name !== undefined && <Author attachment={attachment} />}
      {title !== '' && (
        <b>
          <Linked url={attachment.title_link} text={title} />
        </b>
      )}
      {text !== '' && <AttachedText text={text} />}
      {fields.length > 0 && <Fields fields={fields} />}
      {attachment.image_url !== undefined && <ImageElement element={picture(attachment.image_url, title)} isLarge />}
      {isEmpty && <span>{wordsOf(attachment.fallback)}</span>}
      {(attachment.footer !== undefined || attachment.ts !== undefined) && <Footer attachment={attachment} />}
    </>
  );
};

/** A colour as the workspace keeps it: without its sign. Anything else leaves Slack's grey. */
const barStyle = (color: unknown): { borderColor: string } | Record<string, never> =>
  typeof color === 'string' && /^([0-9a-f]{3}|[0-9a-f]{6})$/i.test(color) ? { borderColor: `#${color}` } : {};

export const Attachment = ({ attachment }: Props): JSX.Element => (
  <>
    {typeof attachment.pretext === 'string' && (
      <p>
        <InlineMrkdwn text={attachment.pretext} />
      </p>
    )}
    <div class="attachment" style={barStyle(attachment.color)}>
      {Array.isArray(attachment.blocks) ? (
        <AttachedBlocks blocks={attachment.blocks as Block[]} />
      ) : (
        <Legacy attachment={attachment} />
      )}
    </div>
  </>
);
