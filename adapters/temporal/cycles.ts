import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Cycles } from '../../activities/ports.js';
import type { CycleOrder } from '../../contracts/cycle.js';
import type { Finding } from '../../domain/finding.js';
import { outcomes } from '../../domain/outcome.js';
import { reportSignal, type Report } from '../../contracts/messages.js';
import { healWorkflowId, searchAttributes, taskQueues, workflowTypes } from '../../contracts/names.js';

/** Cycles as workflows: the id is the mutex, so a report starts the cycle or reaches the one that runs. */
export function temporalCycles(client: Client): Cycles {
  return {
    async report(finding) {
      const { service, instance } = finding;
      const { by, what, details } = wordsOf(finding);
      const order: CycleOrder = { service, ...(instance === undefined ? {} : { instance }), by, finding };
      const report: Report = { by, finding };
      await client.workflow.signalWithStart(workflowTypes.healingCycle, {
        workflowId: healWorkflowId(service, instance),
        taskQueue: taskQueues.cycles,
        args: [order],
        signal: reportSignal,
        signalArgs: [report],
        workflowIdConflictPolicy: 'USE_EXISTING',
        // A worker that dies inside a workflow task costs this long; with the default it would be 10 s.
        workflowTaskTimeout: '2s',
        staticSummary: `Heal ${service}${instance === undefined ? '' : ` ${instance}`}: ${what}`,
        staticDetails: details,
      });
    },
    async last(service, instance) {
      try {
        const {
          status,
          closeTime,
          searchAttributes: found,
        } = await client.workflow.getHandle(healWorkflowId(service, instance)).describe();
        if (status.name === 'RUNNING' || closeTime === undefined) return { kind: 'running' };
        const outcome = outcomes.find((one) => one === found[searchAttributes.outcome]?.[0]);
        return { kind: 'ended', at: closeTime.getTime(), ...(outcome === undefined ? {} : { outcome }) };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { kind: 'none' };
        throw error;
      }
    },
  };
}

/** Who reports it, what it is about, and a sentence on it for the Temporal UI. */
function wordsOf(finding: Finding): { readonly by: string; readonly what: string; readonly details: string } {
  const since = new Date(finding.onset).toISOString();
  if (finding.kind === 'alert') {
    const { alert, source } = finding;
    return {
      by: `alert from ${source}`,
      what: alert,
      details: `${source} says that ${alert} fires since ${since}: hale measures for itself`,
    };
  }
  const { objective, evidence } = finding;
  return {
    by: 'watch',
    what: objective,
    details: `Reported by watch: ${evidence.signal} should be ${evidence.bound}, broken since ${since}`,
  };
}
