import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/**
 * The first of many things, and a button for more, so that a page of thousands stays quick.
 */
export function Capped<T>(props: {
  items: readonly T[];
  first: number;
  render: (items: readonly T[]) => React.ReactElement;
  trans: TranslationBundle;
}): React.ReactElement {
  const { items, first, render, trans } = props;
  const [count, setCount] = React.useState(first);
  return (
    <>
      {render(items.length > count ? items.slice(0, count) : items)}
      {items.length > count && (
        <div className="jp-Runlore-more">
          <button className="jp-mod-styled" onClick={() => setCount(count + 10 * first)}>
            {trans.__('Show more (%1 of %2)', count, items.length)}
          </button>
        </div>
      )}
    </>
  );
}
