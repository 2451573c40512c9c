import { z } from 'zod';
import { argumentsInClear } from './secret-arguments.js';
import { isBodyInClear, isSecretName } from './secret-words.js';
import { type Problems, placeAt, unknown } from './problem.js';
import { type Node, type Place, type Step, at, plain, without } from './tree.js';

/**
 * Reports everything in which `root` differs from `schema` and returns the tree without those parts, so that later
 * checks still find what else is wrong.
 */
export function validate(root: Node, schema: z.ZodType, problems: Problems): Node {
  problems.partsAreRead();
  for (const issue of issuesOf(root, schema)) report(root, issue, schema, problems);
  return pruned(root, schema);
}

/** Takes away what does not fit; where something is missing, the whole that misses it goes. */
function pruned(root: Node, schema: z.ZodType): Node {
  let tree = root;
  for (let issues = issuesOf(tree, schema); issues.length > 0; issues = issuesOf(tree, schema)) {
    const before = tree;
    for (const path of issues.flatMap(faultyPaths).toReversed())
      tree = without(tree, at(tree, ...path) === undefined ? path.slice(0, -1) : path);
    if (tree === before) break;
  }
  return tree;
}

function issuesOf(root: Node, schema: z.ZodType): Issue[] {
  const result = schema.safeParse(plain(root));
  return result.success ? [] : result.error.issues.flatMap((issue) => flatten(issue, []));
}

type Issue = z.core.$ZodIssue;

/** Of a union, the branch that fits the value's outer shape tells best what is wrong. */
function flatten(issue: Issue, base: readonly Step[]): Issue[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union') {
    const branch = issue.errors.find((errors) => errors.every((error) => error.path.length > 0 || error.code === 'unrecognized_keys'));
    if (branch !== undefined) return branch.flatMap((inner) => flatten(inner, path));
  }
  return [{ ...issue, path: [...path] }];
}

const faultyPaths = (issue: Issue): Step[][] =>
  issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];

function report(root: Node, issue: Issue, schema: z.ZodType, problems: Problems): void {
  const place = placeAt(root, issue.path);
  const found = at(root, ...issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    for (const key of issue.keys) problems.error(keyPlace(root, [...issue.path, key]), unknown('key', key, known));
  } else if (issue.code === 'invalid_key') {
    problems.error(keyPlace(root, issue.path), `is no name; allowed: ${issue.issues[0]?.message ?? 'a name'}`);
  } else if (found === undefined) {
    problems.error(place, `is missing; allowed: ${allowedBy(issue)}`);
  } else {
    problems.error(place, `is ${shown(found, issue.path)}; allowed: ${allowedBy(issue)}`);
  }
}

/** zod's own words for shapes speak of JavaScript. */
function allowedBy(issue: Issue): string {
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return issue.message;
  const shapes: Readonly<Record<string, string>> = {
    object: 'a map',
    record: 'a map',
    array: 'a list',
    string: 'text',
    boolean: 'true or false',
  };
  return shapes[issue.expected] ?? issue.expected;
}

function keyPlace(root: Node, path: readonly Step[]): Place | undefined {
  const parent = at(root, ...path.slice(0, -1));
  const entry = parent?.kind === 'map' ? parent.entries.get(String(path.at(-1))) : undefined;
  return entry?.key ?? placeAt(root, path);
}

const notShown = 'not valid (not shown: it may be a secret)';

/** A value as people wrote it; never one that is or holds a secret, as far as names tell. */
export function shown(node: Node, path: readonly Step[]): string {
  const name = String(path.at(-1));
  if (path.includes('secrets') || isSecretName(name)) return notShown;
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'list') return 'a list';
  if (/:\/\/[^/]*@/.test(String(node.value))) return 'a URL with a password (not shown)';
  if (argumentsInClear([String(node.value)]).length > 0 || isBodyInClear(String(node.value))) return notShown;
  const text = typeof node.value === 'string' ? JSON.stringify(node.value) : String(node.value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** Keys that the schema knows for the map at `path`. */
function knownKeys(schema: z.ZodType, path: readonly Step[]): string[] {
  const schemas = path.reduce<z.ZodType[]>((found, step) => found.flatMap((one) => stepInto(one, step)), unwrapped(schema));
  return [...new Set(schemas.flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : [])))];
}

function stepInto(schema: z.ZodType, step: Step): z.ZodType[] {
  if (schema instanceof z.ZodObject) return unwrapped(schema.shape[String(step)] as z.ZodType | undefined);
  if (schema instanceof z.ZodRecord) return unwrapped(schema.valueType as z.ZodType);
  return schema instanceof z.ZodArray ? unwrapped(schema.element as z.ZodType) : [];
}

/** The schemas behind what only makes optional, transforms or chooses. */
function unwrapped(schema: z.ZodType | undefined): z.ZodType[] {
  if (schema instanceof z.ZodOptional) return unwrapped(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in as z.ZodType);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => unwrapped(option as z.ZodType));
  return schema === undefined ? [] : [schema];
}
