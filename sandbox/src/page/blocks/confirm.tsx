/** The question before a click. Slack: docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object */
import type { JSX } from 'preact';
import type { Json } from '../../page-server/protocol.ts';
import { Dialog } from '../panes/dialog.tsx';
import { plainOf, TextObject } from '../text/plain-text.tsx';

type Props = { confirm: Json; onYes: () => void; onNo: () => void };

export const Confirm = ({ confirm, onYes, onNo }: Props): JSX.Element => (
  <Dialog label={plainOf(confirm.title)} class="dialog-small" role="alertdialog" onClose={onNo}>
    <header class="dialog-head">
      <h2>{plainOf(confirm.title)}</h2>
    </header>
    <div class="dialog-body">
      <TextObject text={confirm.text} />
    </div>
    <footer class="dialog-foot">
      <button type="button" class="button button-default" onClick={onNo}>
        {plainOf(confirm.deny) || 'Cancel'}
      </button>
      <button
        type="button"
        class={`button button-${confirm.style === 'danger' ? 'danger-solid' : 'primary-solid'}`}
        data-autofocus
        onClick={onYes}
      >
        {plainOf(confirm.confirm) || 'Yes'}
      </button>
    </footer>
  </Dialog>
);
