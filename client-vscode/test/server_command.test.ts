import assert from 'node:assert/strict';
import { test } from 'node:test';

import { serverCommand, type Machine } from '../src/server_command';

const linux = (path: string, ...files: string[]): Machine => ({ platform: 'linux', path, isExecutable: file => files.includes(file) });

function check(setting: unknown, folders: string[], machine: Machine, expected: string): void {
  const found = serverCommand(setting, folders, machine);
  assert.equal('problem' in found ? found.problem : `${found.argv.join(' ')} | ${found.from}`, expected);
}

test('the setting wins and is the whole command', () => {
  check(['python', '-m', 'trm_lsp', 'serve'], ['/ws'], linux('/bin', '/ws/.venv/bin/trm-lsp'), 'python -m trm_lsp serve | trm.server.command');
});

test("the workspace's .venv comes before PATH", () => {
  check([], ['/ws'], linux('/bin', '/bin/trm-lsp', '/ws/.venv/bin/trm-lsp'), "/ws/.venv/bin/trm-lsp serve | the workspace's .venv");
});

test('any root may hold the .venv', () => {
  check([], ['/a', '/b'], linux('/bin', '/b/.venv/bin/trm-lsp'), "/b/.venv/bin/trm-lsp serve | the workspace's .venv");
});

test('PATH is searched in its order and empty entries are skipped', () => {
  check([], [], linux('/x::/y:/z', 'trm-lsp', '/y/trm-lsp', '/z/trm-lsp'), '/y/trm-lsp serve | PATH');
});

test('on Windows the names are those of Windows', () => {
  const windows: Machine = { platform: 'win32', path: 'C:\\x;C:\\y', isExecutable: file => file === 'C:\\ws\\.venv\\Scripts\\trm-lsp.exe' };
  check([], ['C:\\ws'], windows, "C:\\ws\\.venv\\Scripts\\trm-lsp.exe serve | the workspace's .venv");
  check([], [], { ...windows, isExecutable: file => file === 'C:\\y\\trm-lsp.exe' }, 'C:\\y\\trm-lsp.exe serve | PATH');
});

test('a server that is nowhere is a sentence with a way out', () => {
  const sentence = "there is no trm-lsp in the workspace's .venv nor on PATH. Install it (pip install trm-lsp), or set trm.server.command.";
  check([], ['/ws'], linux('/bin'), sentence);
  check([], [], { ...linux(''), path: undefined }, sentence);
});

test('a setting of the wrong shape says which shape is right', () => {
  const sentence = 'trm.server.command must be a list of strings, such as ["trm-lsp", "serve"].';
  for (const wrong of ['trm-lsp serve', [1], null, undefined, {}]) check(wrong, [], linux(''), sentence);
  check(['', 'serve'], [], linux(''), 'trm.server.command starts with an empty string.');
});
