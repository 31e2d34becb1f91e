import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IMetricGroup, metricGroups, openGroups } from '../../model/metricGroups';

/** Charts shown before the user asks for more, and how many more at a time. */
export const FIRST = 12;
const MORE = 48;

/**
 * Which metrics have a chart, and how to have others.
 */
export interface IMultiples {
  groups: readonly IOpenGroup[];
  /** The metrics that have a chart, in their order. */
  shown: readonly string[];
  toggle: (group: string) => void;
  showMore: (group: string) => void;
}

interface IOpenGroup extends IMetricGroup {
  isOpen: boolean;
  /** How many of its metrics have a chart while it is open. */
  count: number;
}

/** What is shown of these metrics: all groups by name, the first of them open. */
export function useMultiples(metrics: readonly string[]): IMultiples {
  const [toggled, setToggled] = React.useState<ReadonlyMap<string, boolean>>(new Map());
  const [counts, setCounts] = React.useState<ReadonlyMap<string, number>>(new Map());
  const found = metricGroups(metrics);
  const open = openGroups(found, FIRST);
  const groups = found.map(group => {
    const count = counts.get(group.name) ?? FIRST;
    return { ...group, count, isOpen: toggled.get(group.name) ?? open.has(group) };
  });
  return {
    groups,
    shown: groups.flatMap(({ isOpen, count, metrics: all }) => (isOpen ? all.slice(0, count) : [])),
    toggle: name => {
      const isOpen = groups.some(group => group.name === name && group.isOpen);
      setToggled(new Map([...toggled, [name, !isOpen]]));
    },
    showMore: name => setCounts(new Map([...counts, [name, (counts.get(name) ?? FIRST) + MORE]]))
  };
}

/**
 * The charts of several metrics by groups that fold. Each has its place and height before it is drawn.
 */
export function Multiples(props: {
  multiples: IMultiples;
  /** The chart of a metric; null while it need not be drawn. */
  render: (metric: string) => React.ReactElement | null;
  /** What stands above a chart, where that is not the metric's name. */
  titleOf?: ((metric: string) => string) | undefined;
  trans: TranslationBundle;
}): React.ReactElement {
  const { multiples, render, titleOf, trans } = props;
  const { groups, toggle, showMore } = multiples;
  return (
    <>
      {groups.map(({ name, metrics, isOpen, count }) => (
        <section key={name}>
          {groups.length > 1 && (
            <GroupHead
              label={name === '' ? trans.__('without a group') : `${name}/`}
              count={metrics.length}
              isOpen={isOpen}
              onToggle={() => toggle(name)}
            />
          )}
          {isOpen && (
            <div className="jp-Runlore-multiples">
              {metrics.slice(0, count).map(metric => (
                <figure key={metric} className="jp-Runlore-multiple" data-multiple={metric}>
                  <figcaption title={metric}>{titleOf?.(metric) ?? metric}</figcaption>
                  {render(metric)}
                </figure>
              ))}
            </div>
          )}
          {isOpen && metrics.length > count && (
            <button
              className="jp-mod-styled jp-Runlore-multiples-more"
              onClick={() => showMore(name)}
            >
              {trans.__('Show more (%1 of %2)', count, metrics.length)}
            </button>
          )}
        </section>
      ))}
    </>
  );
}

function GroupHead(props: {
  label: string;
  count: number;
  isOpen: boolean;
  onToggle: () => void;
}): React.ReactElement {
  const { label, count, isOpen, onToggle } = props;
  const Icon = isOpen ? caretDownIcon : caretRightIcon;
  return (
    <h3 className="jp-Runlore-multiples-head">
      <button aria-expanded={isOpen} title={label} onClick={onToggle}>
        <Icon.react tag="span" />
        <span>{label}</span> <span className="jp-Runlore-faint">{count}</span>
      </button>
    </h3>
  );
}
