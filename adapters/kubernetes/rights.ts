import { permissionsOf, reviews, ruleText, type KubernetesAction, type Permission } from '../../domain/cluster.js';
import type { Patience, RightState } from '../../domain/right.js';
import { serverOf, type Server } from './server.js';

/**
 * What the account may do in one namespace, and with nodes, of what these actions take; asked by access reviews, which keep nothing.
 * @param all the actions in other namespaces too: what is in no namespace may be needed for one of them
 */
export async function rightsInCluster(
  actions: readonly [KubernetesAction, ...KubernetesAction[]],
  patience: Patience,
  all: readonly KubernetesAction[],
): Promise<readonly RightState[]> {
  const { access, namespace } = actions[0];
  if (access === 'inCluster' && process.env.KUBERNETES_SERVICE_HOST === undefined)
    throw new Error('this is no pod of the cluster: run it where the workers run');
  const server = await serverOf(access, patience);
  const needed = new Map(actions.flatMap(({ command }) => permissionsOf[command]).map((one) => [ruleText(one), one]));
  const states = [...needed].map(async ([line, permission]) => {
    const on = actions.filter(({ command }) => permissionsOf[command].includes(permission)).map(({ deployment }) => deployment);
    return stateOf(line, await Promise.all(questionsOf(permission, namespace, on).map((question) => review(server, question))));
  });
  const ofNodes = all
    .filter((one) => one.access === access)
    .flatMap(({ command }) => permissionsOf[command].filter(({ scope }) => scope === 'cluster'));
  return [...(await Promise.all(states)), ...(await beyond(server, namespace, [...needed.values(), ...ofNodes]))];
}

interface Question {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** A Role may name its Deployments, so that each is asked for; other objects are not known by name beforehand. */
function questionsOf({ verb, group, resource: whole, scope }: Permission, namespace: string, deployments: readonly string[]): Question[] {
  const [resource = '', subresource] = whole.split('/');
  const place = scope === 'namespace' ? { namespace } : {};
  const question = { verb, group, resource, ...(subresource === undefined ? {} : { subresource }), ...place };
  return resource === 'deployments' ? [...new Set(deployments)].map((name) => ({ ...question, name })) : [question];
}

interface Answer {
  readonly question: Question;
  readonly allowed: boolean;
  /** Why the cluster itself could not tell. */
  readonly doubt?: string;
}

async function review({ ask }: Server, question: Question): Promise<Answer> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: question } };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const { status } = await ask<{ status?: { allowed?: boolean; evaluationError?: string } }>({ needs: reviews.access, path, body });
  const doubt = status?.evaluationError;
  return { question, allowed: status?.allowed === true, ...(doubt === undefined ? {} : { doubt }) };
}

function stateOf(line: string, answers: readonly Answer[]): RightState {
  const refused = answers.filter(({ allowed }) => !allowed);
  const [first] = refused;
  if (first === undefined) return { kind: 'granted', line };
  if (first.doubt !== undefined) return { kind: 'unknown', line, why: `the cluster can't tell: ${first.doubt}` };
  if (refused.length === answers.length) return { kind: 'missing', line };
  return { kind: 'missing', line, why: `on ${refused.map(({ question }) => question.name).join(', ')}` };
}

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
}

/** So many are named; an administrator of the cluster has one rule, for everything. */
const namedMax = 8;

/** Every account may ask about itself. */
const ownGroups: readonly string[] = ['authorization.k8s.io', 'authentication.k8s.io'];

async function beyond({ ask }: Server, namespace: string, needed: readonly Permission[]): Promise<RightState[]> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
  const { status } = await ask<{ status?: { resourceRules?: readonly Rule[]; incomplete?: boolean } }>({
    needs: reviews.rules,
    path,
    body,
  });
  const wanted = new Set(needed.map(({ verb, group, resource }) => wordsOf(verb, group, resource)));
  const all = (status?.resourceRules ?? []).flatMap(({ verbs, apiGroups = [], resources = [] }) =>
    apiGroups
      .filter((group) => !ownGroups.includes(group))
      .flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => wordsOf(verb, group, resource)))),
  );
  const extra = [...new Set(all.filter((one) => !wanted.has(one)))];
  if (extra.length === 0) return [];
  const more = extra.length > namedMax ? `, and ${extra.length - namedMax} more` : '';
  return [{ kind: 'tooMuch', sentence: `in ${namespace} it may also ${extra.slice(0, namedMax).join(', ')}${more}` }];
}

function wordsOf(verb: string, group: string, resource: string): string {
  const does = verb === '*' ? 'do anything with' : verb;
  return `${does} ${resource === '*' ? 'everything' : resource}${group === '' || group === '*' ? '' : `.${group}`}`;
}
