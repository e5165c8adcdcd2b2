import assert from 'node:assert/strict';
import { test } from 'node:test';

import { written } from '../src/settings';

test('defaults are not sent, so that pyproject.toml can speak', () => {
  const layers = { defaultValue: { loop: { T: 3, n: 6 }, net: 'repair' }, globalValue: undefined };
  assert.deepEqual(written(layers), {});
  assert.deepEqual(written(undefined), {});
});

test('the folder wins over the workspace, and the workspace over the user, setting by setting', () => {
  assert.deepEqual(written({
    globalValue: { loop: { T: 1, n: 1, steps: 1 }, net: 'repair' },
    workspaceValue: { loop: { T: 2, n: 2 } },
    workspaceFolderValue: { loop: { T: 3 }, test: { env: ['A'] } },
  }), { loop: { T: 3, n: 2, steps: 1 }, net: 'repair', test: { env: ['A'] } });
});

test('lists and null replace, they do not merge', () => {
  assert.deepEqual(written({ globalValue: { test: { env: ['A', 'B'] }, budget: { work: 5 } }, workspaceValue: { test: { env: ['C'] }, budget: { work: null } } }),
    { test: { env: ['C'] }, budget: { work: null } });
});

test("the client's own settings stay with the client", () => {
  assert.deepEqual(written({ globalValue: { server: { command: ['x'] }, trace: { server: 'verbose' }, net: 'repair' } }), { net: 'repair' });
});

test('the layers themselves are left as they are', () => {
  const globalValue = { loop: { T: 1 } };
  written({ globalValue, workspaceValue: { loop: { T: 2 } } });
  assert.deepEqual(globalValue, { loop: { T: 1 } });
});
