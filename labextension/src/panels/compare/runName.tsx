import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { CompareModel } from '../../model/compare';
import { rerunMark, runTitle } from '../marks/name';

/**
 * The name of a compared run, with its colour and what tells it from others of its name.
 */
export function RunName(props: {
  model: CompareModel;
  run: IRun;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, run, trans } = props;
  const style = model.styles.get(run.run_id);
  const words = [rerunMark(run, trans), model.marks.get(run.run_id)].filter(Boolean).join(' ');
  return (
    <>
      <span
        className="jp-Runlore-swatch"
        data-color={style?.color}
        data-dash={style?.dash}
        aria-hidden="true"
      />
      <span
        className="jp-Runlore-compare-title"
        title={`${fullTitle(model, run, trans)}\n${run.run_id}`}
      >
        {run.name}
        {words !== '' && <span className="jp-Runlore-compare-mark">{` ${words}`}</span>}
      </span>
    </>
  );
}

/** The name of a run with all that tells it from others. */
export function fullTitle(model: CompareModel, run: IRun, trans: TranslationBundle): string {
  return `${runTitle(run, trans)} ${model.marks.get(run.run_id) ?? ''}`.trimEnd();
}
