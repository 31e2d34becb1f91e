/**
 * A label beside the end of a line.
 */
export interface ILabel {
  /** Which line. */
  index: number;
  /** Pixels from the top of the chart to the label's middle. */
  top: number;
}

/**
 * Move labels apart that would cover each other, each as little as the others allow, within the chart.
 *
 * @param labels - Where the labels would be without one another.
 * @param height - Pixels from one label to the next at the least.
 * @param room - Least and greatest top.
 */
export function spreadLabels(
  labels: readonly ILabel[],
  height: number,
  room: readonly [number, number]
): ILabel[] {
  const [least, greatest] = room;
  const sorted = labels.map(label => ({ ...label })).sort((a, b) => a.top - b.top);
  let floor = least;
  for (const label of sorted) {
    label.top = Math.max(label.top, floor);
    floor = label.top + height;
  }
  let ceiling = Math.max(greatest, least + (sorted.length - 1) * height);
  for (const label of sorted.reverse()) {
    label.top = Math.min(label.top, ceiling);
    ceiling = label.top - height;
  }
  return sorted;
}
