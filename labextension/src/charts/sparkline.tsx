import * as React from 'react';

/**
 * A curve the size of a word.
 *
 * @param values - Evenly spaced points; null is a gap.
 */
export function Sparkline(props: {
  values: readonly (number | null)[];
  width: number;
  height: number;
}): React.ReactElement | null {
  const { values, width, height } = props;
  const path = sparkPath(values, width, height);
  if (!path) {
    return null;
  }
  return (
    <svg
      className="jp-Runlore-sparkline"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}

/** The path of a sparkline, a pixel away from the edges; empty without two points. */
export function sparkPath(
  values: readonly (number | null)[],
  width: number,
  height: number
): string {
  const drawn = values.filter(value => value !== null);
  if (drawn.length < 2) {
    return '';
  }
  const least = Math.min(...drawn);
  const span = Math.max(...drawn) - least;
  const step = (width - 2) / (values.length - 1);
  let pen = 'M';
  let path = '';
  values.forEach((value, index) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    const part = span > 0 ? (value - least) / span : 0.5;
    path += `${pen}${(1 + index * step).toFixed(1)},${(height - 1 - part * (height - 2)).toFixed(1)}`;
    pen = 'L';
  });
  return path;
}
