import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type pg from 'pg';
import { loadConfiguration } from '../../adapters/configuration/load.js';
import { storeConfiguration } from '../../adapters/postgres/configurations.js';
import { problemText } from '../../contracts/configuration/problem.js';
import { CannotStart } from './cannot-start.js';
import type { Report } from './kept.js';

/** Editors write a file in several steps; the first of them is not yet the file. */
const settleMs = 200;
/** Included files and overrides that come to an end are found by looking. */
const lookMs = 10_000;

/** The configuration file while hale runs: what it says is stored for the workers, and a broken one changes nothing. */
export class ConfigurationFile {
  private said = '';
  private loading: Promise<void> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly database: pg.Pool,
    private readonly report: Report,
  ) {}

  /** At the start a file that can't be used is an error; throws CannotStart with everything that is wrong. */
  async load(): Promise<void> {
    const refusal = await this.take();
    if (refusal !== undefined) throw new CannotStart(`the configuration can't be used:\n${refusal}`, 2);
  }

  /** From now on changes are taken up: at once when the file changes or at SIGHUP, else within 10 s. */
  follow(): void {
    let settling: NodeJS.Timeout | undefined;
    // The folder is watched, since editors and Kubernetes put a new file in the place of the old one.
    watch(dirname(this.path), (_, name) => {
      if (name !== null && name !== basename(this.path) && !name.startsWith('..')) return;
      clearTimeout(settling);
      settling = setTimeout(() => this.reload(), settleMs);
    }).on('error', (error) => this.report(`changes of ${this.path} are taken up each 10 s (${error.message})`));
    setInterval(() => this.reload(), lookMs);
  }

  reload(): void {
    this.loading = this.loading.then(async () => {
      try {
        const refusal = await this.take();
        if (refusal !== undefined) this.say(`the configuration is broken, the one before it stays in force:\n${refusal}`);
      } catch (error) {
        this.say(`the configuration could not be taken up: ${(error as Error).message}`);
      }
    });
  }

  /** Stores what the file says and returns undefined, or returns what is wrong with it. */
  private async take(): Promise<string | undefined> {
    const loaded = await loadConfiguration(this.path);
    if (loaded.kind === 'refused') return loaded.errors.map((problem) => `  ${problemText(problem)}`).join('\n');
    const { fleet, warnings } = loaded;
    await storeConfiguration(this.database, fleet, this.path, 'hale up');
    const inactive = fleet.notYetActive.map((path) => `not active yet: ${path}`);
    const notes = [...warnings.map(problemText), ...inactive].map((note) => `\n  ${note}`).join('');
    const services = `${fleet.services.length} ${fleet.services.length === 1 ? 'service' : 'services'}`;
    this.say(`configuration ${fleet.version} of ${this.path} is in force, ${services}${notes}`);
    return undefined;
  }

  /** Once: the same file read again says nothing new. */
  private say(sentence: string): void {
    if (sentence !== this.said) this.report(sentence);
    this.said = sentence;
  }
}
