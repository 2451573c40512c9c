/**
 * Half of the services (two at least) without data at once is a trouble of the monitoring, not of the services: a single
 * finding, and no cycle for any of them.
 */
export const isMonitoringSilent = (missing: number, services: number): boolean => missing >= 2 && missing * 2 >= services;
