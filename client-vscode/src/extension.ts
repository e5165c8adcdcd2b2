/** The client shows what the server says and passes on what the user asks for. What to do is the server's business. */
import * as vscode from 'vscode';

import { Server } from './server';
import { bar, isBusy, menu, parseState, shown, withState, type State } from './status';

const STATISTICS = vscode.Uri.parse('trm-view:TRM statistics.md');
const TITLE = 'Refine with TRM';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('TRM', { log: true });
  const status = vscode.window.createStatusBarItem('trm.status', vscode.StatusBarAlignment.Left, 100);
  status.name = 'TRM';
  status.command = 'trm.showMenu';

  let states: readonly State[] = [];
  const trm = server = new Server(log, params => {
    const state = parseState(params);
    if (!state) { log.warn('Not a state:', JSON.stringify(params)); return; }
    states = withState(states, state);
    render();
  });
  const render = (): void => {
    const { text, label, tooltip } = bar(trm.phase, states);
    status.text = text;
    status.tooltip = tooltip;
    status.accessibilityInformation = { label, role: 'button' };
  };

  const stop = async (): Promise<void> => {
    const state = shown(states);
    if (state && isBusy(state)) await trm.ask('trm.cancel', { job: state.job });
    else vscode.window.setStatusBarMessage('TRM: nothing runs.', 3000);
  };

  const showMenu = async (): Promise<void> => {
    const choice = await vscode.window.showQuickPick(menu(trm.phase, states), { title: 'TRM', placeHolder: shown(states)?.text ?? '' });
    if (!choice) return;
    if ('client' in choice.action) await vscode.commands.executeCommand(choice.action.client);
    else await trm.ask(choice.action.server, { job: choice.action.job });
  };

  let statistics = '';
  const statisticsChanged = new vscode.EventEmitter<vscode.Uri>();
  const showStatistics = async (): Promise<void> => {
    const markdown = await trm.ask('trm.statistics');
    if (typeof markdown !== 'string') return;
    statistics = markdown;
    statisticsChanged.fire(STATISTICS);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(STATISTICS));
  };

  context.subscriptions.push(
    log, status, trm, statisticsChanged,
    trm.onDidChangePhase(phase => { if (phase !== 'running') states = []; render(); }),
    vscode.workspace.registerTextDocumentContentProvider(STATISTICS.scheme, {
      onDidChange: statisticsChanged.event,
      provideTextDocumentContent: () => statistics,
    }),
    vscode.workspace.onDidChangeConfiguration(async event => {
      if (event.affectsConfiguration('trm.server')) await trm.restart();
      else if (event.affectsConfiguration('trm')) await trm.settingsChanged();
    }),
    vscode.commands.registerCommand('trm.refineHere', () => refineHere(trm)),
    vscode.commands.registerCommand('trm.stop', stop),
    vscode.commands.registerCommand('trm.showMenu', showMenu),
    vscode.commands.registerCommand('trm.showStatistics', showStatistics),
    vscode.commands.registerCommand('trm.showLog', () => log.show()),
    vscode.commands.registerCommand('trm.restartServer', () => trm.restart()),
  );
  render();
  status.show();
  await trm.restart(); // until then VS Code holds back our commands
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** Runs the server's own code action at the cursor: the one on a failing test first. */
async function refineHere(trm: Server): Promise<void> {
  if (!trm.ensureRunning()) return;
  const editor = vscode.window.activeTextEditor;
  for (const kind of editor ? [vscode.CodeActionKind.QuickFix, vscode.CodeActionKind.RefactorRewrite] : []) {
    const actions = await vscode.commands.executeCommand<(vscode.CodeAction | vscode.Command)[]>(
      'vscode.executeCodeActionProvider', editor?.document.uri, editor?.selection, kind.value, 10);
    const ours = actions.filter((action): action is vscode.CodeAction => action.title.startsWith(TITLE) && typeof action.command !== 'string');
    if (ours.length === 0) continue;
    const choice = ours.length === 1 ? ours[0]
      : await vscode.window.showQuickPick(ours.map(action => ({ label: action.title, action }))).then(item => item?.action);
    if (choice?.disabled) void vscode.window.showInformationMessage(`TRM: ${choice.disabled.reason}`);
    else if (choice?.command) await vscode.commands.executeCommand(choice.command.command, ...(choice.command.arguments ?? []));
    return;
  }
  void vscode.window.showInformationMessage('TRM: nothing to refine here. Put the cursor in a test or in a function of a Python file.');
}
