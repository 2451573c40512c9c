import { ApplicationFailure } from '@temporalio/workflow';
import { cycleOrder } from '../contracts/schemas.js';

export async function healingCycle(raw: unknown): Promise<string> {
  const order = cycleOrder.safeParse(raw);
  if (!order.success) throw ApplicationFailure.nonRetryable(order.error.message, 'InvalidInput');
  return order.data.service;
}
