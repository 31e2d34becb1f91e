import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IOutput } from '../../api/provenance';
import { formatSize } from '../../charts/format';
import { Rendered } from './rendered';

/** Characters that are rendered together: more would take a noticeable time. */
const PART = 20_000;
/** Parts of a text that are shown before the user asks for more, the last of which may be short; and how many more. */
const FIRST = 2;
const MORE = 4;

/**
 * One thing that a cell showed, as it was recorded, and what of it was not.
 */
export function Output(props: {
  output: IOutput;
  rendermime: IRenderMimeRegistry | null;
  /** Fetches what was left out. */
  onWhole: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { output, rendermime, onWhole, trans } = props;
  if (output.output_type === 'more') {
    return <Lack>{trans.__('%1 more outputs were not kept.', output.dropped)}</Lack>;
  }
  if (output.output_type === 'display_data') {
    const left = Object.entries(output.left_out);
    return (
      <>
        {Object.keys(output.data).length > 0 && (
          <Rendered rendermime={rendermime} data={output.data} />
        )}
        {left.map(([mime, size]) => (
          <Lack key={mime}>
            {trans.__('%1 of %2', formatSize(size), mime)}
            <button className="jp-Runlore-link" onClick={onWhole}>
              {trans.__('Show anyway')}
            </button>
          </Lack>
        ))}
        {Object.entries(output.lost).map(([mime, why]) => (
          <Lack key={mime}>{trans.__('%1 is lost: %2', mime, why)}</Lack>
        ))}
      </>
    );
  }
  const isError = output.output_type === 'error';
  const text = isError ? errorText(output) : output.text;
  const mime =
    isError || output.name === 'stderr'
      ? 'application/vnd.jupyter.stderr'
      : 'application/vnd.jupyter.stdout';
  return (
    <div className="jp-Runlore-stream" data-stream={isError ? 'error' : output.name}>
      <LongText {...{ text, mime, rendermime, trans }} />
      {output.dropped !== undefined && (
        <Lack>{trans.__('%1 more characters were not kept.', output.dropped)}</Lack>
      )}
    </div>
  );
}

/** The end of a text, and what is before it where it is asked for; parts that are there are not rendered again. */
function LongText(props: {
  text: string;
  mime: string;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { text, mime, rendermime, trans } = props;
  const [count, setCount] = React.useState(FIRST);
  const starts = partStarts(text);
  const shown = starts.slice(-count);
  const [hidden = 0] = shown;
  return (
    <>
      {hidden > 0 && (
        <button className="jp-Runlore-link" onClick={() => setCount(count + MORE)}>
          {trans._n(
            'Show more of the %1 character before',
            'Show more of the %1 characters before',
            hidden
          )}
        </button>
      )}
      {shown.map((start, index) => {
        // The line that ends a part is ended by the part's own block.
        const part = text.slice(start, shown[index + 1]).replace(/\n$/, '');
        return (
          <Rendered
            key={start}
            rendermime={rendermime}
            data={{ [mime]: part, 'text/plain': part }}
          />
        );
      })}
    </>
  );
}

/** Where the parts of a text begin: at lines, but for lines that are longer than a part. */
function partStarts(text: string): number[] {
  const starts = [0];
  for (let place = PART; place < text.length; place += PART) {
    const start = text.indexOf('\n', place) + 1;
    starts.push(start > 0 && start < place + PART ? start : place);
  }
  return starts;
}

function errorText(error: { ename: string; evalue: string; traceback: string[] }): string {
  return error.traceback.length > 0
    ? error.traceback.join('\n')
    : `${error.ename}: ${error.evalue}`;
}

/** Why something is not to be seen. */
export function Lack(props: { children: React.ReactNode }): React.ReactElement {
  return <p className="jp-Runlore-lack">{props.children}</p>;
}
