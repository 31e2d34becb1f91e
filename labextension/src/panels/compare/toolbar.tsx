import { Clipboard } from '@jupyterlab/apputils';
import { HTMLSelect } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { STATISTICS, Statistic } from '../../model/columns';
import { CompareModel } from '../../model/compare';
import { asCsv, asMarkdown } from '../../model/compareText';
import { FilterInput } from '../runs/filterInput';
import { columnTitle } from '../runs/cell';

/** Milliseconds without a key before the server is asked. */
const TYPING = 250;

/**
 * Which runs and columns the table shows, and what can be done with the selected ones.
 */
export function CompareToolbar(props: {
  model: CompareModel;
  /** What names in filters are completed from. */
  known: readonly IRun[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, known, trans } = props;
  return (
    <div className="jp-Runlore-compare-toolbar">
      <Narrowing {...{ model, known, trans }} />
      <div className="jp-Runlore-compare-line" role="toolbar" aria-label={trans.__('Table')}>
        <Columns {...{ model, trans }} />
        <CopyButtons {...{ model, trans }} />
      </div>
      <SelectionLine {...{ model, trans }} />
    </div>
  );
}

function Narrowing(props: {
  model: CompareModel;
  known: readonly IRun[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, known, trans } = props;
  const { runs } = model;
  const input = React.useRef<HTMLInputElement>(null);
  const [text, setText] = React.useState(runs.filter);
  const errorId = React.useId();
  React.useEffect(() => {
    if (text.trim() === runs.filter) {
      return;
    }
    const timer = setTimeout(() => void runs.narrow(text), TYPING);
    return () => clearTimeout(timer);
  }, [runs, text]);
  return (
    <div className="jp-Runlore-filter">
      <FilterInput
        value={text}
        onChange={setText}
        error={runs.filterError && errorId}
        runs={known}
        {...{ input, trans }}
      />
      {runs.filterError && (
        <div id={errorId} className="jp-Runlore-filter-error" role="status">
          {runs.filterError.message}
        </div>
      )}
    </div>
  );
}

function Columns(props: { model: CompareModel; trans: TranslationBundle }): React.ReactElement {
  const { model, trans } = props;
  const { all, statistic } = model.look.now;
  const words: Record<Statistic, string> = {
    last: trans.__('last values'),
    best: trans.__('best values'),
    min: trans.__('least values'),
    max: trans.__('greatest values')
  };
  return (
    <>
      <label className="jp-Runlore-check">
        <input
          type="checkbox"
          checked={!all}
          onChange={event => model.look.set({ all: !event.target.checked })}
        />
        {trans.__('Only what differs (%1 of %2)', model.differing.length, model.columns.length)}
      </label>
      <HTMLSelect
        className="jp-Runlore-select"
        value={statistic}
        aria-label={trans.__('Which number stands for a metric')}
        title={trans.__('Which number stands for a metric')}
        onChange={event => model.look.set({ statistic: event.target.value as Statistic })}
      >
        {STATISTICS.map(name => (
          <option key={name} value={name}>
            {words[name]}
          </option>
        ))}
      </HTMLSelect>
    </>
  );
}

function CopyButtons(props: { model: CompareModel; trans: TranslationBundle }): React.ReactElement {
  const { model, trans } = props;
  const [said, setSaid] = React.useState('');
  const copy = (write: typeof asCsv, name: string): void => {
    const heads = model.shown.map(column => columnTitle(column, null, trans));
    Clipboard.copyToSystem(write(model.sorted, model.shown, [trans.__('Name'), ...heads]));
    setSaid(trans.__('Copied as %1', name));
  };
  return (
    <>
      <button
        className="jp-Runlore-toggle"
        title={trans.__('Copy the table as Markdown')}
        onClick={() => copy(asMarkdown, 'Markdown')}
      >
        {trans.__('Copy Markdown')}
      </button>
      <button
        className="jp-Runlore-toggle"
        title={trans.__('Copy the table as CSV')}
        onClick={() => copy(asCsv, 'CSV')}
      >
        {trans.__('Copy CSV')}
      </button>
      <span className="jp-Runlore-faint" role="status">
        {said}
      </span>
    </>
  );
}

function SelectionLine(props: {
  model: CompareModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const { runs, selection, look } = model;
  const count = selection.ids.size;
  const keep = (isKept: (runId: string) => boolean): void => {
    const ids = runs.list.map(run => run.run_id).filter(isKept);
    selection.clear();
    void runs.take({ runs: ids });
  };
  const pair = count === 2;
  return (
    <div className="jp-Runlore-compare-line" role="toolbar" aria-label={trans.__('Selected runs')}>
      <span className="jp-Runlore-compare-count" aria-live="polite">
        {trans._n('%1 run', '%1 runs', runs.list.length)}
        {count > 0 && ` · ${trans.__('%1 selected', count)}`}
      </span>
      {(count > 0 || selection.brushes.size > 0) && (
        <>
          {pair && (
            <button className="jp-Runlore-toggle" onClick={() => look.set({ tab: 'diff' })}>
              {trans.__('Diff the two')}
            </button>
          )}
          {count > 0 && count < runs.list.length && (
            <>
              <button
                className="jp-Runlore-toggle"
                title={trans.__('Compare only the selected runs')}
                onClick={() => keep(id => selection.has(id))}
              >
                {trans.__('Keep only these')}
              </button>
              <button
                className="jp-Runlore-toggle"
                title={trans.__('Take the selected runs out of this comparison')}
                onClick={() => keep(id => !selection.has(id))}
              >
                {trans.__('Take out')}
              </button>
            </>
          )}
          <button
            className="jp-Runlore-toggle"
            title={trans.__('Select nothing (Escape)')}
            onClick={() => selection.clear()}
          >
            {trans.__('Clear')}
          </button>
        </>
      )}
    </div>
  );
}
