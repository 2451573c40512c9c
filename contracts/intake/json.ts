import { type Read, read, refuse } from './refusal.js';

const depthMax = 8;
const HINT = 'send one JSON object in UTF-8, such as {"name": "ShopDown", "service": "shop"}';

/** Reads a body as JSON of bounded depth. Bytes that are no UTF-8 are refused, not replaced: what is stored is what was sent. */
export function readJson(bytes: Uint8Array): Read<unknown> {
  if (bytes.length === 0) return refuse(400, 'empty', 'the body is empty', HINT);
  const text = textOf(bytes);
  if (text === undefined) return refuse(400, 'notUtf8', 'the body is not UTF-8', HINT);
  if (depthOf(text) > depthMax) return refuse(422, 'tooDeep', `the body is nested more than ${depthMax} levels deep`, HINT);
  try {
    return read(JSON.parse(text));
  } catch {
    return refuse(400, 'notJson', 'the body is not JSON', HINT);
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Counted before anything is parsed, so that no parser has to follow. Brackets inside of strings do not count. */
function depthOf(text: string): number {
  let [depth, deepest, inString] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString && character === '\\') at += 1;
    else if (character === '"') inString = !inString;
    else if (!inString && (character === '{' || character === '[')) deepest = Math.max(deepest, (depth += 1));
    else if (!inString && (character === '}' || character === ']')) depth -= 1;
  }
  return deepest;
}
