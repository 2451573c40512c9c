// The pager never depends on hale: the example for Alertmanager, run by a real one, with two seconds in place of four minutes.
import { execFileSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { alertmanagerToken, kept, webOn } from '../support/intake.js';
import { freshFolder } from '../support/knob.js';
import { startPager, tellAlertmanager } from '../support/pager.js';
import { receiver } from '../support/receiver.js';

const labels = (service: string) => ({ alertname: 'Down', service, severity: 'critical' });

async function running() {
  const pagerduty = await receiver();
  const web = await webOn();
  const hale = `${web.url}/api/alerts/alertmanager/am-prod`;
  const options = {
    hale,
    token: alertmanagerToken,
    pager: `${pagerduty.url}/v2/enqueue`,
    folder: await freshFolder(),
    groupWaitSeconds: 4,
  };
  const alertmanager = await startPager(options);
  onTestFinished(() => alertmanager.stop());
  const told = async (service: string) => {
    while (!(await kept(web.pool)).some(({ labels: one }) => one['service'] === service))
      await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const paged = () => pagerduty.bodies().map((body) => JSON.stringify(body));
  return { alertmanager, pagerduty, web, told, paged };
}

test('what is healed in time calls nobody, and hale has heard of it at once', async () => {
  const { alertmanager, pagerduty, told, paged } = await running();
  const start = new Date();
  await tellAlertmanager(alertmanager.url, labels('shop'), start);
  await told('shop');
  expect(pagerduty.received).toEqual([]);
  await tellAlertmanager(alertmanager.url, labels('shop'), start, new Date());
  // A later alert that nobody heals: when its page is there, that of the first would have been there before.
  await tellAlertmanager(alertmanager.url, labels('other'), new Date());
  await pagerduty.count(1);
  expect(paged()).toEqual([expect.stringContaining('other')]);
});

test('with hale dead people are called all the same', async () => {
  const { alertmanager, pagerduty, web, paged } = await running();
  await web.close();
  await tellAlertmanager(alertmanager.url, labels('shop'), new Date());
  await pagerduty.count(1);
  expect(paged()).toEqual([expect.stringContaining('shop')]);
});

test('with hale dead what heals by itself in time still calls nobody', async () => {
  const { alertmanager, pagerduty, web, paged } = await running();
  await web.close();
  const start = new Date();
  await tellAlertmanager(alertmanager.url, labels('shop'), start);
  await tellAlertmanager(alertmanager.url, labels('shop'), start, new Date());
  await tellAlertmanager(alertmanager.url, labels('other'), new Date());
  await pagerduty.count(1);
  expect(paged()).toEqual([expect.stringContaining('other')]);
});

test('the example is a configuration that Alertmanager takes', () => {
  expect(execFileSync('amtool', ['check-config', 'examples/alertmanager.yml'], { encoding: 'utf8' })).toContain('SUCCESS');
});
