/** What is shipped: the manifest, the lock file, and the VSIX that `npm run package` made. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

interface Manifest {
  readonly capabilities: Readonly<Record<'untrustedWorkspaces' | 'virtualWorkspaces', { supported: boolean; description: string }>>;
  readonly contributes: {
    readonly commands: readonly { command: string }[];
    readonly configuration: readonly { id: string; properties: Readonly<Record<string, unknown>> }[];
  };
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly dependencies?: unknown;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const commands = manifest.contributes.commands.map(c => c.command);

test('nothing runs in an untrusted or a virtual workspace, and the reason is given', () => {
  for (const { supported, description } of Object.values(manifest.capabilities)) {
    assert.equal(supported, false);
    assert.ok(description.length > 20);
  }
});

test('no command of the client has the name of a command that the server registers', () => {
  for (const id of ['trm.refine', 'trm.cancel', 'trm.apply', 'trm.discard', 'trm.statistics']) assert.ok(!commands.includes(id), id);
});

test('every contributed command is registered, and the other way round', () => {
  const registered = [...readFileSync('src/extension.ts', 'utf8').matchAll(/registerCommand\('([^']+)'/g)].map(match => match[1]);
  assert.deepEqual(registered.sort(), [...commands].sort());
});

test("the server's settings have a place of their own beside the client's", () => {
  assert.deepEqual(manifest.contributes.configuration.map(c => c.id), ['trm.client', 'trm.generated']);
  assert.deepEqual(Object.keys(manifest.contributes.configuration[0]?.properties ?? {}), ['trm.server.command']);
});

test('every dependency is pinned and bundled, and the lock file names no registry', () => {
  assert.equal(manifest.dependencies, undefined);
  for (const version of Object.values(manifest.devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/);
  assert.doesNotMatch(readFileSync('package-lock.json', 'utf8'), /"resolved"/);
});

test('the VSIX holds the bundle, under 500 kB, and nothing unexpected', () => {
  const entries = zipEntries(readFileSync('trm-lsp.vsix'));
  assert.deepEqual([...entries.keys()].sort(), [
    '[Content_Types].xml',
    'extension.vsixmanifest',
    'extension/LICENSE.txt',
    'extension/changelog.md',
    'extension/dist/THIRD-PARTY-NOTICES.txt',
    'extension/dist/extension.js',
    'extension/package.json',
    'extension/readme.md',
  ]);
  assert.ok((entries.get('extension/dist/extension.js') ?? Infinity) < 500_000);
});

/** Name and unpacked size of each file, from the central directory at the end of a zip. */
function zipEntries(zip: Buffer): Map<string, number> {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  assert.ok(end >= 0, 'not a zip');
  const entries = new Map<string, number>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    assert.equal(zip.toString('latin1', at, at + 4), 'PK\x01\x02');
    const name = at + 46;
    const length = zip.readUInt16LE(at + 28);
    entries.set(zip.toString('utf8', name, name + length), zip.readUInt32LE(at + 24));
    at = name + length + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}
