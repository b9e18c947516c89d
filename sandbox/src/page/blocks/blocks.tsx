/** Block Kit as people see it. Slack: docs.slack.dev/reference/block-kit/blocks */
import type { JSX } from 'preact';
import type { Block, Json } from '../../page-server/protocol.ts';
import { Icon } from '../panes/icons.tsx';
import { Mrkdwn } from '../text/inline-view.tsx';
import { plainOf, TextObject } from '../text/plain-text.tsx';
import { wordsOf } from '../text/words.ts';
import { Element } from './element.tsx';
import { isChoice } from './fields.tsx';
import { ImageElement } from './image.tsx';
import { actionIdOf, elementId, usePlace } from './place.tsx';
import { RichText } from './rich-text.tsx';

type Props = { block: Block };

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const idOf = (block: Block): string => block.block_id ?? '';

const SectionBlock = ({ block }: Props): JSX.Element => {
  const accessory = block.accessory as Json | undefined;
  const fields = listOf(block.fields);
  return (
    <div class={`block section${accessory === undefined ? '' : ` section-${String(accessory.type)}`}`}>
      <div class="section-text">
        {block.text !== undefined && <TextObject text={block.text} />}
        {fields.length > 0 && (
          <div class="section-fields">
            {fields.map((field, index) => (
              <div key={index}>
                <TextObject text={field} />
              </div>
            ))}
          </div>
        )}
      </div>
      {accessory !== undefined && (
        <div class="section-accessory">
          <Element element={accessory} blockId={idOf(block)} />
        </div>
      )}
    </div>
  );
};

const ContextBlock = ({ block }: Props): JSX.Element => (
  <div class="block context">
    {listOf(block.elements).map((element, index) =>
      element.type === 'image' ? (
        <ImageElement key={index} element={element} />
      ) : (
        <div class="context-text" key={index}>
          <TextObject text={element} />
        </div>
      ),
    )}
  </div>
);

const ActionsBlock = ({ block }: Props): JSX.Element => (
  <div class="block actions">
    {listOf(block.elements).map((element) => (
      <Element key={actionIdOf(element)} element={element} blockId={idOf(block)} />
    ))}
  </div>
);

const InputBlock = ({ block }: Props): JSX.Element => {
  const { place, errors } = usePlace();
  const element = (block.element ?? {}) as Json;
  const blockId = idOf(block);
  const id = elementId(place, blockId, actionIdOf(element));
  const error = errors[blockId];
  const hint = plainOf(block.hint);
  const describedBy = [error === undefined ? '' : `${id}-error`, hint === '' ? '' : `${id}-hint`].join(' ').trim();
  const label = (
    <>
      {plainOf(block.label)}
      {block.optional === true && <span class="optional"> (optional)</span>}
    </>
  );
  return (
    <div
      class={`block input${error === undefined ? '' : ' has-error'}`}
      data-focus-first={element.focus_on_load === true}
    >
      {isChoice(element.type) ? (
        <span class="input-label" id={`${id}-label`}>
          {label}
        </span>
      ) : (
        <label class="input-label" id={`${id}-label`} for={id}>
          {label}
        </label>
      )}
      <Element
        element={element}
        blockId={blockId}
        labelledBy={`${id}-label`}
        isInvalid={error !== undefined}
        {...(describedBy === '' ? {} : { describedBy })}
      />
      {error !== undefined && (
        <div class="input-error" id={`${id}-error`} role="alert">
          <Icon name="alert" size={14} />
          {error}
        </div>
      )}
      {hint !== '' && (
        <div class="input-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
    </div>
  );
};

const ImageBlock = ({ block }: Props): JSX.Element => (
  <figure class="block image">
    {block.title !== undefined && <figcaption>{plainOf(block.title)}</figcaption>}
    <ImageElement element={block} isLarge />
  </figure>
);

/** Slack's markdown block is CommonMark; its most common marks are those of mrkdwn in another dress. */
const asMrkdwn = (text: string): string =>
  text
    .replace(/\*\*([^*\n]+)\*\*/g, '*$1*')
    .replace(/^#{1,6} +(.+)$/gm, '*$1*')
    .replace(/\[([^\]\n]+)\]\((https?:[^)\s]+)\)/g, '<$2|$1>');

const cellText = (cell: Json): JSX.Element =>
  cell.type === 'rich_text' ? <RichText block={cell} /> : <>{typeof cell.text === 'string' ? cell.text : ''}</>;

type Column = { align?: unknown; is_wrapped?: unknown } | null;

/** Slack: columns without a setting are on the left, and not wrapped. */
const columnClass = (column: Column | undefined): string =>
  [`is-${wordsOf(column?.align) || 'left'}`, ...(column?.is_wrapped === true ? ['is-wrapped'] : [])].join(' ');

const TableBlock = ({ block }: Props): JSX.Element => {
  const rows = Array.isArray(block.rows) ? (block.rows as Json[][]) : [];
  const columns = Array.isArray(block.column_settings) ? (block.column_settings as Column[]) : [];
  return (
    <div class="block table-scroll" tabIndex={0} role="region" aria-label="Table">
      <table class="table">
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, at) => {
                const Cell = index === 0 ? 'th' : 'td';
                return (
                  <Cell key={at} class={columnClass(columns[at])}>
                    {cellText(cell)}
                  </Cell>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

const AlertBlock = ({ block }: Props): JSX.Element => (
  <div class={`block alert alert-${wordsOf(block.level) || 'default'}`}>
    <TextObject text={block.text} />
  </div>
);

const BlockView = ({ block }: Props): JSX.Element => {
  switch (block.type) {
    case 'section':
      return <SectionBlock block={block} />;
    case 'header':
      return <h3 class="block header">{plainOf(block.text)}</h3>;
    case 'divider':
      return <hr class="block divider" />;
    case 'context':
      return <ContextBlock block={block} />;
    case 'actions':
    case 'context_actions':
      return <ActionsBlock block={block} />;
    case 'input':
      return <InputBlock block={block} />;
    case 'image':
      return <ImageBlock block={block} />;
    case 'rich_text':
      return <RichText block={block} />;
    case 'markdown':
      return <Mrkdwn text={asMrkdwn(wordsOf(block.text))} />;
    case 'table':
      return <TableBlock block={block} />;
    case 'alert':
      return <AlertBlock block={block} />;
    default:
      return <p class="unknown">This page cannot show a block of type “{block.type}”.</p>;
  }
};

export const Blocks = ({ blocks }: { blocks: Block[] }): JSX.Element => (
  <div class="blocks">
    {blocks.map((block, index) => (
      <BlockView key={block.block_id ?? index} block={block} />
    ))}
  </div>
);
