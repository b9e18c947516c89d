/** A new channel, such as an incident's. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { usePage } from '../state/page.tsx';
import { Dialog } from './dialog.tsx';

export const NewChannel = ({ onClose }: { onClose: () => void }): JSX.Element => {
  const { ask, attempt, go } = usePage();
  const [name, setName] = useState('');
  const [isPrivate, setPrivate] = useState(false);
  const create = async (): Promise<void> => {
    await ask({ act: 'create_channel', name, isPrivate });
    onClose();
    go({ at: name, tab: 'messages' });
  };
  return (
    <Dialog label="New channel" class="dialog-small" onClose={onClose}>
      <header class="dialog-head">
        <h2>New channel</h2>
      </header>
      <div class="dialog-body">
        <label class="input-label" for="new-channel-name">
          Name
        </label>
        <input
          id="new-channel-name"
          class="field"
          value={name}
          placeholder="inc-checkout-errors"
          autocomplete="off"
          onInput={(event) => setName(event.currentTarget.value.toLowerCase().replace(/\s+/g, '-'))}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && name !== '') attempt(create());
          }}
        />
        <label class="choice">
          <input type="checkbox" checked={isPrivate} onChange={() => setPrivate(!isPrivate)} />
          <span>Private: only its members can find and read it</span>
        </label>
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button button-default" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          class="button button-primary-solid"
          disabled={name === ''}
          onClick={() => attempt(create())}
        >
          Create
        </button>
      </footer>
    </Dialog>
  );
};
