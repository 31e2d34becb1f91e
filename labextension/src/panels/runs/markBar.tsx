import { closeIcon, undoIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IAnnotation } from '../../api/types';
import { MarksModel } from '../../model/marks';
import { compareIcon, pinIcon, rerunIcon, starIcon, trashIcon } from '../marks/icons';

/**
 * How many runs are marked, and what can be done with all of them; in the place of the toolbar.
 */
export function MarkBar(props: {
  marks: MarksModel;
  /** Whether the marked runs are deleted ones, which can be restored. */
  areDeleted: boolean;
  onChange: (change: IAnnotation) => void;
  onCompare: () => void;
  onRerun: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { marks, areDeleted, onChange, onCompare, onRerun, trans } = props;
  const actions: [icon: LabIcon, label: string, act: () => void][] = [
    [compareIcon, trans.__('Compare the marked runs'), onCompare],
    [rerunIcon, trans.__('Rerun the marked runs…'), onRerun],
    [starIcon, trans.__('Star the marked runs'), () => onChange({ starred: true })],
    [pinIcon, trans.__('Pin the marked runs'), () => onChange({ pinned: true })],
    areDeleted
      ? [undoIcon, trans.__('Restore the marked runs'), () => onChange({ deleted: false })]
      : [trashIcon, trans.__('Delete the marked runs (Delete)'), () => onChange({ deleted: true })],
    [closeIcon, trans.__('Take the marks away (Escape)'), () => marks.clear()]
  ];
  const bar = React.useRef<HTMLDivElement>(null);
  // A button of the bar goes with it; who pressed it goes on in the list.
  React.useLayoutEffect(() => {
    const node = bar.current;
    return () => {
      if (node?.contains(document.activeElement)) {
        node.parentElement
          ?.querySelector<HTMLElement>('.jp-Runlore-scroll [tabindex="0"]')
          ?.focus();
      }
    };
  }, []);
  return (
    <div
      ref={bar}
      className="jp-Runlore-listHeader"
      role="toolbar"
      aria-label={trans.__('Marked runs')}
    >
      <span className="jp-Runlore-count" aria-live="polite">
        {trans._n('%1 run marked', '%1 runs marked', marks.count)}
      </span>
      {actions.map(([icon, label, act]) => (
        <button
          key={label}
          className="jp-Runlore-iconButton"
          title={label}
          aria-label={label}
          onClick={act}
        >
          <icon.react tag="span" width="14px" />
        </button>
      ))}
    </div>
  );
}
