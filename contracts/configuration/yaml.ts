import {
  type Alias,
  type Document,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  parseDocument,
} from 'yaml';
import type { Problems } from './problem.js';
import { type Entry, type Node, type Place, type Scalar, type Step, pathText } from './tree.js';

const charactersMax = 4_000_000;
/** Aliases multiply: a file of a few lines may stand for billions of values. */
const nodesMax = 200_000;
const depthMax = 30;

/** Reads one YAML document into a tree that knows its lines; what can't be read is reported and undefined returned. */
export function readYaml(file: string, text: string, problems: Problems): Node | undefined {
  return guarded(file, text, problems, (content) => {
    const lines = new LineCounter();
    const document = parseDocument(content, { ...grammar, lineCounter: lines });
    return new Reader(file, content, lines, document, problems).read();
  });
}

/** Reads every document of a file that may hold several; those that can't be read are reported. An empty one is none. */
export function readYamlDocuments(file: string, text: string, problems: Problems): Node[] {
  const read = guarded(file, text, problems, (content) => {
    const lines = new LineCounter();
    const documents = parseAllDocuments(content, { ...grammar, lineCounter: lines });
    const filled = Array.isArray(documents) ? documents.filter(({ contents, errors }) => contents !== null || errors.length > 0) : [];
    return filled.flatMap((document) => new Reader(file, content, lines, document, problems).read() ?? []);
  });
  return read ?? [];
}

const grammar = { uniqueKeys: false, prettyErrors: false, schema: 'core' } as const;

function guarded<T>(file: string, text: string, problems: Problems, read: (content: string) => T): T | undefined {
  const start: Place = { file, line: 1, column: 1, path: '' };
  if (text.length > charactersMax) return refuse(problems, start, `has ${text.length} characters; allowed: ${charactersMax}`);
  const content = text.replace(/^\uFEFF/, '');
  try {
    return read(content);
  } catch (error) {
    if (error instanceof TooLarge) return refuse(problems, error.place, error.message);
    if (error instanceof RangeError) return refuse(problems, { ...start, ...tooDeepAt(content) }, tooDeep);
    throw error;
  }
}

const tooDeep = `is nested too deeply; allowed: ${depthMax} levels, such as services, shop, signals, up: 4`;

/** Where the first value stands that is nested too deeply. Found without recursion: the library itself runs out of stack. */
function tooDeepAt(text: string): { line: number; column: number } | undefined {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme));
    // Below the value stand the document and the map of the whole file.
    if (parser.stack.length <= depthMax + 2) continue;
    const { line, col } = lines.linePos(parser.offset - lexeme.length);
    return { line, column: col };
  }
  return undefined;
}

const refuse = (problems: Problems, place: Place, sentence: string): undefined => {
  problems.error(place, sentence);
  return undefined;
};

class TooLarge extends Error {
  readonly place: Place;
  constructor(place: Place, message: string) {
    super(message);
    this.place = place;
  }
}

class Reader {
  readonly #file: string;
  readonly #text: string;
  readonly #problems: Problems;
  readonly #lines: LineCounter;
  readonly #document: Document.Parsed;
  #nodes = 0;

  constructor(file: string, text: string, lines: LineCounter, document: Document.Parsed, problems: Problems) {
    this.#file = file;
    this.#text = text;
    this.#lines = lines;
    this.#problems = problems;
    this.#document = document;
  }

  read(): Node | undefined {
    const { errors, warnings, contents } = this.#document;
    // What follows the first mistake in the grammar is mostly its echo.
    const [mistake] = [...errors, ...warnings];
    const deep = mistake && tooDeepAt(this.#text);
    if (deep !== undefined) return refuse(this.#problems, { file: this.#file, ...deep, path: '' }, tooDeep);
    if (mistake !== undefined) return refuse(this.#problems, this.#place(mistake.pos[0], []), `is not valid YAML: ${mistake.message}`);
    if (isMap(contents)) return this.#node(contents, []);
    return refuse(
      this.#problems,
      this.#place(contents?.range[0] ?? 0, []),
      'holds no map; allowed: keys such as apiVersion: hale/v1 and services: {...}',
    );
  }

  #place(offset: number, path: readonly Step[]): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1), path: pathText(path) };
  }

  #node(node: ParsedNode | null, path: readonly Step[]): Node {
    const place = this.#place(node?.range[0] ?? 0, path);
    this.#nodes += 1;
    if (this.#nodes > nodesMax)
      throw new TooLarge(place, `the file stands for more than ${nodesMax} values; aliases (*name) repeat too much`);
    if (path.length > depthMax) throw new TooLarge(place, tooDeep);
    if (isAlias(node)) return this.#aliased(node, path, place);
    if (isMap(node)) return { kind: 'map', entries: this.#entries(node.items as Pairs, path), place };
    if (isSeq(node))
      return { kind: 'list', items: node.items.map((item, index) => this.#node(item as ParsedNode, [...path, index])), place };
    return { kind: 'scalar', value: this.#scalar(isScalar(node) ? node.value : null, place), place };
  }

  /** An alias stands for something earlier; it never ends only where that holds the alias itself. */
  #aliased(alias: Alias.Parsed, path: readonly Step[], place: Place): Node {
    const target = (alias.resolve(this.#document) as ParsedNode | undefined) ?? null;
    const [at] = alias.range;
    if (target !== null && target.range[0] <= at && at < target.range[1])
      throw new TooLarge(place, `*${alias.source} stands inside what it stands for; allowed: aliases of other parts`);
    return this.#node(target, path);
  }

  #entries(pairs: Pairs, path: readonly Step[]): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const pair of pairs) {
      const name = isScalar(pair.key) ? String(pair.key.source ?? pair.key.value) : '?';
      const key = this.#place(pair.key?.range[0] ?? 0, [...path, name]);
      const earlier = entries.get(name)?.key;
      if (earlier !== undefined) this.#problems.error(key, `is set twice, first in line ${earlier.line}`);
      else if (name === '__proto__' || !isScalar(pair.key)) this.#problems.error(key, 'is no key; allowed: plain names');
      else entries.set(name, { node: this.#node(pair.value, [...path, name]), key });
    }
    return entries;
  }

  #scalar(value: unknown, place: Place): Scalar {
    // PostgreSQL's jsonb holds neither NUL nor half a surrogate pair; the replacement character means the file is no UTF-8.
    if (typeof value === 'string' && (value.includes('\0') || value.includes('\uFFFD') || /\p{Surrogate}/u.test(value)))
      this.#problems.error(place, 'holds a character that is no text: NUL, half a surrogate pair, or bytes that are not UTF-8');
    return value as Scalar;
  }
}

type Pairs = readonly { readonly key: ParsedNode | null; readonly value: ParsedNode | null }[];
