import { IArtifact } from '../api/types';

/** How the content of an artifact is shown; `none` is only downloaded. */
export type PreviewKind =
  'image' | 'svg' | 'table' | 'notebook' | 'markdown' | 'json' | 'text' | 'none';

const IMAGES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  bmp: 'image/bmp'
};

const TEXTS = new Set(
  (
    'txt log md rst tex bib py ipy r jl sh bash toml yaml yml ini cfg conf json5 jsonl xml html htm css js ts tsx ' +
    'c h cpp java go rs sql diff patch env lock gitignore dockerfile makefile'
  ).split(' ')
);

/** Bytes above which a preview is made only when asked for. */
const LIMITS: Readonly<Record<PreviewKind, number>> = {
  image: 8e6,
  svg: 1e6,
  table: Infinity, // the server reads its beginning alone
  notebook: 5e6,
  markdown: 5e5,
  json: 1e6,
  text: Infinity, // only its beginning is fetched
  none: 0
};

/** Bytes of a text that are shown at first. */
export const TEXT_HEAD = 128 * 1024;

/** How an artifact is shown: by the end of its name, else by its type. */
export function previewKind({ path, media_type: type }: IArtifact): PreviewKind {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const ending = name.slice(name.lastIndexOf('.') + 1);
  if (ending in IMAGES || (Object.values(IMAGES).includes(type) && !name.includes('.'))) {
    return 'image';
  }
  const kinds: Readonly<Record<string, PreviewKind>> = {
    svg: 'svg',
    csv: 'table',
    tsv: 'table',
    parquet: 'table',
    ipynb: 'notebook',
    md: 'markdown',
    json: 'json'
  };
  const kind = kinds[ending];
  if (kind) {
    return kind;
  }
  return TEXTS.has(ending) || type.startsWith('text/') ? 'text' : 'none';
}

/** The type under which the browser draws an image; never one that it could execute. */
export function imageType(path: string): string {
  return IMAGES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? 'image/png';
}

/** Whether an artifact is shown without being asked for. */
export function isSmall(artifact: IArtifact): boolean {
  return artifact.size <= LIMITS[previewKind(artifact)];
}

/** A cell of a notebook file, as far as it is shown. */
export interface INotebookCell {
  type: 'code' | 'markdown' | 'raw';
  source: string;
  count: number | null;
  outputs: readonly Record<string, unknown>[];
}

/** The cells of a notebook file; null where it is none. */
export function notebookCells(text: string): INotebookCell[] | null {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return null;
  }
  const cells = isRecord(content) ? content.cells : undefined;
  return Array.isArray(cells) ? cells.filter(isRecord).map(cellOf) : null;
}

function cellOf(cell: Record<string, unknown>): INotebookCell {
  const { cell_type: type, execution_count: count, outputs } = cell;
  return {
    type: type === 'code' || type === 'markdown' ? type : 'raw',
    source: joinedText(cell.source),
    count: typeof count === 'number' ? count : null,
    outputs: Array.isArray(outputs) ? outputs.filter(isRecord) : []
  };
}

/** A text of a notebook file, which may be a list of lines. */
export function joinedText(value: unknown): string {
  const lines: unknown[] = Array.isArray(value) ? value : [value];
  return lines.filter(line => typeof line === 'string').join('');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
