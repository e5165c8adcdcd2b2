/** The server process: started, restarted, asked; one message with ways out when it cannot run. */
import { accessSync, constants, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import {
  CloseAction, DidChangeConfigurationNotification, ErrorAction, ExecuteCommandRequest, ErrorCodes, LanguageClient, LSPErrorCodes, ResponseError,
  RevealOutputChannelOn, type ClientCapabilities, type LanguageClientOptions, type Middleware, type StaticFeature,
} from 'vscode-languageclient/node';

import { serverCommand, type Machine } from './server_command';
import { written } from './settings';
import { singleFlight } from './single_flight';
import type { Phase } from './status';

const START_SECONDS = 30;
const CRASHES = 3; // restarts by itself within CRASH_MINUTES, then it asks
const CRASH_MINUTES = 3;

const [RESTART, SETTINGS, LOG] = ['Restart Server', 'Open Settings', 'Show Log'] as const;

const machine: Machine = {
  platform: process.platform,
  path: process.env['PATH'],
  isExecutable: file => {
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  },
};

/** Tells the server that this client understands `trm/state`. */
const states: StaticFeature = {
  fillClientCapabilities: (capabilities: ClientCapabilities) => {
    capabilities.experimental = { ...capabilities.experimental, trm: { state: true } };
  },
  initialize: () => {},
  getState: () => ({ kind: 'static' }),
  clear: () => {},
};

/** A client that logs instead of showing messages of its own: `Server` says it once, with ways out. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export class Server implements vscode.Disposable {
  phase: Phase = 'stopped';
  readonly restart = singleFlight(() => this.#restart());
  readonly #log: vscode.LogOutputChannel;
  readonly #onState: (params: unknown) => void;
  readonly #changed = new vscode.EventEmitter<Phase>();
  readonly onDidChangePhase = this.#changed.event;
  #client: LanguageClient | undefined;
  #crashes: number[] = [];

  constructor(log: vscode.LogOutputChannel, onState: (params: unknown) => void) {
    this.#log = log;
    this.#onState = onState;
  }

  /** Says so when it is not. */
  ensureRunning(): boolean {
    if (this.phase !== 'running') void this.#complain(`TRM: the server is ${this.phase === 'starting' ? 'still starting' : 'not running'}.`);
    return this.phase === 'running';
  }

  /** `workspace/executeCommand`; a failure is said here, and the answer is then undefined. */
  async ask(command: string, ...args: readonly unknown[]): Promise<unknown> {
    if (!this.ensureRunning()) return undefined;
    try {
      return await this.#client?.sendRequest(ExecuteCommandRequest.type, { command, arguments: [...args] });
    } catch (error) {
      const told = [LSPErrorCodes.RequestCancelled, ErrorCodes.PendingResponseRejected]; // by the user; by #crashed
      if (error instanceof ResponseError && told.includes(error.code)) return undefined;
      void this.#complain(`TRM: ${reason(error)}`, LOG);
      return undefined;
    }
  }

  /** Tells the server, which then asks for the settings again. */
  async settingsChanged(): Promise<void> {
    if (this.phase === 'running') await this.#client?.sendNotification(DidChangeConfigurationNotification.type, { settings: null });
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#become('stopped');
    await client?.dispose().catch((error: unknown) => this.#log.info('The server was not stopped in the usual way:', reason(error)));
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #restart(): Promise<void> {
    await this.stop();
    const folders = vscode.workspace.workspaceFolders?.map(folder => folder.uri.fsPath) ?? [];
    const found = serverCommand(vscode.workspace.getConfiguration('trm').get('server.command'), folders, machine);
    if ('problem' in found) {
      void this.#complain(`TRM cannot start its server: ${found.problem}`);
      return;
    }
    this.#become('starting');
    const [command, ...args] = found.argv;
    this.#log.info(`Starting ${JSON.stringify(found.argv)}, from ${found.from}.`);
    const attempt = this.#createClient(command, args);
    this.#client = attempt.client;
    try {
      await Promise.race([attempt.client.start(), tooLate()]);
      this.#become('running');
    } catch (error) {
      await this.stop();
      void this.#complain(`TRM cannot start its server (${command}): ${(await attempt.lastWords()) ?? reason(error)}`);
    }
  }

  #createClient(command: string, args: string[]): { client: LanguageClient; lastWords: () => Promise<string | undefined> } {
    let lastLine: string | undefined;
    let silent = Promise.resolve();
    let closed = false;
    const options: LanguageClientOptions = {
      documentSelector: [{ scheme: 'file', language: 'python' }],
      outputChannel: this.#log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      middleware: this.#middleware(),
      stdioOptions: {
        stdout: () => {},
        stderr: input => {
          const lines = createInterface({ input, crlfDelay: Infinity });
          lines.on('line', line => { this.#log.info(line); if (line.trim()) lastLine = line.trim(); });
          silent = new Promise(resolve => lines.once('close', resolve));
        },
      },
      initializationFailedHandler: () => false,
      errorHandler: {
        error: error => {
          this.#log.error('The connection to the server failed:', error.message);
          return { action: ErrorAction.Continue, handled: true };
        },
        closed: () => {
          closed = true;
          if (this.#client === client && this.phase === 'running') void this.#crashed();
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    };
    const client = new QuietClient('trm', 'TRM', { command, args }, options);
    client.registerFeature(states);
    client.onNotification('trm/state', this.#onState);
    const lastWords = async (): Promise<string | undefined> => {
      await Promise.race([silent, delay(500)]);
      return closed ? lastLine ?? 'it ended before it answered.' : undefined;
    };
    return { client, lastWords };
  }

  #middleware(): Middleware {
    return {
      executeCommand: (command, args) => this.ask(command, ...args),
      workspace: {
        configuration: async (params, token, next) => Promise.all(params.items.map(async item => {
          if (item.section !== 'trm') {
            const answer = await next({ items: [item] }, token);
            return Array.isArray(answer) ? answer[0] : null;
          }
          const scope = item.scopeUri ? vscode.Uri.parse(item.scopeUri) : undefined;
          return written(vscode.workspace.getConfiguration(undefined, scope).inspect('trm'));
        })),
      },
    };
  }

  async #crashed(): Promise<void> {
    const now = Date.now();
    this.#crashes = [...this.#crashes.filter(time => now - time < CRASH_MINUTES * 60_000), now];
    if (this.#crashes.length > CRASHES) {
      await this.stop();
      void this.#complain(`TRM's server ended by itself ${this.#crashes.length} times in ${CRASH_MINUTES} minutes.`);
      return;
    }
    void this.#complain("TRM's server ended by itself and is started again.", LOG);
    await this.restart();
  }

  #become(phase: Phase): void {
    this.phase = phase;
    this.#changed.fire(phase);
  }

  /** One message; its buttons are the ways out. */
  async #complain(sentence: string, ...waysOut: string[]): Promise<void> {
    this.#log.error(sentence);
    const choice = await vscode.window.showErrorMessage(sentence, ...(waysOut.length > 0 ? waysOut : [RESTART, SETTINGS, LOG]));
    if (choice === RESTART) await this.restart();
    if (choice === SETTINGS) await vscode.commands.executeCommand('workbench.action.openSettings', 'trm.server.command');
    if (choice === LOG) this.#log.show();
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function tooLate(): Promise<never> {
  await delay(START_SECONDS * 1000, undefined, { ref: false });
  throw new Error(`it did not answer in ${START_SECONDS} seconds.`);
}
