// A correction of our own: switches a feature off in the file of flags that the shop reads, and on again as its undo.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { defineCorrection, Refused } from 'hale/plug-in';

const flagsIn = async (file) => JSON.parse(await readFile(file, 'utf8').catch(() => Promise.reject(new Refused(`there is no ${file}`))));

async function write(file, flags) {
  await writeFile(`${file}.new`, JSON.stringify(flags));
  await rename(`${file}.new`, file);
}

export const switchOff = defineCorrection({
  undo: 'restores',
  refuse: ({ file, flag }) => (file && flag ? undefined : 'needs {file: /etc/shop/flags.json, flag: newCheckout}'),
  resource: ({ file }) => file,
  look: async ({ file }) => {
    const flags = await flagsIn(file);
    return {
      identity: JSON.stringify(flags),
      summary: `on: ${
        Object.keys(flags)
          .filter((one) => flags[one] === true)
          .join(', ') || 'nothing'
      }`,
      content: { flags },
    };
  },
  pointless: ({ flag }, { content }) => (content.flags[flag] === true ? undefined : `${String(flag)} is not on`),
  act: async ({ file, flag }, { actionId }) => write(file, { ...(await flagsIn(file)), [flag]: false, lastAction: actionId }),
  happened: async ({ file }, { actionId }) => (await flagsIn(file)).lastAction === actionId,
  takeBack: ({ file }, { before }) => write(file, before.content.flags),
});
