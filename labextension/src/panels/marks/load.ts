import { TranslationBundle } from '@jupyterlab/translation';

import { LoadName, Measured } from '../../model/load';

/** What of the machine's load a column tells, in words. */
export function loadWord(name: LoadName, trans: TranslationBundle): string {
  const words: Record<Measured, string> = {
    gpu_utilization_percentage: trans.__('GPU utilization'),
    gpu_memory_usage_megabytes: trans.__('GPU memory'),
    gpu_power_usage_watts: trans.__('GPU power'),
    cpu_utilization_percentage: trans.__('CPU utilization'),
    system_memory_usage_megabytes: trans.__('memory of the machine'),
    kernel_cpu_utilization_percentage: trans.__('CPU of the kernel'),
    kernel_memory_usage_megabytes: trans.__('memory of the kernel')
  };
  return words[name.replace('.max', '') as Measured];
}

const METRIC = /^system\/(?:gpu_(\d+)_)?(.+)_(percentage|megabytes|watts)$/;
const SIGNS: Readonly<Record<string, string>> = { percentage: '%', megabytes: 'MB', watts: 'W' };

/** `GPU 0: memory (MB)` for `system/gpu_0_memory_usage_megabytes`. */
export function loadTitle(metric: string, trans: TranslationBundle): string {
  const unit = METRIC.exec(metric)?.[3];
  const words = metricWords(metric, trans);
  return unit === undefined || words === metric ? metric : `${words} (${SIGNS[unit]})`;
}

/** `GPU 0: memory` for the same; a name that is not known stays as it is. */
export function metricWords(metric: string, trans: TranslationBundle): string {
  const [, gpu, what = ''] = METRIC.exec(metric) ?? [];
  const words: Record<string, string> =
    gpu === undefined
      ? {
          cpu_utilization: trans.__('CPU utilization'),
          system_memory_usage: trans.__('memory of the machine'),
          kernel_cpu_utilization: trans.__('CPU of the kernel'),
          kernel_memory_usage: trans.__('memory of the kernel')
        }
      : {
          utilization: trans.__('GPU %1: utilization', gpu),
          memory_usage: trans.__('GPU %1: memory', gpu),
          power_usage: trans.__('GPU %1: power', gpu)
        };
  return words[what] ?? metric;
}
