/** Which command starts the server. */
import path from 'node:path';

/** What has to be known of the machine; tests pass their own. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** The value of the PATH variable. */
  readonly path: string | undefined;
  readonly isExecutable: (file: string) => boolean;
}

export type ServerCommand = { readonly argv: readonly [string, ...string[]]; readonly from: string } | { readonly problem: string };

export function serverCommand(setting: unknown, folders: readonly string[], machine: Machine): ServerCommand {
  const from = 'trm.server.command';
  if (!Array.isArray(setting) || !setting.every(word => typeof word === 'string')) {
    return { problem: `${from} must be a list of strings, such as ["trm-lsp", "serve"].` };
  }
  const [command, ...args] = setting;
  if (command !== undefined) {
    return command === '' ? { problem: `${from} starts with an empty string.` } : { argv: [command, ...args], from };
  }
  const windows = machine.platform === 'win32';
  const { join, delimiter } = windows ? path.win32 : path.posix;
  const program = windows ? 'trm-lsp.exe' : 'trm-lsp';
  const places = [
    ...folders.map(folder => ({ file: join(folder, '.venv', windows ? 'Scripts' : 'bin', program), from: "the workspace's .venv" })),
    ...(machine.path ?? '').split(delimiter).filter(Boolean).map(folder => ({ file: join(folder, program), from: 'PATH' })),
  ];
  const found = places.find(place => machine.isExecutable(place.file));
  return found
    ? { argv: [found.file, 'serve'], from: found.from }
    : { problem: "there is no trm-lsp in the workspace's .venv nor on PATH. Install it (pip install trm-lsp), or set trm.server.command." };
}
