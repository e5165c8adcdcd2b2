/** What the status bar and its menu show, from what the server said. Nothing here decides anything. */

/** The server process, as far as the client knows. */
export type Phase = 'starting' | 'running' | 'stopped';

/** The notification `trm/state`. A state that this client does not know is shown like `idle`. */
export interface State {
  readonly root: string;
  readonly job: string | null;
  readonly state: string;
  readonly text: string;
  readonly tooltip: string;
  /** The command that runs the tests. */
  readonly command: string;
  readonly T: number | null;
  readonly n: number | null;
  readonly N_sup: number | null;
}

export interface Bar {
  readonly text: string;
  /** What a screen reader says. */
  readonly label: string;
  readonly tooltip: string;
}

export type Action = { readonly client: string } | { readonly server: string; readonly job: string };

export interface Item {
  readonly label: string;
  readonly description?: string;
  readonly action: Action;
}

const ICONS: Readonly<Record<string, string>> = {
  queued: '$(clock)', running: '$(sync~spin)', ready: '$(pass)', 'best so far': '$(circle-outline)', failed: '$(error)', cancelled: '$(circle-slash)',
};

/** Undefined: not a state. Missing fields are empty, so that an older or newer server is still shown. */
export function parseState(value: unknown): State | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const field = (name: string): unknown => (value as Record<string, unknown>)[name];
  const text = (name: string): string => { const v = field(name); return typeof v === 'string' ? v : ''; };
  const number = (name: string): number | null => { const v = field(name); return typeof v === 'number' ? v : null; };
  if (text('state') === '') return undefined;
  return {
    root: text('root'), job: text('job') || null, state: text('state'), text: text('text'), tooltip: text('tooltip'),
    command: text('command'), T: number('T'), n: number('n'), N_sup: number('N_sup'),
  };
}

export const isBusy = (state: State): boolean => state.state === 'running' || state.state === 'queued';
export const isProposal = (state: State): boolean => state.state === 'ready' || state.state === 'best so far';

/**
 * The states worth knowing after one more: the newest of each job, newest last.
 * A state that ends a job replaces the ended ones of its root; one without a job replaces the whole root.
 */
export function withState(states: readonly State[], next: State): readonly State[] {
  const stays = (old: State): boolean =>
    old.root !== next.root || (next.job !== null && old.job !== next.job && (isBusy(old) || isProposal(old)));
  return [...states.filter(stays), next];
}

/** The state that the bar shows: what runs, else what waits, else the newest. */
export function shown(states: readonly State[]): State | undefined {
  return states.find(s => s.state === 'running') ?? states.find(s => s.state === 'queued') ?? states.at(-1);
}

export function bar(phase: Phase, states: readonly State[]): Bar {
  if (phase === 'starting') return { text: '$(sync~spin) TRM', label: 'TRM: the server is starting', tooltip: 'The server is starting.' };
  if (phase === 'stopped') return { text: '$(error) TRM', label: 'TRM: the server is not running', tooltip: 'The server is not running.' };
  const state = shown(states);
  const said = oneLine(state?.text ?? '');
  const named = said === '' ? 'TRM' : said.startsWith('TRM') ? said : `TRM: ${said}`;
  return {
    text: `${ICONS[state?.state ?? ''] ?? '$(beaker)'} ${short(named)}`,
    label: named === 'TRM' ? `TRM: ${state?.state ?? 'idle'}` : named,
    tooltip: state ? tooltip(state) : 'TRM: nothing runs.',
  };
}

function tooltip(state: State): string {
  const { T, n, N_sup } = state;
  return [
    state.tooltip || `TRM: ${state.state}`,
    state.command && `Tests: ${state.command}`,
    T !== null && n !== null && N_sup !== null && `Up to ${N_sup} steps of T=${T} cycles, n=${n} experiments each`,
  ].filter(Boolean).join('\n');
}

/** What a click offers, first things first. */
export function menu(phase: Phase, states: readonly State[]): readonly Item[] {
  const restart: Item = { label: '$(debug-restart) Restart Server', action: { client: 'trm.restartServer' } };
  const log: Item = { label: '$(output) Show Log', action: { client: 'trm.showLog' } };
  if (phase !== 'running') return [restart, log];
  const severalRoots = new Set(states.map(s => s.root)).size > 1;
  const jobs = states.flatMap((state): Item[] => {
    if (state.job === null) return [];
    const description = severalRoots ? `${folderName(state.root)}: ${oneLine(state.text)}` : oneLine(state.text);
    const item = (label: string, server: string): Item => ({ label, description, action: { server, job: state.job ?? '' } });
    if (isBusy(state)) return [item('$(debug-stop) Stop', 'trm.cancel')];
    if (isProposal(state)) return [item('$(check) Apply', 'trm.apply'), item('$(trash) Discard', 'trm.discard')];
    return [];
  });
  return [
    ...jobs,
    { label: '$(beaker) Refine with TRM', description: 'at the cursor', action: { client: 'trm.refineHere' } },
    { label: '$(graph) Show Statistics', action: { client: 'trm.showStatistics' } },
    log,
    restart,
  ];
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
const short = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
const folderName = (root: string): string => root.split(/[/\\]/).filter(Boolean).at(-1) ?? root;
