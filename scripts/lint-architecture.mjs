import { relative, posix } from 'node:path';
import { rowOf } from './import-table.mjs';

/** Lint rules of hale's architecture, run by oxlint. Each is shown failing in test/lint.test.ts. */

const within = (name, allowed) => name === allowed || name.startsWith(`${allowed}/`);

/** What an import names: a path relative to the project without extension, `node:...`, or a package. */
function targetOf(source, file) {
  if (!source.startsWith('.')) return { name: source, isPackage: !source.startsWith('node:') };
  return { name: posix.join(posix.dirname(file), source).replace(/\.(js|ts|mjs|json)$/, ''), isPackage: false };
}

function isAllowed({ name, isPackage }, row, isTypeOnly) {
  const allowed = [row.folder, ...row.values, ...(isTypeOnly ? row.types : [])];
  return allowed.some((entry) => {
    if (entry === '*') return isPackage;
    return entry === 'node:' ? name.startsWith('node:') : within(name, entry);
  });
}

function refusal(source, file, isTypeOnly) {
  const row = rowOf(file);
  if (row === undefined) return file.includes('/') ? `${posix.dirname(file)} has no row in scripts/import-table.mjs` : undefined;
  const target = targetOf(source, file);
  if (isAllowed(target, row, isTypeOnly)) return undefined;
  const asType = isAllowed(target, row, true) ? ' except with `import type`' : '';
  return `${row.folder} may not import ${target.name}${asType}; see scripts/import-table.mjs`;
}

const projectPath = (context) => relative(context.cwd, context.filename).replaceAll('\\', '/');

const importTable = {
  create(context) {
    const file = projectPath(context);
    const check = (node, source, isTypeOnly) => {
      const message = refusal(source, file, isTypeOnly);
      if (message !== undefined) context.report({ node, message });
    };
    // Only the whole declaration counts: `import { type A }` leaves `import {}` behind, which loads the module.
    const declaration = (kind) => (node) => {
      if (node.source) check(node, node.source.value, node[kind] === 'type');
    };
    return {
      ImportDeclaration: declaration('importKind'),
      ExportNamedDeclaration: declaration('exportKind'),
      ExportAllDeclaration: declaration('exportKind'),
      TSImportType: (node) => check(node, node.source?.value ?? node.argument?.literal?.value, true),
      ImportExpression: (node) => {
        if (node.source.type === 'Literal') check(node, node.source.value, false);
      },
    };
  },
};

const impureCalls = new Set(['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID', 'crypto.getRandomValues']);
const impureNames = new Set(['process', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'console', 'globalThis']);

/** Same values in, same decision out: a clock or randomness would make replay and tests guess. */
const pureDomain = {
  create(context) {
    const report = (node, name) => context.report({ node, message: `domain is pure: ${name} must come in as a value` });
    const checkCall = (node) => {
      if (node.callee.type === 'Identifier' && impureNames.has(node.callee.name)) report(node, node.callee.name);
    };
    return {
      CallExpression: checkCall,
      MemberExpression(node) {
        if (node.object.type !== 'Identifier') return;
        const name = `${node.object.name}.${node.property.name}`;
        if (impureCalls.has(name)) report(node, name);
        else if (impureNames.has(node.object.name)) report(node, node.object.name);
      },
      NewExpression(node) {
        if (node.callee.name === 'Date' && node.arguments.length === 0) report(node, 'new Date()');
      },
    };
  },
};

const schemaCalls = new Set(['parse', 'parseAsync', 'extend']);
const moduleLevel = new Set(['Program', 'ExportNamedDeclaration']);

/** Preloaded schemas are frozen in the sandbox: a member first touched there throws and fails the task for ever. */
const workflowSandbox = {
  create: (context) => ({
    CallExpression(node) {
      const { callee } = node;
      if (callee.type !== 'MemberExpression' || !schemaCalls.has(callee.property.name) || callee.object.name === 'JSON') return;
      context.report({ node, message: `workflows never call .${callee.property.name}(): the frozen schema throws; use safeParse` });
    },
    VariableDeclaration(node) {
      if (node.kind === 'const' || !moduleLevel.has(node.parent.type)) return;
      context.report({ node, message: 'workflows keep no module-level state: it is shared between runs; move it into a function' });
    },
  }),
};

export default {
  meta: { name: 'hale' },
  rules: { 'import-table': importTable, 'pure-domain': pureDomain, 'workflow-sandbox': workflowSandbox },
};
