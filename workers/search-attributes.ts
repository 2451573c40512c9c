import type { OperatorService } from '@temporalio/client';
import proto from '@temporalio/proto';
import { searchAttributeTypes } from '../contracts/names.js';

type Operator = Pick<OperatorService, 'listSearchAttributes' | 'addSearchAttributes'>;

export type AttributesCheck =
  | { readonly kind: 'present' }
  | { readonly kind: 'added'; readonly names: readonly string[] }
  /** hale may not add them; `command` does. */
  | { readonly kind: 'missing'; readonly names: readonly string[]; readonly command: string; readonly why: string };

/**
 * Makes sure that the namespace knows hale's search attributes. To be called before a worker polls: a cycle that
 * upserts an unknown attribute fails its workflow task for ever.
 */
export async function ensureSearchAttributes(operator: Operator, namespace: string): Promise<AttributesCheck> {
  const missing = await missingAttributes(operator, namespace);
  if (missing.length === 0) return { kind: 'present' };
  try {
    await operator.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, typeOf(name)])) });
    return { kind: 'added', names: missing };
  } catch (error) {
    // Two workers that start together both add; the second one's refusal means nothing when all are there now.
    if ((await missingAttributes(operator, namespace)).length === 0) return { kind: 'present' };
    return { kind: 'missing', names: missing, command: commandToAdd(missing, namespace), why: (error as Error).message };
  }
}

async function missingAttributes(operator: Operator, namespace: string): Promise<readonly string[]> {
  const { customAttributes } = await operator.listSearchAttributes({ namespace });
  return Object.keys(searchAttributeTypes).filter((name) => customAttributes?.[name] !== typeOf(name));
}

const indexed = proto.temporal.api.enums.v1.IndexedValueType;

const typeOf = (name: string): proto.temporal.api.enums.v1.IndexedValueType =>
  searchAttributeTypes[name] === 'Int' ? indexed.INDEXED_VALUE_TYPE_INT : indexed.INDEXED_VALUE_TYPE_KEYWORD;

function commandToAdd(names: readonly string[], namespace: string): string {
  const flags = names.map((name) => `--name ${name} --type ${searchAttributeTypes[name]}`).join(' ');
  return `temporal operator search-attribute create --namespace ${namespace} ${flags}`;
}
