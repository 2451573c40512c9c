import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Site } from '../site/site.js';

/** What hale may change on disk, byte for byte: the configuration's hash and the release in force. */
export interface TargetImage {
  readonly at: number;
  readonly config: string;
  readonly release: string;
}

export const sameTarget = (a: TargetImage, b: TargetImage): boolean => a.config === b.config && a.release === b.release;

export async function lookAtTarget(site: Site): Promise<TargetImage> {
  const config = createHash('sha256')
    .update(await readFile(site.config))
    .digest('hex');
  return { at: Date.now(), config, release: basename(await readlink(site.link)) };
}

/** Everything the target looked like, in order, by a look each 20 ms. */
export interface TargetHistory {
  readonly images: readonly TargetImage[];
  end(): Promise<void>;
}

/** @param changed told of every new image while the history goes on */
export async function followTarget(site: Site, changed: (image: TargetImage) => Promise<void>): Promise<TargetHistory> {
  const images = [await lookAtTarget(site)];
  let on = true;
  const following = (async () => {
    while (on) {
      const now = await lookAtTarget(site);
      if (!images.slice(-1).every((last) => sameTarget(last, now))) {
        images.push(now);
        await changed(now);
      }
      await new Promise((again) => setTimeout(again, 20));
    }
  })();
  return {
    images,
    end: async () => {
      on = false;
      await following;
    },
  };
}

/** Whether the target, once changed, was at some later time again byte for byte as at first. */
export function cameBack([first, ...later]: readonly TargetImage[]): boolean {
  return first !== undefined && later.some((image, at) => at > 0 && sameTarget(image, first));
}
