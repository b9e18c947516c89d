/** Text as it is, with a button that copies it. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../panes/icons.tsx';
import { usePage } from '../state/page.tsx';

const SAID_FOR_MS = 1_600;

const CopyButton = ({ text, label = 'Copy' }: { text: string; label?: string }): JSX.Element => {
  const { attempt } = usePage();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = window.setTimeout(() => setCopied(false), SAID_FOR_MS);
    return () => window.clearTimeout(timer);
  }, [isCopied]);
  return (
    <button
      type="button"
      class="copy"
      onClick={() => attempt(navigator.clipboard.writeText(text).then(() => setCopied(true)))}
    >
      <Icon name={isCopied ? 'check' : 'copy'} size={14} />
      <span>{isCopied ? 'Copied' : label}</span>
    </button>
  );
};

export const Preformatted = ({ text }: { text: string }): JSX.Element => (
  <div class="pre">
    <pre>{text}</pre>
    <CopyButton text={text} />
  </div>
);
