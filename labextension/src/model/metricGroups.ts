/** More prefixes than this group nothing: each would have a metric or two. */
const MOST_GROUPS = 20;

/**
 * Metrics whose names begin alike.
 */
export interface IMetricGroup {
  /** What stands before the first slash of their names; empty for those without, and where nothing is grouped. */
  name: string;
  metrics: readonly string[];
}

/** The metrics by the prefix of their names (`train/`, `val/`), in the order in which they appear. */
export function metricGroups(metrics: readonly string[]): readonly IMetricGroup[] {
  const groups = new Map<string, string[]>();
  for (const metric of metrics) {
    const name = metric.slice(0, Math.max(metric.indexOf('/'), 0));
    const group = groups.get(name) ?? [];
    group.push(metric);
    groups.set(name, group);
  }
  return groups.size > 1 && groups.size <= MOST_GROUPS
    ? [...groups].map(([name, members]) => ({ name, metrics: members }))
    : [{ name: '', metrics }];
}

/**
 * Which groups are open where the user has said nothing: as many as have `room` charts together, at least the first.
 */
export function openGroups(
  groups: readonly IMetricGroup[],
  room: number
): ReadonlySet<IMetricGroup> {
  let taken = 0;
  return new Set(
    groups.filter(({ metrics }) => {
      const isOpen = taken < room;
      taken += metrics.length;
      return isOpen;
    })
  );
}
