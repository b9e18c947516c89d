/** Credentials as a modal of the app shows them, so that the panel can take them over. Pure. */
import type { Json, ViewCard } from '../../page-server/protocol.ts';
import { parseMrkdwn } from '../text/mrkdwn.ts';
import { wordsOf } from '../text/words.ts';

export type Credentials = { user: string; password: string };

type Piece = { label: string; code: string | null };

const richText = (block: Json): Piece[] =>
  ((block.elements as Json[] | undefined) ?? []).map((part) => {
    const text = ((part.elements as Json[] | undefined) ?? [])
      .map((one) => wordsOf(one.text) || wordsOf(one.url))
      .join('');
    return part.type === 'rich_text_preformatted' ? { label: '', code: text.trim() } : { label: text, code: null };
  });

const mrkdwn = (text: string): Piece[] =>
  parseMrkdwn(text).flatMap((block): Piece[] => {
    if (block.is === 'pre') return [{ label: '', code: block.text.trim() }];
    if (block.is !== 'lines') return [];
    let label = '';
    return block.of.flatMap((node): Piece[] => {
      if (node.is === 'code') return [{ label, code: node.text }];
      const words =
        node.is === 'text'
          ? node.text
          : node.is === 'bold'
            ? node.of.map((one) => ('text' in one ? one.text : '')).join('')
            : ' ';
      label = node.is === 'break' ? '' : label + words;
      return [{ label, code: null }];
    });
  });

const pieces = (view: ViewCard): Piece[] =>
  view.blocks.flatMap((block) => {
    if (block.type === 'rich_text') return richText(block);
    const texts = [block.text, ...((block.fields as Json[] | undefined) ?? [])] as (Json | undefined)[];
    return texts.flatMap((text) => (typeof text?.text === 'string' ? mrkdwn(text.text) : []));
  });

const fromUrl = (code: string): Credentials | undefined => {
  const found = /(?:postgres(?:ql)?|mysql|rediss?):\/\/[^\s'"]+/.exec(code)?.[0];
  if (found === undefined || !URL.canParse(found)) return undefined;
  const { username, password } = new URL(found);
  if (username === '' || password === '') return undefined;
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
};

/** A value stands under its label, in code or in a fence; or both stand in a connection address. */
export const credentialsIn = (view: ViewCard): Credentials | undefined => {
  const found: Partial<Credentials> = {};
  let label = '';
  for (const piece of pieces(view)) {
    if (piece.label.trim() !== '') label = piece.label;
    if (piece.code === null || piece.code === '') continue;
    const whole = fromUrl(piece.code);
    if (whole !== undefined) return whole;
    // An SSH certificate stands in the place of a password.
    if (/password|^\W*certificate\W*$/i.test(label)) found.password ??= piece.code;
    else if (/user|login|role/i.test(label)) found.user ??= piece.code;
    label = '';
  }
  const { user, password } = found;
  return user === undefined || password === undefined ? undefined : { user, password };
};
