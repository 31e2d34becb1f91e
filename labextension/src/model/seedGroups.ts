import { IRun } from '../api/types';

/** Names of parameters that say nothing but which random numbers were drawn. */
const SEED = /(^|[_.])(seed|random_state|rng)s?$/i;

/**
 * Runs that differ in their seeds alone.
 */
export interface ISeedGroup {
  /** The oldest of them, which lends the group its name and its colour. */
  leader: IRun;
  runs: readonly IRun[];
}

/**
 * Group runs of the same experiment and the same parameters but seeds; without parameters, those of the same name.
 *
 * A rerun that came out the same as its original is no further sample: it is left out where the original is there.
 */
export function seedGroups(runs: readonly IRun[]): ISeedGroup[] {
  const ids = new Set(runs.map(run => run.run_id));
  const groups = new Map<string, IRun[]>();
  for (const run of [...runs].sort((a, b) => a.started - b.started)) {
    const isSame = run.verdict?.verdict === 'BIT-EXACT';
    if (isSame && run.rerun_of !== null && ids.has(run.rerun_of)) {
      continue;
    }
    const key = groupKey(run);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].flatMap(members =>
    members[0] ? [{ leader: members[0], runs: members }] : []
  );
}

function groupKey(run: IRun): string {
  const params = Object.entries(run.params)
    .filter(([name]) => !SEED.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([run.experiment, params.length > 0 ? params : run.name]);
}
