import * as React from 'react';

/**
 * Which lines the user has hidden for the moment.
 */
export interface IHidden {
  has: (runId: string) => boolean;
  /** How many of the runs are hidden. */
  count: number;
  /** Hide a line or show it again; or, with `others`, show it alone, and all when it is alone. */
  toggle: (runId: string, others: boolean) => void;
  showAll: () => void;
}

/** The lines that are hidden of those there are. */
export function useHidden(runIds: readonly string[]): IHidden {
  const [hidden, setHidden] = React.useState<ReadonlySet<string>>(new Set());
  const all = runIds.join('\n');
  const toggle = React.useCallback(
    (runId: string, others: boolean) => {
      const rest = all.split('\n').filter(id => id !== runId);
      setHidden(before => {
        if (others) {
          const isAlone = !before.has(runId) && rest.every(id => before.has(id));
          return new Set(isAlone ? [] : rest);
        }
        const after = new Set(before);
        if (!after.delete(runId)) {
          after.add(runId);
        }
        return after;
      });
    },
    [all]
  );
  return {
    has: runId => hidden.has(runId),
    count: runIds.filter(id => hidden.has(id)).length,
    toggle,
    showAll: React.useCallback(() => setHidden(new Set()), [])
  };
}
