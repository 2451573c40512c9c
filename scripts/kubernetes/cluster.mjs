/** A real control plane on loopback, without nodes: its containers are not run. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const bin = process.env.HALE_KUBERNETES_BIN ?? join(homedir(), '.cache', 'hale', 'kubernetes');
const programs = ['etcd', 'kube-apiserver', 'kube-controller-manager'];
/** The server's own account of who changed Deployments, and of whom it refused. */
const audit = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', verbs: ['patch'], resources: [{ group: 'apps', resources: ['deployments'] }] }, { level: 'None' }],
};

/** Why there can be no cluster; undefined where there can. */
export function missingPrograms() {
  const missing = programs.filter((program) => !existsSync(join(bin, program)));
  if (missing.length === 0) return undefined;
  return `no binaries (${missing.join(', ')} not in ${bin}; scripts/kubernetes-binaries.sh builds them)`;
}

/** Starts it; `stop` ends it and removes what it wrote. */
export async function startCluster() {
  const folder = mkdtempSync(join(tmpdir(), 'hale-kubernetes-'));
  const running = [];
  const start = (program, args) => {
    const log = openSync(join(folder, `${program}.log`), 'a');
    const child = spawn(join(bin, program), args, { cwd: folder, stdio: ['ignore', log, log] });
    running.push(child);
    child.once(
      'exit',
      (code) =>
        code && console.error(`${program} ended with code ${code}: ${readFileSync(join(folder, `${program}.log`), 'utf8').slice(-2000)}`),
    );
  };
  const stop = async () => {
    for (const child of running.toReversed()) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGTERM')) await Promise.race([ended, wait(10_000).then(() => child.kill('SIGKILL'))]);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const url = await startServers(folder, start);
    return { url, kubeconfig: join(folder, 'kubeconfig'), auditLog: join(folder, 'audit.log'), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startServers(folder, start) {
  const [client, peer, secure] = await Promise.all([freePort(), freePort(), freePort()]);
  const etcd = `http://127.0.0.1:${client}`;
  start('etcd', [
    '--unsafe-no-fsync',
    '--data-dir',
    join(folder, 'etcd'),
    '--listen-client-urls',
    etcd,
    '--advertise-client-urls',
    etcd,
    '--listen-peer-urls',
    `http://127.0.0.1:${peer}`,
  ]);
  spawnSync('openssl', ['genrsa', '-out', join(folder, 'sa.key'), '2048'], { stdio: 'ignore' });
  writeFileSync(join(folder, 'tokens.csv'), 'admin-token,admin,1,"system:masters"\nhale-token,hale,2\n');
  mkdirSync(join(folder, 'certs'));
  writeFileSync(join(folder, 'audit.json'), JSON.stringify(audit));
  const url = `https://127.0.0.1:${secure}`;
  start('kube-apiserver', [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${secure}`,
    `--cert-dir=${join(folder, 'certs')}`,
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.96.0.0/24',
    '--service-account-issuer=https://lane',
    `--service-account-key-file=${join(folder, 'sa.key')}`,
    `--service-account-signing-key-file=${join(folder, 'sa.key')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--disable-admission-plugins=ServiceAccount',
    `--audit-policy-file=${join(folder, 'audit.json')}`,
    `--audit-log-path=${join(folder, 'audit.log')}`,
  ]);
  await ready(`${url}/readyz`);
  const kubeconfig = join(folder, 'kubeconfig');
  const cluster = { server: url, 'insecure-skip-tls-verify': true };
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'lane',
      clusters: [{ name: 'lane', cluster }],
      users: [{ name: 'admin', user: { token: 'admin-token' } }],
      contexts: [{ name: 'lane', context: { cluster: 'lane', user: 'admin' } }],
    }),
  );
  start('kube-controller-manager', [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--controllers=deployment-controller,replicaset-controller,disruption-controller',
  ]);
  return url;
}

async function ready(url) {
  for (let tries = 0; tries < 600; tries++) {
    const answer = await fetchInsecure(url).catch(() => undefined);
    if (answer?.ok) return;
    await wait(200);
  }
  throw new Error('the kube-apiserver was not ready within two minutes');
}

/** Its certificate is one that it has just made itself. */
export async function fetchInsecure(url) {
  const { request } = await import('node:https');
  return new Promise((resolve, reject) => {
    const asked = request(url, { rejectUnauthorized: false, headers: { authorization: 'Bearer admin-token' } }, (response) => {
      let body = '';
      response
        .on('data', (chunk) => (body += chunk))
        .on('end', () => resolve({ ok: response.statusCode === 200, json: async () => JSON.parse(body) }));
    });
    asked.on('error', reject).end();
  });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
