import { z } from 'zod';
import { fits } from './mode.js';
import { absolutePath, choice, count, labelMatcher, name, text } from './scalars.js';

const tooWide = 'at least one matcher that an alert without the label does not fit, such as service="shop": else everything fits';

/** As in Alertmanager: an alert is about the service where all of them fit. */
export const alertMatchers = z
  .array(labelMatcher)
  .min(1, { error: tooWide })
  .max(20)
  .refine((matchers) => matchers.some((matcher) => !fits(matcher, '')), { error: tooWide });

/** Who may send what; each source has a token of its own, and is good for one thing. */
export const intake = z.record(
  name,
  z.strictObject({
    accepts: choice('alertmanager', 'alerts', 'changes'),
    token: text.describe('Name of an entry of `secrets`; sent as Authorization: Bearer'),
    perSecond: count(1, 10_000).optional().describe('Requests; more are answered 429'),
  }),
);

const repositoryError =
  'a folder by its absolute path, or an https, http or ssh URL without password, such as https://git.internal/shop.git';
/** git takes more than that: transports that run programs, and options. */
export const repository = z
  .string({ error: repositoryError })
  .max(500, { error: repositoryError })
  .refine((url) => url.startsWith('/') || isRemote(url), { error: repositoryError });

function isRemote(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return password === '' && (protocol === 'ssh:' || (/^https?:$/.test(protocol) && username === ''));
}

const branchError = 'the name of a branch, such as main or release/1.2';
export const branch = z
  .string({ error: branchError })
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}$/, { error: branchError })
  .refine((text) => !text.includes('..') && !text.includes('//'), { error: branchError });

export const clusterAccess = z.union([z.literal('inCluster'), absolutePath], {
  error: 'inCluster, or the path of a kubeconfig file, such as /etc/hale/kubeconfig',
});

const pathError = 'a path inside the repository, such as apps/shop';
export const pathInRepository = z.string({ error: pathError }).regex(/^[^/:\0][^:\0]{0,299}$/, { error: pathError });

/** Every commit on the branch, or those that touch the path. */
export const changeSources = z
  .array(
    z.strictObject({
      source: name,
      path: pathInRepository.optional(),
    }),
  )
  .min(1)
  .max(50);
