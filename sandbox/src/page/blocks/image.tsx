/** Pictures of blocks: only from secure addresses, and with their words when they cannot be loaded. */
import type { JSX } from 'preact';
import type { Json } from '../../page-server/protocol.ts';
import { safeUrl } from '../text/mrkdwn.ts';

export const ImageElement = ({ element, isLarge = false }: { element: Json; isLarge?: boolean }): JSX.Element => {
  const url = typeof element.image_url === 'string' ? safeUrl(element.image_url) : undefined;
  const alt = typeof element.alt_text === 'string' ? element.alt_text : '';
  if (url === undefined) return <span class="unknown">{alt}</span>;
  return <img class={isLarge ? 'image-large' : 'image-small'} src={url} alt={alt} referrerpolicy="no-referrer" />;
};
