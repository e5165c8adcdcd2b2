/** The settings that the user wrote, without the defaults of package.json: those would hide `[tool.trm]` in pyproject.toml. */

/** What `WorkspaceConfiguration.inspect` says, weakest first. */
export interface Layers {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

type Table = Record<string, unknown>;

const isTable = (value: unknown): value is Table => typeof value === 'object' && value !== null && !Array.isArray(value);

export function written(layers: Layers | undefined): Table {
  const own = merge(merge(merge({}, layers?.globalValue), layers?.workspaceValue), layers?.workspaceFolderValue);
  const { server: _server, trace: _trace, ...forServer } = own; // the client's own
  return forServer;
}

function merge(weak: Table, strong: unknown): Table {
  if (!isTable(strong)) return weak;
  const merged = { ...weak };
  for (const [key, value] of Object.entries(strong)) {
    const old = merged[key];
    merged[key] = isTable(value) ? merge(isTable(old) ? old : {}, value) : value;
  }
  return merged;
}
