/**
 * The curves of `openapi.yaml`: arrays of numbers as they are sent. Times are Unix seconds.
 */

/** Little-endian float64 in base64. */
export interface ITypedArray {
  dtype: 'f8';
  bdata: string;
}

export interface IWireCurve {
  run_id: string;
  metric: string;
  /** Points recorded; more than sent when decimated. */
  count: number;
  /** Points that precede those sent where only what was logged since is sent; else 0. */
  since: number;
  /** Where to go on from the next time; null when only the whole curve can be asked for. */
  next: number | null;
  step: ITypedArray;
  time: ITypedArray;
  value: ITypedArray;
  /** Null where the run tells of no epochs. */
  epoch?: ITypedArray | null;
  /** Why a curve that was recorded has no points here, such as that it is on its way from MLflow. */
  missing?: string | null;
}

/** Curves of several runs summed up, place by place. */
export interface IWireBand {
  runs: string[];
  metric: string;
  x: ITypedArray;
  mean: ITypedArray;
  /** The least value of any of them. */
  low: ITypedArray;
  high: ITypedArray;
  /** The sample standard deviation between them. */
  sd: ITypedArray;
  /** How many are there. */
  count: ITypedArray;
}
