/** The pretend CI: its steps as they run, and what they write. And an alert, which comes from elsewhere too. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Pipeline } from '../../page-server/protocol.ts';
import { Icon } from '../panes/icons.tsx';
import { usePage } from '../state/page.tsx';

const marks: Record<string, string> = { waiting: '○', running: '◐', done: '✓', failed: '✕' };

const Log = ({ lines }: { lines: string[] }): JSX.Element => {
  const box = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.length]);
  return (
    <pre class="ci-log" ref={box} tabIndex={0} role="log" aria-label="Log of the pipeline">
      {lines.join('\n')}
    </pre>
  );
};

export const CiPart = ({ pipeline }: { pipeline: Pipeline }): JSX.Element => {
  const { ask, attempt } = usePage();
  const part = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (pipeline.state === 'running') part.current?.scrollIntoView({ block: 'nearest' });
  }, [pipeline.state, pipeline.log.length > 0]);
  return (
    <section class="part" aria-label="Pipeline" ref={part}>
      <h3>
        <span class="part-name">
          <Icon name="server" size={14} /> {pipeline.name}
        </span>
        <button
          type="button"
          class="button button-default button-small"
          disabled={pipeline.state === 'running'}
          onClick={() => attempt(ask({ act: 'world_pipeline' }))}
        >
          {pipeline.state === 'idle' ? 'Run' : 'Run again'}
        </button>
      </h3>
      <ul class="ci-steps">
        {pipeline.steps.map((step) => (
          <li key={step.name} class={`ci-step is-${step.state}`}>
            <span aria-hidden="true">{marks[step.state]}</span> {step.name}
            <span class="visually-hidden">, {step.state}</span>
          </li>
        ))}
      </ul>
      {pipeline.log.length > 0 && <Log lines={pipeline.log} />}
      <p class="small-print">
        A pretend CI with a real token and a real <code>latchkey exec</code>. Its workflow is {pipeline.file}.
      </p>
    </section>
  );
};

export const AlertPart = (): JSX.Element => {
  const { ask, attempt } = usePage();
  return (
    <section class="part" aria-label="Monitoring">
      <h3>
        <span class="part-name">
          <Icon name="alert" size={14} /> Monitoring
        </span>
        <button
          type="button"
          class="button button-default button-small"
          onClick={() => attempt(ask({ act: 'world_alert' }))}
        >
          Fire an alert
        </button>
      </h3>
      <p class="small-print">
        “p99 of checkout over 3 s”, signed, as a monitoring of your own sends it. Kim is on call.
      </p>
    </section>
  );
};
