// A real Prometheus scrapes the lab's shop, a real Alertmanager sends what fires to hale, and hale repairs the shop.
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { AlertRecord, Incident, IncidentDetail } from '../../contracts/cli.js';
import { withMonitoredShop } from '../support/acceptance/monitored-shop.js';

test('an alert of Prometheus starts the cycle that repairs the shop', { timeout: 120_000 }, async () => {
  await withMonitoredShop(async ({ breakIt, ask, service }) => {
    await breakIt();
    let incidents: Incident[] = [];
    while (incidents[0]?.endedAt == null) {
      await wait(200);
      incidents = await ask<Incident[]>('incidents');
    }
    expect(incidents).toMatchObject([{ service, outcome: 'healed', attempts: [{ correction: 'restart', verdict: 'held' }] }]);
    const { cycles } = await ask<IncidentDetail>('incidents', incidents[0].id);
    expect(cycles.map(({ by }) => by)).toEqual(['alert from am-prod']);
    expect(await ask<AlertRecord[]>('alerts')).toContainEqual(
      expect.objectContaining({
        state: 'report',
        services: [service],
        labels: expect.objectContaining({ alertname: 'ShopDown' }) as unknown,
      }),
    );
  });
});
