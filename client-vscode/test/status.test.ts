import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bar, menu, parseState, shown, withState, type Phase, type State } from '../src/status';

const state = (over: Partial<State> = {}): State => ({
  root: '/ws', job: 'j1', state: 'running', text: 'step 2/16 - cycle 1/3', tooltip: '3 -> 1 failing', command: 'python -m pytest', T: 3, n: 6, N_sup: 16, ...over,
});
const all = (...states: State[]): readonly State[] => states.reduce<readonly State[]>(withState, []);
const jobs = (states: readonly State[]): string => states.map(s => `${s.root} ${s.job} ${s.state}`).join(', ');
const labels = (phase: Phase, ...states: State[]): string[] =>
  menu(phase, all(...states)).map(item => item.label.replace(/^\$\(\S+\) /, '') + (item.description ? ` (${item.description})` : ''));

const ALWAYS = ['Refine with TRM (at the cursor)', 'Show Statistics', 'Show Log', 'Restart Server'];

test('the bar shows the text of the server, with a spinning icon while it runs', () => {
  assert.deepEqual(bar('running', [state()]), {
    text: '$(sync~spin) TRM: step 2/16 - cycle 1/3',
    label: 'TRM: step 2/16 - cycle 1/3',
    tooltip: '3 -> 1 failing\nTests: python -m pytest\nUp to 16 steps of T=3 cycles, n=6 experiments each',
  });
});

test('a text that already says TRM is not prefixed', () => {
  assert.equal(bar('running', [state({ state: 'ready', text: 'TRM: passes 14 tests' })]).text, '$(pass) TRM: passes 14 tests');
});

test('a long text is cut on screen and whole for a screen reader', () => {
  const { text, label } = bar('running', [state({ text: 'x'.repeat(200) })]);
  assert.equal(text, `$(sync~spin) TRM: ${'x'.repeat(74)}…`);
  assert.equal(label, `TRM: ${'x'.repeat(200)}`);
});

test('without a state, or before the server runs, the bar says how things are', () => {
  assert.deepEqual(bar('running', []), { text: '$(beaker) TRM', label: 'TRM: idle', tooltip: 'TRM: nothing runs.' });
  assert.equal(bar('starting', [state()]).label, 'TRM: the server is starting');
  assert.deepEqual(bar('stopped', [state()]), { text: '$(error) TRM', label: 'TRM: the server is not running', tooltip: 'The server is not running.' });
});

test('what the tooltip does not know it leaves out', () => {
  assert.equal(bar('running', [state({ tooltip: '', command: '', T: null })]).tooltip, 'TRM: running');
});

test('a running job offers Stop first', () => {
  assert.deepEqual(labels('running', state()), ['Stop (step 2/16 - cycle 1/3)', ...ALWAYS]);
  assert.deepEqual(menu('running', [state()])[0]?.action, { server: 'trm.cancel', job: 'j1' });
});

test('a result that is ready, or the best so far, offers Apply and Discard', () => {
  for (const name of ['ready', 'best so far']) {
    assert.deepEqual(labels('running', state({ state: name, text: 'passes 14 tests' })),
      ['Apply (passes 14 tests)', 'Discard (passes 14 tests)', ...ALWAYS]);
  }
  assert.deepEqual(menu('running', [state({ state: 'ready' })]).slice(0, 2).map(item => item.action),
    [{ server: 'trm.apply', job: 'j1' }, { server: 'trm.discard', job: 'j1' }]);
});

test('an ended, an idle and an unknown state offer what is always there', () => {
  for (const name of ['idle', 'failed', 'cancelled', 'from a newer server']) assert.deepEqual(labels('running', state({ state: name })), ALWAYS);
  assert.deepEqual(labels('running'), ALWAYS);
});

test('without a server only the ways out are offered', () => {
  for (const phase of ['starting', 'stopped'] as const) assert.deepEqual(labels(phase, state()), ['Restart Server', 'Show Log']);
});

test('with several roots the menu names them', () => {
  const states = [state(), state({ root: 'file:///home/me/other/', job: 'j2', state: 'ready', text: 'passes' })];
  assert.deepEqual(labels('running', ...states).slice(0, 3), ['Stop (ws: step 2/16 - cycle 1/3)', 'Apply (other: passes)', 'Discard (other: passes)']);
});

test('a proposal stays on offer while another job runs, and the bar shows the job that runs', () => {
  const states = all(state({ state: 'ready' }), state({ job: 'j2', state: 'running' }), state({ job: 'j3', state: 'queued' }));
  assert.equal(jobs(states), '/ws j1 ready, /ws j2 running, /ws j3 queued');
  assert.equal(shown(states)?.job, 'j2');
});

test('the newest state of a job replaces the one before', () => {
  assert.equal(jobs(all(state({ text: 'step 1' }), state({ text: 'step 2' }), state({ state: 'ready' }))), '/ws j1 ready');
});

test('an ended job is forgotten as soon as its root has news', () => {
  assert.equal(jobs(all(state({ state: 'failed' }), state({ job: 'j2' }))), '/ws j2 running');
  assert.equal(jobs(all(state({ root: '/a', state: 'failed' }), state({ root: '/b', job: 'j2' }))), '/a j1 failed, /b j2 running');
});

test('a state without a job speaks for its whole root', () => {
  assert.equal(jobs(all(state({ root: '/a' }), state({ state: 'ready' }), state({ job: null, state: 'idle' }))), '/a j1 running, /ws null idle');
});

test('a notification is read field by field, and what is no state is refused', () => {
  assert.deepEqual(parseState({ ...state() }), state());
  assert.deepEqual(parseState({ state: 'idle', T: 'three', job: null }), {
    root: '', job: null, state: 'idle', text: '', tooltip: '', command: '', T: null, n: null, N_sup: null,
  });
  for (const wrong of [undefined, null, 'running', 7, [], {}, { state: 3 }]) assert.equal(parseState(wrong), undefined);
});
