/** Pages of the Temporal UI, for people to follow. */
export const workflowLink = (ui: string, namespace: string, workflowId: string): string =>
  `${ui.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
