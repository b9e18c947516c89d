/** Buttons and overflow menus: a click, perhaps confirmed first, and what it looks like until the app has heard it. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ActedAnswer, Json } from '../../page-server/protocol.ts';
import { Icon } from '../panes/icons.tsx';
import { usePage } from '../state/page.tsx';
import { plainOf } from '../text/plain-text.tsx';
import { safeUrl } from '../text/mrkdwn.ts';
import { Confirm } from './confirm.tsx';
import { actionIdOf, usePlace, denialReason } from './place.tsx';
import type { ElementProps } from './place.tsx';

type Click = { isPending: boolean; click: (value?: string) => void };

const useClick = ({ element, blockId }: ElementProps): Click => {
  const { ask, attempt, complain, data, queue } = usePage();
  const { place } = usePlace();
  const [isPending, setPending] = useState(false);
  const click = async (value: string | undefined): Promise<void> => {
    setPending(true);
    try {
      await queue.idle();
      const actionId = actionIdOf(element);
      const acted = (await ask({
        act: 'click',
        place,
        blockId,
        actionId,
        ...(value === undefined ? {} : { value }),
      })) as ActedAnswer;
      if (!acted.ok) complain(denialReason(data.app.name, acted));
    } finally {
      setPending(false);
    }
  };
  return { isPending, click: (value) => attempt(click(value)) };
};

export const ButtonElement = (props: ElementProps): JSX.Element => {
  const { element } = props;
  const { isBusy } = usePlace();
  const { isPending, click } = useClick(props);
  const [isAsking, setAsking] = useState(false);
  const value = typeof element.value === 'string' ? element.value : undefined;
  const url = typeof element.url === 'string' ? safeUrl(element.url) : undefined;
  const press = (): void => {
    if (isPending) return;
    if (url !== undefined) window.open(url, '_blank', 'noopener,noreferrer');
    click(value);
  };
  const style = element.style === 'primary' || element.style === 'danger' ? element.style : 'default';
  return (
    <>
      <button
        type="button"
        class={`button button-${style}`}
        aria-label={typeof element.accessibility_label === 'string' ? element.accessibility_label : undefined}
        aria-busy={isPending}
        disabled={isBusy}
        onClick={() => (element.confirm === undefined ? press() : setAsking(true))}
      >
        <span class={isPending ? 'button-words is-hidden' : 'button-words'}>{plainOf(element.text)}</span>
        {isPending && <span class="spinner" />}
      </button>
      {isAsking && (
        <Confirm
          confirm={element.confirm as Json}
          onYes={() => {
            setAsking(false);
            press();
          }}
          onNo={() => setAsking(false)}
        />
      )}
    </>
  );
};

export const OverflowElement = (props: ElementProps): JSX.Element => {
  const { click } = useClick(props);
  const [isOpen, setOpen] = useState(false);
  const [asked, setAsked] = useState<string | null>(null);
  const root = useRef<HTMLSpanElement>(null);
  const options = (props.element.options as Json[] | undefined) ?? [];
  useLayoutEffect(() => {
    if (isOpen) root.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  }, [isOpen]);
  const close = (): void => {
    setOpen(false);
    root.current?.querySelector('button')?.focus();
  };
  const choose = (value: string): void => {
    close();
    if (props.element.confirm === undefined) click(value);
    else setAsked(value);
  };
  const move = (event: KeyboardEvent): void => {
    const items = [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const step = event.key === 'ArrowDown' ? 1 : -1;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') items.at((at + step) % items.length)?.focus();
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <span class="overflow" ref={root}>
      <button
        type="button"
        class="button button-default button-icon"
        aria-label="More actions"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="more" />
      </button>
      {isOpen && (
        <div
          role="menu"
          tabIndex={-1}
          class="popup overflow-menu"
          onKeyDown={move}
          onFocusOut={(event) => {
            if (!root.current?.contains(event.relatedTarget as Node | null)) setOpen(false);
          }}
        >
          {options.map((option) => (
            <button
              type="button"
              role="menuitem"
              class="popup-option"
              key={String(option.value)}
              onClick={() => choose(String(option.value))}
            >
              {plainOf(option.text)}
            </button>
          ))}
        </div>
      )}
      {asked !== null && (
        <Confirm
          confirm={props.element.confirm as Json}
          onYes={() => {
            setAsked(null);
            click(asked);
          }}
          onNo={() => setAsked(null)}
        />
      )}
    </span>
  );
};
