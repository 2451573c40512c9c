import type { Problems } from './problem.js';
import { argumentsInClear } from './secret-arguments.js';
import { isBodyInClear, isQueryInClear, isSecretName } from './secret-words.js';
import type { Node } from './tree.js';

const head = 'would put a secret in clear into the configuration (not shown); allowed:';
const ways = {
  header: '{secret: NAME} or {bearer: NAME} of an entry of secrets',
  url: 'a URL without it: a header of an http correction, as {secret: NAME}, or a program that reads it itself can carry one',
  body: 'a body without it: a header, as {secret: NAME}, or a program that reads it itself can carry one',
  argument: 'an argument without it: let the program read it from a file that it is told, such as --password-file=/run/secrets/x',
} as const;

/** Reports what stands in the file in clear and is a secret by its name; of what only its value could tell nothing is known. */
export function refuseInClear(node: Node, problems: Problems, key = ''): void {
  if (node.kind === 'map')
    for (const [name, { node: child }] of node.entries) {
      if (key === 'headers' && isText(child) && isSecretName(name)) problems.error(child.place, `${head} ${ways.header}`);
      else refuseInClear(child, problems, name);
    }
  else if (node.kind === 'list' && (key === 'exec' || key === 'verify')) refuseArguments(node.items, problems);
  else if (node.kind === 'list') for (const item of node.items) refuseInClear(item, problems);
  else if (isText(node) && key === 'body' && isBodyInClear(node.value)) problems.error(node.place, `${head} ${ways.body}`);
  else if (isText(node) && /^https?:\/\//i.test(node.value) && isQueryInClear(node.value))
    problems.error(node.place, `${head} ${ways.url}`);
}

function refuseArguments(items: readonly Node[], problems: Problems): void {
  const words = items.map((item) => (item.kind === 'scalar' ? String(item.value) : ''));
  for (const place of argumentsInClear(words)) problems.error(items[place]?.place, `${head} ${ways.argument}`);
}

const isText = (node: Node): node is Node & { readonly value: string } => node.kind === 'scalar' && typeof node.value === 'string';
