/** A modal window: the browser's own, for its focus trap and for what it hides from screen readers. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

type Props = {
  label: string;
  class: string;
  role?: 'dialog' | 'alertdialog';
  isBusy?: boolean;
  onClose: () => void;
  children: ComponentChildren;
};

const FIRST_FIELD =
  '.dialog-body input:not([disabled]), .dialog-body textarea:not([disabled]), .dialog-body select, [data-autofocus]';

export const Dialog = ({
  label,
  class: name,
  role = 'dialog',
  isBusy = false,
  onClose,
  children,
}: Props): JSX.Element => {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const node = dialog.current;
    node?.showModal();
    const first = node?.querySelector<HTMLElement>('[autofocus]') ?? node?.querySelector<HTMLElement>(FIRST_FIELD);
    (first ?? node)?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`dialog ${name}`}
      role={role}
      aria-modal="true"
      aria-label={label}
      aria-busy={isBusy}
      tabIndex={-1}
      onKeyDown={(event) => {
        // A browser closes by itself at the second Escape, whatever we say; so it never hears of one.
        if (event.key !== 'Escape' || event.defaultPrevented) return;
        event.preventDefault();
        event.stopPropagation();
        if (!isBusy) onClose();
      }}
      onCancel={(event) => event.preventDefault()}
    >
      {children}
    </dialog>
  );
};
