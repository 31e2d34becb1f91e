import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ErrorState, LoadingState } from '../marks/states';

/**
 * Loads what a view needs and shows it: while it is on its way, when it is here, or why it did not come. What was here
 * stays until its successor is.
 */
export function Loaded<T>(props: {
  load: () => Promise<T>;
  /** It is loaded again when this changes. */
  version: string;
  render: (value: T) => React.ReactElement;
  trans: TranslationBundle;
}): React.ReactElement {
  const { load, version, render, trans } = props;
  const [attempt, setAttempt] = React.useState(0);
  const [value, setValue] = React.useState<{ is: T } | null>(null);
  const [error, setError] = React.useState<Error | null>(null);
  const latest = React.useRef(load);
  React.useEffect(() => {
    latest.current = load;
  });
  React.useEffect(() => {
    let isWanted = true;
    latest.current().then(
      found => {
        if (isWanted) {
          setValue({ is: found });
          setError(null);
        }
      },
      (reason: unknown) =>
        isWanted && setError(reason instanceof Error ? reason : new Error(String(reason)))
    );
    return () => {
      isWanted = false;
    };
  }, [version, attempt]);
  if (value) {
    return render(value.is);
  }
  return error ? (
    <ErrorState error={error} onRetry={() => setAttempt(attempt + 1)} trans={trans} />
  ) : (
    <LoadingState trans={trans} />
  );
}
