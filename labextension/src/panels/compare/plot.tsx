import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { useSize } from '../../charts/size';
import { EmptyState } from '../marks/states';

/**
 * A plot that fills its place, with what one can do in it; or why nothing is drawn.
 */
export function Plot(props: {
  /** Why there is nothing to draw; null where there is. */
  lacking: string | null;
  hint: string;
  draw: (size: { width: number; height: number }) => React.ReactNode;
  trans: TranslationBundle;
}): React.ReactElement {
  const { lacking, hint, draw, trans } = props;
  const root = React.useRef<HTMLDivElement>(null);
  const size = useSize(root);
  return (
    <>
      <div className="jp-Runlore-plot" ref={root}>
        {lacking !== null ? (
          <EmptyState title={trans.__('Nothing to draw')} sentence={lacking} />
        ) : (
          size && draw(size)
        )}
      </div>
      <p className="jp-Runlore-plot-hint">{hint}</p>
    </>
  );
}
