import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ILineage, ILineageNode, ProvenanceClient } from '../../api/provenance';
import { IRun, IRunDetail } from '../../api/types';
import { formatSize } from '../../charts/format';
import { graphOf, IGraph, IPlaced, neighbour, NODE } from '../../model/graph';
import { statusWord, verdictWords } from '../marks/marks';
import { shortId } from '../marks/name';
import { Loaded } from './loaded';
import { Lack } from './output';
import { Reruns } from './reruns';
import { Part } from './table';

/**
 * Where the run comes from and what became of it, from left to right; its reruns below.
 */
export function Lineage(props: {
  run: IRunDetail;
  provenance: ProvenanceClient;
  find: (runId: string) => IRun | undefined;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, provenance, find, onOpen, trans } = props;
  return (
    <>
      <Part title={trans.__('Files and runs')}>
        <Loaded
          load={() => provenance.lineage(run.run_id)}
          version={`${run.status} ${run.reruns.length} ${run.artifacts.length}`}
          render={lineage => <Graph {...{ lineage, onOpen, trans }} />}
          trans={trans}
        />
      </Part>
      <Reruns {...{ run, find, onOpen, trans }} />
    </>
  );
}

function Graph(props: {
  lineage: ILineage;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { lineage, onOpen, trans } = props;
  const graph = React.useMemo(() => graphOf(lineage), [lineage]);
  const box = React.useRef<HTMLDivElement>(null);
  const [current, setCurrent] = React.useState(lineage.center);
  const { left_out_files: files, left_out_runs: runs } = lineage;
  if (graph.placed.length === 1) {
    return (
      <p>
        {trans.__(
          'No file leads from another run to this one or on from it, and nobody has repeated it.'
        )}
      </p>
    );
  }
  const move = (event: React.KeyboardEvent): void => {
    const next = neighbour(graph, current, event.key);
    if (next) {
      event.preventDefault();
      setCurrent(next.node.id);
      const index = graph.placed.indexOf(next);
      box.current?.querySelectorAll<HTMLElement>('[data-runlore-node]')[index]?.focus();
    }
  };
  return (
    <>
      <div
        className="jp-Runlore-lineage"
        role="group"
        aria-label={trans.__('Lineage; the arrow keys move from node to node')}
        onKeyDown={move}
        ref={box}
      >
        <div style={{ width: graph.width, height: graph.height }}>
          <Edges graph={graph} />
          {graph.placed.map(place => (
            <Node
              key={place.node.id}
              place={place}
              isCenter={place.node.id === lineage.center}
              isCurrent={place.node.id === current}
              onFocus={() => setCurrent(place.node.id)}
              {...{ onOpen, trans }}
            />
          ))}
        </div>
      </div>
      {files > 0 && <Lack>{trans._n('%1 more file', '%1 more files', files)}</Lack>}
      {runs > 0 && <Lack>{trans._n('%1 more run', '%1 more runs', runs)}</Lack>}
    </>
  );
}

function Edges(props: { graph: IGraph }): React.ReactElement {
  const { edges, width, height } = props.graph;
  const marker = React.useId();
  return (
    <svg width={width} height={height} aria-hidden="true">
      <defs>
        <marker
          id={marker}
          viewBox="0 0 6 6"
          refX="6"
          refY="3"
          markerWidth="7"
          markerHeight="7"
          orient="auto"
        >
          <path d="M0 0L6 3L0 6z" />
        </marker>
      </defs>
      {edges.map(({ from, to, tie }, index) => (
        <path key={index} data-tie={tie} d={curve(from, to)} markerEnd={`url(#${marker})`} />
      ))}
    </svg>
  );
}

function curve(from: IPlaced, to: IPlaced): string {
  const middle = NODE.height / 2;
  const isOnward = to.column > from.column;
  const [x0, y0] = [from.x + (isOnward ? NODE.width : 0), from.y + middle];
  const [x1, y1] = [to.x + (isOnward ? 0 : NODE.width), to.y + middle];
  const half = (x0 + x1) / 2;
  return `M${x0} ${y0}C${half} ${y0} ${half} ${y1} ${x1} ${y1}`;
}

function Node(props: {
  place: IPlaced;
  isCenter: boolean;
  isCurrent: boolean;
  onFocus: () => void;
  onOpen: (runId: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { place, isCenter, isCurrent, onFocus, onOpen, trans } = props;
  const { node, x, y } = place;
  const { run_id: runId } = node;
  const opens = runId !== null && !isCenter;
  const about = subtitle(node, isCenter, trans);
  const attributes = {
    'data-runlore-node': node.kind,
    'aria-current': isCenter,
    title: tooltip(node, about),
    tabIndex: isCurrent ? 0 : -1,
    onFocus,
    style: { left: x, top: y, width: NODE.width, height: NODE.height }
  };
  const content = (
    <>
      <b>{node.name || trans.__('untitled')}</b>
      <span>{about}</span>
    </>
  );
  return opens ? (
    <button {...attributes} onClick={() => onOpen(runId)}>
      {content}
    </button>
  ) : (
    <div {...attributes} role="note">
      {content}
    </div>
  );
}

function tooltip(node: ILineageNode, about: string): string {
  return [node.path ?? node.name, about, node.digest].filter(part => part !== null).join('\n');
}

function ended({ status, pruned_at: step }: ILineageNode, trans: TranslationBundle): string | null {
  return step === null ? status && statusWord(status, trans) : trans.__('pruned at step %1', step);
}

function subtitle(node: ILineageNode, isCenter: boolean, trans: TranslationBundle): string {
  switch (node.kind) {
    case 'run':
      if (isCenter) {
        return trans.__('this run');
      }
      return [
        `${node.verdict ? trans.__('rerun') : trans.__('run')} ${shortId(node.run_id ?? '')}`,
        node.verdict
          ? verdictWords({ verdict: node.verdict, changed: node.changed }, trans)
          : ended(node, trans)
      ]
        .filter(Boolean)
        .join(' · ');
    case 'model':
      return trans.__('model · version %1', node.version ?? '');
    case 'cell':
      return trans.__('cell %1 of a notebook', node.cell ?? '');
    default: {
      const kind = node.kind === 'artifact' ? trans.__('artifact') : trans.__('file');
      return node.size === null ? kind : `${kind} · ${formatSize(node.size)}`;
    }
  }
}
