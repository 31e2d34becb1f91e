/**
 * A metric's value in four significant digits; what is no number by its name.
 */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) {
    return 'NaN';
  }
  if (!Number.isFinite(value)) {
    return value > 0 ? '∞' : '−∞';
  }
  const size = Math.abs(value);
  if (value === 0 || (Number.isInteger(value) && size < 1e5)) {
    return String(value).replace('-', '−');
  }
  const text = size < 1e-4 || size >= 1e5 ? value.toExponential(3) : value.toPrecision(4);
  return text.replace('e+', 'e').replaceAll('-', '−');
}

/** A parameter's value in at most four significant digits: a literal of the code says 0.05, not 0.05000. */
export function formatParameter(value: number): string {
  const [mantissa = '', ...exponent] = formatValue(value).split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return [short, ...exponent].join('e');
}

/** How far values lie apart, in two significant digits: more would say nothing. */
export function formatDeviation(value: number): string {
  const isPlain = value === 0 || (value >= 1e-4 && value < 1e5);
  const text = isPlain ? String(Number(value.toPrecision(2))) : value.toExponential(1);
  return text.replace('e+', 'e').replaceAll('-', '−');
}

/**
 * A duration in its two largest units: `340 ms`, `12.3 s`, `4 min 5 s`, `3 h 20 min`, `2 d 4 h`.
 */
export function formatDuration(seconds: number): string {
  if (seconds < 0.9995) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 59.95) {
    return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
  }
  const whole = Math.round(seconds);
  for (const [unit, name, lesser, lesserName] of [
    [86400, 'd', 3600, 'h'],
    [3600, 'h', 60, 'min']
  ] as const) {
    if (whole >= unit) {
      return twoUnits(
        Math.floor(whole / unit),
        name,
        Math.floor((whole % unit) / lesser),
        lesserName
      );
    }
  }
  return twoUnits(Math.floor(whole / 60), 'min', whole % 60, 's');
}

function twoUnits(greater: number, name: string, lesser: number, lesserName: string): string {
  return lesser === 0 ? `${greater} ${name}` : `${greater} ${name} ${lesser} ${lesserName}`;
}

/** What was measured of a machine, in the unit that its name ends in: `41.2 %`, `12.3 GB`, `301 W`. */
export function formatLoad(name: string, value: number): string {
  const measured = name.replace(/\.max$/, '');
  if (measured.endsWith('_percentage')) {
    return `${formatValue(value)} %`;
  }
  if (measured.endsWith('_megabytes')) {
    return formatSize(value * 1e6);
  }
  return measured.endsWith('_watts') ? `${formatValue(value)} W` : formatValue(value);
}

/** The size of a file: `812 B`, `3.4 kB`, `12 MB`. */
export function formatSize(bytes: number): string {
  let size = bytes;
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (size < 999.5 || unit === 'GB') {
      return `${unit === 'B' || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${unit}`;
    }
    size /= 1000;
  }
  return '';
}
