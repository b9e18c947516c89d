/** Where people write: Enter sends, `/` completes commands, `@` completes people. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChannelCard } from '../../page-server/protocol.ts';
import type { Data } from '../state/data.ts';
import { usePage } from '../state/page.tsx';
import { completeAt, outgoing } from '../text/outgoing.ts';
import type { Completion } from '../text/outgoing.ts';
import { Avatar } from './avatar.tsx';
import { Icon } from './icons.tsx';

type Props = { channel: ChannelCard; threadTs?: string; placeholder: string };

const hintOf = (data: Data, text: string): string | null => {
  const command = data.commands.find((one) => text.startsWith(`${one.command} `) || text === one.command);
  return command === undefined ? null : `${command.command} ${command.usageHint}`;
};

export const Composer = ({ channel, threadTs, placeholder }: Props): JSX.Element => {
  const { ask, attempt, data } = usePage();
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const [isDismissed, setDismissed] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  /** Where the caret belongs after a completion, once the new text is in the field. */
  const moved = useRef<number | null>(null);
  const [caret, setCaret] = useState(0);
  const completion: Completion | null = isDismissed
    ? null
    : completeAt(data, { text, caret, isThread: threadTs !== undefined });
  const options = completion?.options ?? [];
  const hint = completion === null && threadTs === undefined ? hintOf(data, text) : null;
  const id = threadTs === undefined ? 'composer' : 'thread-composer';

  useLayoutEffect(() => {
    const node = area.current;
    if (node === null) return;
    if (moved.current !== null) node.setSelectionRange(moved.current, moved.current);
    moved.current = null;
    node.style.height = 'auto';
    node.style.height = `${Math.min(node.scrollHeight, 220)}px`;
  }, [text]);

  const take = (index: number): void => {
    const option = options[index];
    if (completion === null || option === undefined) return;
    const before = `${text.slice(0, completion.from)}${option.insert} `;
    setText(`${before}${text.slice(caret).trimStart()}`);
    setCaret(before.length);
    setActive(0);
    moved.current = before.length;
    area.current?.focus();
  };

  const send = (): void => {
    if (text.trim() === '') return;
    const sent = text;
    setText('');
    const act = outgoing(data, { channel: channel.id, text: sent, threadTs });
    attempt(
      ask(act).catch((error: unknown) => {
        // What could not be sent is not lost.
        setText((now) => (now === '' ? sent : now));
        throw error;
      }),
    );
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const { key } = event;
    const isListed = options.length > 0;
    if (isListed && (key === 'ArrowDown' || key === 'ArrowUp')) {
      setActive((at) => (at + (key === 'ArrowDown' ? 1 : options.length - 1)) % options.length);
    } else if (isListed && key === 'Escape') setDismissed(true);
    else if (isListed && (key === 'Tab' || (key === 'Enter' && !completion?.isComplete))) take(active);
    else if (key === 'Enter' && !event.shiftKey) send();
    else return;
    event.preventDefault();
  };

  return (
    <div class="composer-box">
      {options.length > 0 && (
        <div class="popup completions" role="listbox" id={`${id}-list`} aria-label={completion?.label}>
          <div class="popup-group">{completion?.label}</div>
          {options.map((option, index) => (
            <div
              key={option.insert}
              id={`${id}-o-${index}`}
              role="option"
              tabIndex={-1}
              class="popup-option"
              aria-selected={index === active}
              data-active={index === active}
              onMouseDown={(event) => {
                event.preventDefault();
                take(index);
              }}
              onMouseMove={() => setActive(index)}
            >
              {option.person !== undefined && <Avatar person={option.person} size="small" />}
              <span class="popup-words">
                <span>
                  <b>{option.label}</b> {option.usage !== undefined && <span class="usage">{option.usage}</span>}
                </span>
                {option.hint !== undefined && <span class="popup-hint">{option.hint}</span>}
              </span>
            </div>
          ))}
        </div>
      )}
      {hint !== null && <div class="composer-hint">{hint}</div>}
      <div class="composer">
        <textarea
          ref={area}
          id={id}
          rows={1}
          value={text}
          placeholder={placeholder}
          aria-label={placeholder}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={options.length > 0 ? `${id}-list` : undefined}
          aria-activedescendant={options.length > 0 ? `${id}-o-${active}` : undefined}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setCaret(event.currentTarget.selectionStart);
            setDismissed(false);
            setActive(0);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
        />
        <button type="button" class="send" aria-label="Send message" disabled={text.trim() === ''} onClick={send}>
          <Icon name="send" />
        </button>
      </div>
    </div>
  );
};
