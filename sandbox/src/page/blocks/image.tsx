/** Pictures of blocks: only from secure addresses, and with their words when they cannot be loaded. */
import type { JSX } from 'preact';
import type { Json } from '../../page-server/protocol.ts';
import { Avatar } from '../panes/avatar.tsx';
import { personOf } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { safeUrl } from '../text/mrkdwn.ts';

/** The faces of this workspace have an address as in Slack, and are not to be had from there. */
const FACE = /^https:\/\/avatars\.slack-edge\.com\/local\/(\w+)_\d+\.png$/;

const Face = ({ userId, alt }: { userId: string; alt: string }): JSX.Element => {
  const { data } = usePage();
  return (
    <span class="face" role="img" aria-label={alt}>
      <Avatar person={personOf(data, userId)} size="small" />
    </span>
  );
};

export const ImageElement = ({ element, isLarge = false }: { element: Json; isLarge?: boolean }): JSX.Element => {
  const url = typeof element.image_url === 'string' ? safeUrl(element.image_url) : undefined;
  const alt = typeof element.alt_text === 'string' ? element.alt_text : '';
  const [, userId] = FACE.exec(url ?? '') ?? [];
  if (userId !== undefined) return <Face userId={userId} alt={alt} />;
  if (url === undefined) return <span class="unknown">{alt}</span>;
  return <img class={isLarge ? 'image-large' : 'image-small'} src={url} alt={alt} referrerpolicy="no-referrer" />;
};
