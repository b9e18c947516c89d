/** What there is to choose from, with a button for each: nobody types an id. */
import type { Button, KnownBlock } from '@slack/types';
import type { RequestView } from '../../../application/record/request-view.ts';
import { actions } from '../../messages/render/buttons.ts';
import { SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { context, cut, section } from '../../messages/render/text.ts';
import type { Reply } from '../context.ts';

const SHOWN_MAX = 10;

type Choosing<T> = {
  title: string;
  /** What is said where there is nothing. */
  none: string;
  items: readonly T[];
  lineOf: (item: T) => string;
  buttonsOf: (item: T) => readonly Button[];
  /** For all of them, below. */
  more?: readonly Button[];
};

export const choose = <T>({ title, none, items, lineOf, buttonsOf, more = [] }: Choosing<T>): Reply => {
  if (items.length === 0)
    return more.length > 0 ? { text: none, blocks: [section(none), actions(...more)] } : { text: none };
  const rest = items.length - SHOWN_MAX;
  const blocks: KnownBlock[] = [
    section(`*${title}*`),
    ...items.slice(0, SHOWN_MAX).flatMap((item) => {
      const buttons = buttonsOf(item);
      return [section(cut(lineOf(item), SECTION_TEXT_MAX)), ...(buttons.length > 0 ? [actions(...buttons)] : [])];
    }),
    ...(rest > 0 ? [context(`And ${rest} more.`)] : []),
    ...(more.length > 0 ? [actions(...more)] : []),
  ];
  return { text: title, blocks };
};

/** Only those of them that are live now. */
export const active = (views: readonly RequestView[]): RequestView[] =>
  views.filter(({ grant }) => grant?.state === 'active' || grant?.state === 'activating');
