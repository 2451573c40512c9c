/** Why something that was sent is not taken, in the words of the answer. */
export interface Refusal {
  readonly status: 400 | 413 | 415 | 422;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export type Read<T> = { readonly kind: 'read'; readonly value: T } | { readonly kind: 'refused'; readonly refusal: Refusal };

export const read = <T>(value: T): Read<T> => ({ kind: 'read', value });

export const refuse = (status: Refusal['status'], code: string, message: string, hint: string): { kind: 'refused'; refusal: Refusal } => ({
  kind: 'refused',
  refusal: { status, code, message, hint },
});

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a person is shown of something that came from outside. */
export const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};
