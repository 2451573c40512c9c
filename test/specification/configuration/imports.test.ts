import { expect, test } from 'vitest';
import { servicesOf } from '../../../client/cli/init/services.js';
import { draftsOf, readEntity } from '../../../contracts/configuration/import/backstage.js';
import { Services } from '../../../contracts/configuration/import/objective.js';
import { importOpenSlo } from '../../../contracts/configuration/import/openslo.js';
import { Problems, problemText } from '../../../contracts/configuration/problem.js';
import { readYamlDocuments } from '../../../contracts/configuration/yaml.js';

const open = 'apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: a}\n';

test('what is wrong with the third document of a file is said with its line', () => {
  const problems = new Problems();
  readYamlDocuments('slo.yaml', `${open}---\n${open}---\n- no map\n`, problems);
  expect(problems.errors).toMatchObject([{ line: 9, sentence: expect.stringContaining('holds no map') as string }]);
});

test('an SLO without its spec is left out with the line of its document', () => {
  const problems = new Problems();
  const documents = readYamlDocuments('slo.yaml', `${open}---\n${open}---\n${open.replace('SLI', 'SLO')}`, problems);
  importOpenSlo(documents, new Services(), 'prometheus', undefined, problems);
  expect(problems.warnings.length).toBeGreaterThan(0);
  expect(problems.warnings.map(({ line }) => line).filter((line) => line !== 9)).toEqual([]);
});

test('a Backstage component that depends on itself is named', () => {
  const problems = new Problems();
  const text = 'kind: Component\nmetadata: {name: cart}\nspec: {dependsOn: [component:cart]}\n';
  const entities = readYamlDocuments('catalog.yaml', text, problems).flatMap((node) => readEntity(node, problems) ?? []);
  expect(draftsOf(entities, problems)).toMatchObject([{ name: 'cart', keys: {} }]);
  expect(problems.warnings.map(problemText)).toEqual(['catalog.yaml:3:20 spec.dependsOn[0]: is cart itself, and is left out']);
});

test('a job whose name would be filled in as another one is left out, and why is said', () => {
  const jobs = [
    { name: '$service', instances: ['a:1'] },
    { name: 'shop', instances: ['b:1'] },
  ];
  const { services, leftOut } = servicesOf({ jobs, rules: [] }, [], undefined);
  expect(services.map(({ name }) => name)).toEqual(['shop']);
  expect(leftOut).toEqual(['job $service: in a query its name would stand for another one']);
});
