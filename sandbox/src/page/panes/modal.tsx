/** The modal on top of this person's stack: fields, submit and close, errors under their fields. */
import type { JSX } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import type { SubmitAnswer, ViewCard } from '../../page-server/protocol.ts';
import { Blocks } from '../blocks/blocks.tsx';
import { PlaceProvider, denialReason } from '../blocks/place.tsx';
import { usePage } from '../state/page.tsx';
import { withEmoji } from '../text/emoji.ts';
import { Avatar } from './avatar.tsx';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';

type Sending = { isSending: boolean; trouble: string | null; submit: () => void; close: () => void };

const useSending = (view: ViewCard): Sending => {
  const { ask, attempt, data, queue } = usePage();
  const [isSending, setSending] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const submit = async (): Promise<void> => {
    setSending(true);
    setTrouble(null);
    try {
      await queue.idle();
      const sent = (await ask({ act: 'submit', viewId: view.id })) as SubmitAnswer;
      if (sent.error !== undefined) setTrouble(denialReason(data.app.name, { ok: false, error: sent.error }));
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
    } finally {
      setSending(false);
    }
  };
  return {
    isSending,
    trouble,
    submit: () => attempt(submit()),
    close: () => attempt(ask({ act: 'close', viewId: view.id })),
  };
};

export const Modal = ({ view }: { view: ViewCard }): JSX.Element => {
  const { data } = usePage();
  const { isSending, trouble, submit, close } = useSending(view);
  const wrong = Object.keys(view.errors).length;
  useLayoutEffect(() => {
    if (wrong > 0 && !isSending) document.querySelector<HTMLElement>('.dialog-view [aria-invalid=true]')?.focus();
  }, [wrong, isSending]);
  const place = {
    place: { is: 'modal' as const, viewId: view.id },
    values: view.values,
    errors: view.errors,
    isBusy: isSending,
  };
  return (
    <Dialog label={view.title} class="dialog-view" isBusy={isSending} onClose={close}>
      <header class="dialog-head">
        <Avatar person={data.people.find((person) => person.isApp)} size="medium" />
        <h2>{withEmoji(view.title)}</h2>
        <button
          type="button"
          class="icon-button"
          aria-label={view.isRoot ? 'Close' : 'Back'}
          disabled={isSending}
          onClick={close}
        >
          <Icon name={view.isRoot ? 'close' : 'back'} />
        </button>
      </header>
      {trouble !== null && (
        <div class="dialog-trouble" role="alert">
          <Icon name="alert" size={14} />
          {trouble}
        </div>
      )}
      <div class="dialog-body">
        <PlaceProvider value={place}>
          <Blocks blocks={view.blocks} />
        </PlaceProvider>
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button button-default" disabled={isSending} onClick={close}>
          {view.close ?? (view.submit === null ? 'Close' : 'Cancel')}
        </button>
        {view.submit !== null && (
          <button
            type="button"
            class="button button-primary-solid"
            disabled={isSending || view.isSubmitDisabled}
            aria-busy={isSending}
            onClick={submit}
          >
            <span class={isSending ? 'button-words is-hidden' : 'button-words'}>{view.submit}</span>
            {isSending && <span class="spinner" />}
          </button>
        )}
      </footer>
    </Dialog>
  );
};
