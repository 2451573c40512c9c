export function missingPrograms(): string | undefined;

export function startCluster(): Promise<{
  readonly url: string;
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** One JSON object for each change of a Deployment that was asked for. */
  readonly auditLog: string;
  readonly stop: () => Promise<void>;
}>;
