/** An alerting rule's expression that compares one value with one number. */
export interface Comparison {
  /** What is compared, as PromQL. */
  readonly left: string;
  /** The rule fires when this holds; the number is always on the right. */
  readonly operator: '>' | '>=' | '<' | '<=' | '==';
  readonly number: number;
}

export type Understood =
  | { readonly kind: 'comparison'; readonly comparison: Comparison }
  | { readonly kind: 'other'; readonly why: string };

interface Token {
  readonly kind: 'word' | 'operator' | 'open' | 'close' | 'other';
  readonly text: string;
  readonly at: number;
}

const lexeme =
  /(?<skip>\s+|#[^\n]*)|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|(?<word>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[a-z]*)|(?<operator>==|!=|>=|<=|>|<|=~|!~|=)|(?<open>[([{])|(?<close>[)\]}])|(?<other>.)/gsu;

const mirrored = { '>': '<', '>=': '<=', '<': '>', '<=': '>=', '==': '==' } as const;
const joining = ['and', 'or', 'unless'];
const comparing = ['==', '!=', '>', '<', '>=', '<='];

/** Understands `expression > number` and the like, and says of everything else why it is not that. */
export function comparisonOf(query: string): Understood {
  const tokens = tokensOf(query);
  const other = (why: string): Understood => ({ kind: 'other', why });
  if (tokens === undefined) return other('its brackets do not match');
  const inside = unwrapped(tokens);
  const isTop = depths(inside);
  const top = inside.filter((_, index) => isTop[index]);
  if (top.some(({ kind, text }) => kind === 'word' && joining.includes(text.toLowerCase()))) return other('it joins several expressions');
  // Inside braces `=` and the like are matchers and no comparisons; a comparison in parentheses filters.
  const all = inside.filter(({ kind, text }) => kind === 'operator' && comparing.includes(text));
  const compares = all.filter((token) => !isMatcher(inside, token));
  const [operator, another] = compares;
  if (operator === undefined) return other('it compares nothing with a number');
  if (another !== undefined) return other('it holds several comparisons');
  if (!top.includes(operator)) return other('its comparison is a part of something else');
  if (top[top.indexOf(operator) + 1]?.text.toLowerCase() === 'bool') return other('it compares with bool and is never without a value');
  return sides(query, inside, operator) ?? other('neither side is a plain number');
}

function sides(query: string, tokens: readonly Token[], operator: Token): Understood | undefined {
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (first === undefined || last === undefined || operator.text === '!=') return undefined;
  const left = query.slice(first.at, operator.at).trim();
  const right = query.slice(operator.at + operator.text.length, last.at + last.text.length).trim();
  const sign = operator.text as keyof typeof mirrored;
  const found = numberOf(right);
  if (found !== undefined && numberOf(left) === undefined)
    return { kind: 'comparison', comparison: { left, operator: sign, number: found } };
  const swapped = numberOf(left);
  if (swapped === undefined || found !== undefined) return undefined;
  return { kind: 'comparison', comparison: { left: right, operator: mirrored[sign], number: swapped } };
}

/** Only what both PromQL and JavaScript read as the same number. */
const numberOf = (text: string): number | undefined =>
  /^[+-]?\s*(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text.replaceAll(/\s/g, '')) : undefined;

/** undefined when brackets do not match, or something is left open. */
function tokensOf(query: string): Token[] | undefined {
  const tokens: Token[] = [];
  const open: string[] = [];
  for (const match of query.matchAll(lexeme)) {
    const groups = match.groups ?? {};
    if (groups.skip !== undefined) continue;
    const text = match[0];
    if (groups.open !== undefined) open.push(text);
    if (groups.close !== undefined && `${open.pop() ?? ''}${text}`.match(/^(\(\)|\[\]|\{\})$/) === null) return undefined;
    if (groups.other !== undefined && /["'`]/.test(text)) return undefined;
    const kind = (['word', 'operator', 'open', 'close'] as const).find((one) => groups[one] !== undefined) ?? 'other';
    tokens.push({ kind, text, at: match.index });
  }
  return open.length === 0 ? tokens : undefined;
}

/** Without parentheses around the whole. */
function unwrapped(tokens: readonly Token[]): readonly Token[] {
  const [first] = tokens;
  if (first?.text !== '(' || tokens.at(-1)?.text !== ')') return tokens;
  const inner = tokens.slice(1, -1);
  return depths(inner) === belowGround ? tokens : unwrapped(inner);
}

const belowGround: readonly boolean[] = [];

/** Which tokens stand outside of all brackets; `belowGround` when a bracket closes that these do not open. */
function depths(tokens: readonly Token[]): readonly boolean[] {
  let depth = 0;
  const isTop: boolean[] = [];
  for (const { kind } of tokens) {
    if (kind === 'close') depth -= 1;
    if (depth < 0) return belowGround;
    isTop.push(depth === 0 && kind !== 'open' && kind !== 'close');
    if (kind === 'open') depth += 1;
  }
  return isTop;
}

/** `job!="x"` inside braces. */
function isMatcher(tokens: readonly Token[], operator: Token): boolean {
  const open: string[] = [];
  for (const token of tokens) {
    if (token === operator) return open.at(-1) === '{';
    if (token.kind === 'open') open.push(token.text);
    if (token.kind === 'close') open.pop();
  }
  return false;
}
