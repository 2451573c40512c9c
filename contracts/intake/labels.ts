import type { Labels } from '../../domain/alert.js';
import { isFields, type Read, read, refuse, shown } from './refusal.js';

const labelsMax = 64;
const nameBytesMax = 128;
const valueBytesMax = 1024;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** PostgreSQL holds neither NUL nor half a surrogate pair. */
export const isText = (text: string): boolean => !text.includes('\0') && !/\p{Surrogate}/u.test(text);

/** Labels as a map without a prototype, so that no name means more than itself. */
export function readLabels(value: unknown): Read<Labels> {
  if (!isFields(value)) return refuse(422, 'badLabels', `labels is ${shown(value)}`, 'an object of texts, such as {"service": "shop"}');
  const given = Object.entries(value);
  if (given.length > labelsMax)
    return refuse(422, 'tooManyLabels', `there are ${given.length} labels`, `at most ${labelsMax} labels an alert`);
  const labels = Object.create(null) as Record<string, string>;
  for (const [name, text] of given) {
    const hint = `names of at most ${nameBytesMax} bytes that do not begin with __, values of at most ${valueBytesMax} bytes, both text without NUL`;
    if (name === '' || name.startsWith('__') || bytesOf(name) > nameBytesMax || !isText(name))
      return refuse(422, 'badLabel', `a label is named ${shown(name)}`, hint);
    if (typeof text !== 'string' || !isText(text) || bytesOf(text) > valueBytesMax)
      return refuse(422, 'badLabel', `label ${name} is ${shown(text)}`, hint);
    labels[name] = text;
  }
  return read(labels);
}

const annotationsMax = 16;
const annotationMax = 1000;

/** Annotations are for people: they are cut, not refused. */
export function annotationsOf(value: unknown): Labels {
  const kept = Object.create(null) as Record<string, string>;
  if (!isFields(value)) return kept;
  const texts = Object.entries(value).filter(([name]) => isText(name) && name.length <= nameBytesMax);
  for (const [name, text] of texts.slice(0, annotationsMax))
    if (typeof text === 'string')
      kept[name] = text
        .replaceAll(/\0|\p{Surrogate}/gu, '')
        .slice(0, annotationMax)
        .replace(/\p{Surrogate}$/u, '');
  return kept;
}
