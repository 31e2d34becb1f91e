import { ILineage, ILineageEdge, ILineageNode } from '../api/provenance';

/** Pixels. */
export const NODE = { width: 176, height: 44, columnGap: 64, rowGap: 12 } as const;

/**
 * A node of the lineage with its place.
 */
export interface IPlaced {
  node: ILineageNode;
  /** Columns right of the run; those left of it are negative. */
  column: number;
  /** Pixels from the corner of the graph. */
  x: number;
  y: number;
}

/**
 * The lineage as it is drawn: columns from what was there first to what came last.
 */
export interface IGraph {
  /** Column by column, each from top to bottom. */
  placed: readonly IPlaced[];
  edges: readonly { from: IPlaced; to: IPlaced; tie: ILineageEdge['tie'] }[];
  width: number;
  height: number;
}

/** Place the nodes: each as many columns from the run as there are steps between them. */
export function graphOf(lineage: ILineage): IGraph {
  const columns = columnsOf(lineage);
  const least = Math.min(0, ...columns.values());
  const rows = new Map<number, ILineageNode[]>();
  for (const node of lineage.nodes) {
    const column = columns.get(node.id);
    if (column !== undefined) {
      rows.set(column, [...(rows.get(column) ?? []), node]);
    }
  }
  const step = NODE.height + NODE.rowGap;
  const highest = Math.max(1, ...[...rows.values()].map(nodes => nodes.length));
  const height = highest * step - NODE.rowGap;
  const placed = [...rows.entries()]
    .sort(([a], [b]) => a - b)
    .flatMap(([column, nodes]) => {
      const top = (height - (nodes.length * step - NODE.rowGap)) / 2;
      return nodes.map((node, row) => ({
        node,
        column,
        x: (column - least) * (NODE.width + NODE.columnGap),
        y: top + row * step
      }));
    });
  const places = new Map(placed.map(place => [place.node.id, place]));
  const edges = lineage.edges.flatMap(({ source, target, tie }) => {
    const [from, to] = [places.get(source), places.get(target)];
    return from && to ? [{ from, to, tie }] : [];
  });
  const width = Math.max(0, ...placed.map(place => place.x)) + NODE.width;
  return { placed, edges, width, height };
}

/** The node that an arrow key leads to; undefined where there is none. */
export function neighbour(graph: IGraph, id: string, key: string): IPlaced | undefined {
  const here = graph.placed.find(({ node }) => node.id === id);
  if (!here) {
    return undefined;
  }
  const [across, down] = STEPS[key] ?? [0, 0];
  if (down !== 0) {
    const column = graph.placed.filter(place => place.column === here.column);
    return column[column.indexOf(here) + down];
  }
  const column = graph.placed.filter(place => place.column === here.column + across);
  const distance = (place: IPlaced): number => Math.abs(place.y - here.y);
  return across === 0 ? undefined : [...column].sort((a, b) => distance(a) - distance(b))[0];
}

const STEPS: Readonly<Record<string, readonly [across: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1]
};

function columnsOf({ center, edges }: ILineage): Map<string, number> {
  const columns = new Map([[center, 0]]);
  const walk = (from: 'source' | 'target', to: 'source' | 'target', step: number): void => {
    let front = [center];
    for (let column = step; front.length > 0; column += step) {
      const next = edges.filter(edge => front.includes(edge[from]) && !columns.has(edge[to]));
      front = [...new Set(next.map(edge => edge[to]))];
      front.forEach(id => columns.set(id, column));
    }
  };
  walk('target', 'source', -1);
  walk('source', 'target', 1);
  return columns;
}
