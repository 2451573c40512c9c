import { Failure } from './exit-codes.js';

/** The whole number that an option gives. Throws `Failure` (usage) naming the option and what is allowed. */
export function wholeNumber(option: string, text: string, { min, max, example }: { min: number; max: number; example: number }): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new Failure(
    'usage',
    `${option} is ${JSON.stringify(text)}: a whole number from ${min} to ${max} is allowed, for example ${option} ${example}`,
  );
}
