import { IStateDB } from '@jupyterlab/statedb';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { metricsOf } from '../api/metrics';
import { Statistic } from '../api/metricTypes';
import { IRun } from '../api/types';
import { IRunStyle } from './colors';
import { mainMetric } from './choices';
import { Column } from './columns';
import { axisColumns } from './compareAxes';
import { compareColumns, differingColumns, findColumn, sortedRuns } from './compareColumns';
import { ComparedRuns } from './comparedRuns';
import { CompareRow, compareRows } from './compareGroups';
import { CompareImportance } from './compareImportance';
import { CompareLook } from './compareLook';
import { nameMarks } from './compareNames';
import { CompareSelection, Span } from './compareSelection';
import { CompareSource } from './compareSource';
import { DiffModel } from './diff';
import { dimensionOf, IDimension, runsWithin } from './dimension';
import { Runlore } from './runlore';
import { MOST_SHOWN } from './selection';

/** Runs that are coloured one by one; of more, a colour tells nothing. */
const MOST_COLORED = MOST_SHOWN;

/**
 * A comparison of runs: which they are, which of them are selected, and how they are looked at.
 */
export class CompareModel implements IDisposable {
  constructor(
    readonly runlore: Runlore,
    source: CompareSource,
    state: IStateDB | null
  ) {
    this.look = new CompareLook(state);
    this.runs = new ComparedRuns(runlore, source, () => this.look.now.statistic);
    this.selection = new CompareSelection();
    this.diff = new DiffModel(runlore.client);
    this.importance = new CompareImportance(runlore.client);
    this.runs.changed.connect(this._onRuns, this);
    this.look.changed.connect(this._onLook, this);
    this.selection.changed.connect(this._onSelection, this);
    this.diff.changed.connect(this._tell, this);
    this.importance.changed.connect(this._tell, this);
  }

  readonly runs: ComparedRuns;
  readonly selection: CompareSelection;
  readonly look: CompareLook;
  /** What differs between two of the runs. */
  readonly diff: DiffModel;
  /** Which parameters matter for a metric. */
  readonly importance: CompareImportance;

  /** Emitted when anything changed but what is under the pointer. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this.runs.isDisposed;
  }

  dispose(): void {
    this.runs.dispose();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  /** Every column that the runs have something for. */
  get columns(): readonly Column[] {
    this._columns ??= compareColumns(this.runs.list, this._statistic);
    return this._columns;
  }

  /** The columns in which the runs differ. */
  get differing(): readonly Column[] {
    this._differing ??= differingColumns(this.runs.list, this.columns);
    return this._differing;
  }

  /** The columns of the table: those that differ, or all. */
  get shown(): readonly Column[] {
    return this.look.now.all ? this.columns : this.differing;
  }

  /** The runs in the order of the table. */
  get sorted(): readonly IRun[] {
    const { sort } = this.look.now;
    const column = findColumn(this.columns, sort?.column ?? null);
    this._sorted ??=
      column && sort ? sortedRuns(this.runs.list, column, sort.descending) : this.runs.list;
    return this._sorted;
  }

  /** The rows of the table: the runs, under the heads of their groups where they are grouped. */
  get rows(): readonly CompareRow[] {
    const { group } = this.look.now;
    this._rows ??= compareRows(this.sorted, group, this.columns, this._folded);
    return this._rows;
  }

  /** Fold a group of the table, or unfold it. */
  fold(key: string): void {
    if (!this._folded.delete(key)) {
      this._folded.add(key);
    }
    this._tell();
  }

  /** Another number after every change. */
  get turn(): number {
    return this._turn;
  }

  /** The runs that are drawn: the selected ones, or all; as many as curves can be asked for at once. */
  get drawn(): readonly IRun[] {
    const { selection } = this;
    return this.sorted.filter(run => selection.stands(run.run_id)).slice(0, MOST_SHOWN);
  }

  /** A column as an axis; null where it cannot be one. */
  dimension(column: Column): IDimension | null {
    let found = this._dimensions.get(column);
    if (found === undefined) {
      found = dimensionOf(this.runs.list, column);
      this._dimensions.set(column, found);
    }
    return found;
  }

  /** The columns that can be axes, of those in which the runs differ: parameters, then metrics, then the rest. */
  get axes(): readonly Column[] {
    // Metrics are numbers, and so many that not all are looked at.
    this._axes ??= this.differing.filter(
      column => column.kind === 'metrics' || this.dimension(column) !== null
    );
    return this._axes;
  }

  /** The parameters and metrics that can be axes of the lines across them. */
  get across(): readonly Column[] {
    return this.axes.filter(({ kind }) => kind === 'params' || kind === 'metrics');
  }

  /** Those of them across which the runs are drawn. */
  get acrossNow(): readonly Column[] {
    const { axes, metric } = this.look.now;
    const { preferences } = this.runlore;
    const main = mainMetric(metricsOf(this.runs.list), metric, preferences.metric);
    return axisColumns(this.across, axes ?? null, main);
  }

  /** Move brushes on axes, and select the runs within; null takes one away. */
  brush(moved: Readonly<Record<string, Span | null>>): void {
    this.selection.brush(moved, brushes => runsWithin(this.runs.list, this.columns, brushes));
  }

  /** What tells a run from the others of its name, by run id; nothing where the name alone does. */
  get marks(): ReadonlyMap<string, string> {
    this._marks ??= nameMarks(this.runs.list, this.columns);
    return this._marks;
  }

  /** How the runs are drawn; those beyond as many as are coloured have no style of their own. */
  get styles(): ReadonlyMap<string, IRunStyle> {
    const { shown } = this.runlore.selection;
    const ids = [...this.drawn, ...this.sorted].map(run => run.run_id);
    this._styles ??= this.runlore.colors.styles(
      [...new Set([...shown, ...ids])].slice(0, shown.length + MOST_COLORED)
    );
    return this._styles;
  }

  /** The two runs to tell apart: the selected ones, else a rerun and its original, else the first two. */
  get pair(): readonly [a: string, b: string] | null {
    if (this._pair && this._pair.every(id => this.runs.get(id))) {
      return this._pair;
    }
    const chosen = this.sorted.filter(run => this.selection.has(run.run_id));
    const among = chosen.length > 0 ? chosen : this.sorted;
    const rerun = among.find(run => run.rerun_of !== null && this.runs.get(run.rerun_of));
    if (chosen.length !== 2 && rerun?.rerun_of) {
      return [rerun.rerun_of, rerun.run_id];
    }
    const [first, second] =
      chosen.length > 1 ? chosen : [...chosen, ...this.sorted.filter(run => !chosen.includes(run))];
    if (!first || !second) {
      return null;
    }
    // The older one stands at the left.
    return first.started <= second.started
      ? [first.run_id, second.run_id]
      : [second.run_id, first.run_id];
  }

  /** Tell these two apart, until others are chosen or selected. */
  choosePair(pair: readonly [a: string, b: string] | null): void {
    this._pair = pair;
    this._tell();
  }

  /** The number that stands for a metric: of very many metrics, the one that was fetched until another comes. */
  private get _statistic(): Statistic {
    const known = this.runs.list.find(run => run.many?.numbers)?.many?.numbers?.statistic;
    return known ?? this.look.now.statistic;
  }

  private _onRuns(): void {
    this._columns = this._differing = this._axes = this._marks = undefined;
    this._dimensions = new Map();
    this.selection.retain(id => this.runs.get(id) !== undefined);
    this._tell();
  }

  private _onSelection(): void {
    if (this.selection.ids.size === 2) {
      this._pair = null; // what was selected last is meant
    }
    this._tell();
  }

  private _onLook(): void {
    void this.runs.follow(this.look.now.statistic);
    this._columns = this._differing = this._axes = undefined;
    this._dimensions = new Map();
    this._tell();
  }

  private _tell(): void {
    this._sorted = this._rows = this._styles = undefined;
    this._turn++;
    this._changed.emit();
  }

  private _turn = 0;
  private _pair: readonly [a: string, b: string] | null = null;
  private _columns: readonly Column[] | undefined;
  private _differing: readonly Column[] | undefined;
  private _axes: readonly Column[] | undefined;
  private _dimensions = new Map<Column, IDimension | null>();
  private _marks: ReadonlyMap<string, string> | undefined;
  private _sorted: readonly IRun[] | undefined;
  private _rows: readonly CompareRow[] | undefined;
  private readonly _folded = new Set<string>();
  private _styles: ReadonlyMap<string, IRunStyle> | undefined;
  private _changed = new Signal<this, void>(this);
}
