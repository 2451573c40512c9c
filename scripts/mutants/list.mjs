// The list of mutants: what is in it, and what a mutant does to the text of a file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const readMutants = (root) => JSON.parse(readFileSync(join(root, 'test', 'mutants.json'), 'utf8'));

/** The text with the one edit. Throws unless `find` stands in it exactly once. */
export function mutated(text, { name, file, find, replace }) {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${name}: its text stands ${parts.length - 1} times in ${file}, once is right`);
  return parts.join(replace);
}

/** What is wrong with the list, a sentence each. `textOf` gives the text of a file, and throws where there is none. */
export function complaintsAbout(mutants, textOf) {
  const names = mutants.map(({ name }) => name);
  const doubles = names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} is there twice`);
  const noOps = mutants.filter(({ survives }) => survives === true).length === 1 ? [] : ['exactly one mutant must change nothing'];
  return [...doubles, ...noOps, ...mutants.flatMap((mutant) => complaintAbout(mutant, textOf))];
}

function complaintAbout(mutant, textOf) {
  try {
    const text = textOf(mutant.file);
    if (mutated(text, mutant) === text) return [`${mutant.name} changes nothing in ${mutant.file}`];
    for (const test of mutant.tests ?? []) textOf(test);
    return mutant.survives === true || mutant.tests?.length > 0 ? [] : [`${mutant.name} names no test that should catch it`];
  } catch (error) {
    return [error.message];
  }
}

const shareMin = 0.95;

/** 1 when fewer than 95 of 100 were caught, when the edit that changes nothing was, or when nothing was tried. */
export function exitCodeOf(results) {
  const real = results.filter(({ survives }) => survives !== true);
  const caught = real.filter(({ end }) => end === 'caught').length;
  const isTrusted = results.some(({ survives, end }) => survives === true && end === 'survived');
  return isTrusted && real.length > 0 && caught >= shareMin * real.length ? 0 : 1;
}
