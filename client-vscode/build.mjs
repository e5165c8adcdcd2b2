// node build.mjs        src/ -> dist/extension.js, and the licences of what was bundled into it
// node build.mjs tests  test/*.test.ts -> build/test/*.test.js
import { build } from 'esbuild';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

const common = { bundle: true, platform: 'node', format: 'cjs', target: 'node20', external: ['vscode'], logLevel: 'warning' };

if (process.argv[2] === 'tests') {
  rmSync('build/test', { recursive: true, force: true });
  const entryPoints = readdirSync('test').filter(name => name.endsWith('.test.ts')).map(name => `test/${name}`);
  await build({ ...common, entryPoints, outdir: 'build/test', sourcemap: 'inline' });
} else {
  rmSync('dist', { recursive: true, force: true });
  const { metafile } = await build({
    ...common, entryPoints: ['src/extension.ts'], outfile: 'dist/extension.js', minify: true, metafile: true,
  });
  writeFileSync('dist/THIRD-PARTY-NOTICES.txt', notices(Object.keys(metafile.inputs)));
}

function notices(inputs) {
  const folders = inputs.map(file => file.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean);
  return [...new Set(folders)].sort().map(folder => {
    const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const licence = readdirSync(folder).find(file => /^licen[cs]e/i.test(file));
    if (!licence) throw new Error(`${name} has no licence file`);
    return `${name} ${version}\n\n${readFileSync(`${folder}/${licence}`, 'utf8').trim()}\n`;
  }).join(`\n${'-'.repeat(80)}\n\n`);
}
