import { IRun } from '../api/types';

/** What of the machine's load is a column, as MLflow's system metrics call it; see `docs/search.md`. */
export const MEASURED = [
  'gpu_utilization_percentage',
  'gpu_memory_usage_megabytes',
  'gpu_power_usage_watts',
  'cpu_utilization_percentage',
  'system_memory_usage_megabytes',
  'kernel_cpu_utilization_percentage',
  'kernel_memory_usage_megabytes'
] as const;

export type Measured = (typeof MEASURED)[number];

/** The mean while the run was open, or the greatest. */
export type LoadName = Measured | `${Measured}.max`;

export const LOADS: readonly LoadName[] = MEASURED.flatMap((name): LoadName[] => [
  name,
  `${name}.max`
]);

/** Of which kinds the devices are, as the field `gpu` has it; null without any. */
export function deviceKinds({ devices }: Pick<IRun, 'devices'>): string | null {
  return [...new Set(devices)].join(', ') || null;
}

/** The devices with how many there are of each kind: `2 × NVIDIA H200, NVIDIA T4`; empty without any. */
export function deviceText({ devices }: Pick<IRun, 'devices'>): string {
  const counts = new Map<string, number>();
  devices.forEach(name => counts.set(name, (counts.get(name) ?? 0) + 1));
  return [...counts].map(([name, count]) => (count > 1 ? `${count} × ${name}` : name)).join(', ');
}
