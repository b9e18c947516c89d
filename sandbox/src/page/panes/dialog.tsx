/** A modal window: the browser's own, for its focus trap and for what it hides from screen readers. */
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

type Props = {
  label: string;
  class: string;
  role?: 'dialog' | 'alertdialog';
  isBusy?: boolean;
  onClose: () => void;
  children: ComponentChildren;
};

const ASKED_FOR = '[data-autofocus], [data-focus-first=true] input, [data-focus-first=true] textarea';
const FIRST_FIELD = '.dialog-body input:not([disabled]), .dialog-body textarea:not([disabled])';

const isOnTop = (node: HTMLDialogElement | null): boolean =>
  node !== null && [...document.querySelectorAll('dialog[open]')].at(-1) === node;

/** What had the focus may be gone after an update; the keyboard then belongs to the dialog, not to nothing. */
const useEscape = (dialog: { current: HTMLDialogElement | null }, onEscape: () => void): void => {
  const escape = useRef(onEscape);
  escape.current = onEscape;
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented || !isOnTop(dialog.current)) return;
      // A browser closes by itself at the second Escape, whatever we say; so it never hears of one.
      event.preventDefault();
      event.stopImmediatePropagation();
      escape.current();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
  useLayoutEffect(() => {
    if (document.activeElement === document.body && isOnTop(dialog.current)) dialog.current?.focus();
  });
};

export const Dialog = ({
  label,
  class: name,
  role = 'dialog',
  isBusy = false,
  onClose,
  children,
}: Props): JSX.Element => {
  const dialog = useRef<HTMLDialogElement>(null);
  // Before it is painted: until then it is no modal, lies elsewhere, and an Escape would be lost.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const node = dialog.current;
    node?.showModal();
    const first = node?.querySelector<HTMLElement>(ASKED_FOR) ?? node?.querySelector<HTMLElement>(FIRST_FIELD);
    (first ?? node)?.focus();
    return () => {
      // While it is open, nothing behind it can take the focus.
      node?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useEscape(dialog, () => {
    if (!isBusy) onClose();
  });
  return (
    <dialog
      ref={dialog}
      class={`dialog ${name}`}
      role={role}
      aria-modal="true"
      aria-label={label}
      aria-busy={isBusy}
      tabIndex={-1}
      onCancel={(event) => event.preventDefault()}
    >
      {children}
    </dialog>
  );
};
