import { access } from 'node:fs/promises';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';

export type Encoding = 'json/plain' | 'json/protobuf';

/** Chromium without a window. It calls nobody: the tests need no network. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env['HALE_CHROMIUM'] ?? '/usr/bin/chromium';
  await access(executablePath).catch(() => {
    throw new Error(
      `no Chromium at ${executablePath}: apt-get install chromium, or name it, for example HALE_CHROMIUM=/usr/bin/google-chrome`,
    );
  });
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] });
}

/** Temporal's own page, used as a person on call uses it. `ui` is the URL of the namespace's workflows. */
export class TemporalPage {
  constructor(
    private readonly page: Page,
    private readonly ui: string,
  ) {}

  /** Fills the prefilled start form that docs/temporal-ui.md links to, sends it and opens the new workflow's page. */
  async startCycle(order: { id: string; taskQueue: string; json: string; encoding?: Encoding; summary?: string }): Promise<void> {
    const prefilled = new URLSearchParams({ workflowId: order.id, taskQueue: order.taskQueue, workflowType: 'healingCycle' });
    await this.page.goto(`${this.ui}/start-workflow?${prefilled.toString()}`);
    if (order.summary !== undefined) {
      await this.page.getByRole('button', { name: 'More options' }).click();
      await this.#type(this.page.locator('.cm-content[data-language=markdown]').first(), order.summary);
    }
    await this.#fill(this.page, order.json, order.encoding);
    await press(this.page.getByTestId('start-workflow-button'));
    await this.page.getByText('Workflow started successfully').first().waitFor();
    await this.open(order.id);
  }

  async open(id: string): Promise<void> {
    await this.page.goto(`${this.ui}/${encodeURIComponent(id)}`);
    await this.page.getByTestId('workflow-id-heading').waitFor();
  }

  /**
   * Words come from the list that the workflow itself offers. The page is loaded anew once the server has the signal: on
   * a busy machine the dialog sometimes stays, still waiting for an answer that has come.
   */
  async sendSignal(name: string, json: string, encoding?: Encoding): Promise<void> {
    const dialog = await this.#dialog('Send a Signal');
    await this.#choose(dialog, name);
    await this.#fill(dialog, json, encoding);
    const answered = this.page.waitForResponse((response) => response.url().includes(`/signal/${name}`));
    await press(dialog.getByTestId('confirm-modal-button'));
    const answer = await answered;
    if (!answer.ok()) throw new Error(`signal ${name}: ${answer.status()} ${await answer.text()}`);
    await this.page.reload();
  }

  /** What the dialog says when the update is refused. */
  async refusedUpdate(name: string, json: string): Promise<string> {
    const dialog = await this.#dialog('Send an Update');
    await this.#choose(dialog, name);
    await this.#fill(dialog, json);
    await press(dialog.getByTestId('confirm-modal-button'));
    const refusal = dialog.getByText(/^refused: /).first();
    await refusal.waitFor();
    const text = await refusal.innerText();
    await press(dialog.getByTestId('cancel-modal-button'));
    await dialog.waitFor({ state: 'hidden' });
    return text;
  }

  async openMetadata(): Promise<void> {
    await this.page.getByTestId('user-metadata-tab').click();
    await this.page.getByTestId('user-metadata').waitFor();
  }

  summary(): Promise<string> {
    return this.#metadata('summary');
  }

  staticDetails(): Promise<string> {
    return this.#metadata('details');
  }

  /** As the page shows them now; it asks the workflow anew only at `refresh`. */
  currentDetails(): Promise<string> {
    return this.#metadata('current-details');
  }

  /** The key R, as the page itself says. */
  refresh(): Promise<void> {
    return this.page.keyboard.press('r');
  }

  status(): Promise<string> {
    return this.page.getByTestId('execution-status').first().innerText();
  }

  result(): Promise<string> {
    return this.page.getByTestId('input-and-result').innerText();
  }

  async #metadata(part: string): Promise<string> {
    const text = await this.page.frameLocator(`#user-metadata-${part}`).locator('body').innerText();
    return text.trim();
  }

  async #dialog(title: string): Promise<Locator> {
    await this.page.getByRole('button', { name: 'More Actions' }).click();
    await this.page.getByRole('menuitem', { name: title }).click();
    const dialog = this.page.getByRole('dialog', { name: title });
    await dialog.waitFor();
    return dialog;
  }

  async #choose(dialog: Locator, name: string): Promise<void> {
    await dialog.getByTestId(/-select-button$/).click();
    await dialog.getByRole('option', { name: new RegExp(`^\\s*${name}\\b`) }).click();
  }

  async #fill(form: Page | Locator, json: string, encoding: Encoding = 'json/plain'): Promise<void> {
    if (encoding !== 'json/plain') await form.getByRole('radio', { name: encoding }).check();
    await this.#type(form.getByRole('textbox', { name: 'Data' }), json);
  }

  /** The editor keeps what was typed into an earlier dialog. */
  async #type(editor: Locator, text: string): Promise<void> {
    await editor.click();
    await this.page.keyboard.press('ControlOrMeta+A');
    await this.page.keyboard.insertText(text);
  }
}

/** By key, since an editor that loses the focus formats its text and moves the button away from under a pointer. */
async function press(button: Locator): Promise<void> {
  await button.click({ trial: true }); // Waits until it can be pressed.
  await button.press('Enter');
}
