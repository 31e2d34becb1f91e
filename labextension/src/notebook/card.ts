import { WireNumber } from '../api/types';

/** The version of the card that is understood here. */
const VERSION = 1;
const MOST_POINTS = 200;
const STATUSES = ['running', 'finished', 'failed', 'interrupted'] as const;

/**
 * A metric in a card.
 */
export interface ICardMetric {
  name: string;
  last: WireNumber;
  /** Evenly spaced points; null is a gap. */
  spark: (number | null)[];
}

/**
 * What the kernel leaves under a tracked cell.
 */
export interface ICard {
  version: typeof VERSION;
  run_id: string;
  name: string;
  experiment: string;
  /** As it was when the card was last written. */
  status: (typeof STATUSES)[number];
  /** Unix seconds; earlier versions did not say. */
  started?: number;
  /** Seconds, so far. */
  duration: number;
  metrics: ICardMetric[];
  error: { name: string; message: string } | null;
}

/** The card in the data of an output, which anybody may have written; null when there is none in it. */
export function readCard(data: unknown): ICard | null {
  return isCard(data) ? data : null;
}

function isCard(data: unknown): data is ICard {
  return (
    isObject(data) &&
    data.version === VERSION &&
    typeof data.run_id === 'string' &&
    typeof data.name === 'string' &&
    typeof data.experiment === 'string' &&
    STATUSES.some(status => status === data.status) &&
    (data.started === undefined || isFiniteNumber(data.started)) &&
    isFiniteNumber(data.duration) &&
    Array.isArray(data.metrics) &&
    data.metrics.every(isMetric) &&
    (data.error === null || isError(data.error))
  );
}

function isMetric(value: unknown): value is ICardMetric {
  return (
    isObject(value) &&
    typeof value.name === 'string' &&
    (isFiniteNumber(value.last) ||
      ['NaN', 'Infinity', '-Infinity'].includes(value.last as string)) &&
    Array.isArray(value.spark) &&
    value.spark.length <= MOST_POINTS &&
    value.spark.every(point => point === null || isFiniteNumber(point))
  );
}

function isError(value: unknown): boolean {
  return isObject(value) && typeof value.name === 'string' && typeof value.message === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
