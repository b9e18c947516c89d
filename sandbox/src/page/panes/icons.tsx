/** Every icon of the page, drawn with one pen. They say nothing to screen readers: a label beside them does. */
import type { JSX } from 'preact';

const paths = {
  hash: 'M6.5 2.5 5 13.5M11 2.5 9.5 13.5M2.8 5.8h11M2.2 10.2h11',
  lock: 'M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  key: 'M9.3 6.7a3.3 3.3 0 1 0-2.6 2.6L8 10.6h1.5v1.5H11v1.4h2.5v-2.6z',
  home: 'M2.5 7.5 8 2.8l5.5 4.7M4 6.5v6.7h8V6.5',
  chat: 'M2.5 3.5h11v7.5H7l-3 2.5V11H2.5z',
  send: 'M2.5 2.8 14 8 2.5 13.2 4 8zM4 8h5',
  close: 'm4 4 8 8M12 4l-8 8',
  down: 'm4 6 4 4 4-4',
  right: 'm6 4 4 4-4 4',
  back: 'm10 4-4 4 4 4',
  plus: 'M8 3v10M3 8h10',
  menu: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9',
  contrast: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 2.2v11.6M8 5h4.9M8 8h5.8M8 11h4.9',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z',
  eye: 'M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z',
  reply: 'M2.5 3.5h11v7H8.5l-3 2.5v-2.5h-3zM5.5 6.2h5M5.5 8.2h3',
  window: 'M9.5 2.5h4v4M13.3 2.7 8 8M11.5 9.5v3.5H3V4.5h3.5',
  copy: 'M5.5 5.5h7v8h-7zM3.5 10.5v-8h7',
  check: 'm3 8.5 3.2 3.2L13 4.8',
  server: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01',
  clock: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 4.8V8l2.2 1.6',
  people:
    'M6 7.6a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM1.8 13.2c0-2.4 1.9-3.8 4.2-3.8s4.2 1.4 4.2 3.8M10.6 3.3a2.1 2.1 0 0 1 0 4M12 9.7c1.4.5 2.2 1.7 2.2 3.5',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
  archive: 'M2.5 3.5h11v3h-11zM3.5 6.5v6.5h9V6.5M6.5 9h3',
  search: 'M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM10 10l3.5 3.5',
  at: 'M10.3 8a2.3 2.3 0 1 1-4.6 0 2.3 2.3 0 0 1 4.6 0zm0 0v1c0 1 .5 1.5 1.3 1.5.9 0 1.6-1 1.6-2.5A5.2 5.2 0 1 0 11 12.2',
  alert: 'M8 2.5 14.5 13.5h-13zM8 6.5v3.2M8 11.6h.01',
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name, size = 16 }: { name: IconName; size?: number }): JSX.Element => (
  <svg
    class="icon"
    width={size}
    height={size}
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    stroke-width={name === 'more' ? 2.2 : 1.4}
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d={paths[name]} />
  </svg>
);
