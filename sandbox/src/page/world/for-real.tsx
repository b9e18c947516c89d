/** The end of the demo: how to set Latchkey up for real. */
import type { JSX } from 'preact';
import { Dialog } from '../panes/dialog.tsx';
import { Preformatted } from '../text/preformatted.tsx';

export const ForReal = ({ onClose }: { onClose: () => void }): JSX.Element => (
  <Dialog label="Now for real" class="dialog-small" onClose={onClose}>
    <header class="dialog-head">
      <h2>Now for real</h2>
    </header>
    <div class="dialog-body for-real">
      <p>
        What you saw is the real app. Your own takes a Slack workspace, a Postgres and a Redis. This asks the questions
        and writes the rest:
      </p>
      <Preformatted text="./bin/latchkey init" />
      <p>
        <a href="/getting-started" target="_blank" rel="noopener noreferrer">
          Getting started
        </a>{' '}
        leads from there to the first request, step by step.
      </p>
    </div>
    <footer class="dialog-foot">
      <button type="button" class="button button-primary-solid" data-autofocus onClick={onClose}>
        Try it yourself
      </button>
    </footer>
  </Dialog>
);
