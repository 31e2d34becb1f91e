import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { IOutputsDifference } from '../../../api/comparison';
import { IOutput, IOutputs } from '../../../api/provenance';
import { CompareModel } from '../../../model/compare';
import { IPairDiff } from '../../../model/diff';
import { Part } from '../../details/table';

/**
 * What the cells of two runs showed, opposite each other, where it differs.
 */
export function OutputsDiff(props: {
  model: CompareModel;
  found: IPairDiff;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, found, rendermime, trans } = props;
  const differing = found.diff.outputs.filter(pair => pair.status !== 'same');
  const alike = found.diff.outputs.length - differing.length;
  const word: Record<IOutputsDifference['status'], string> = {
    same: trans.__('the same'),
    changed: trans.__('differs'),
    'only a': trans.__('only the first run shows something'),
    'only b': trans.__('only the second run shows something'),
    unknown: trans.__('lost on one side')
  };
  return (
    <>
      {differing.map(pair => (
        <Part
          key={`${pair.a ?? ''}:${pair.b ?? ''}`}
          title={`[${pair.a ?? '–'}] · [${pair.b ?? '–'}] ${word[pair.status]}`}
        >
          <div className="jp-Runlore-diff-outputs">
            <Shown runId={found.diff.a} ordinal={pair.a} {...{ model, rendermime, trans }} />
            <Shown runId={found.diff.b} ordinal={pair.b} {...{ model, rendermime, trans }} />
          </div>
        </Part>
      ))}
      {differing.length > 0 && alike > 0 && (
        <p className="jp-Runlore-faint">
          {trans._n('%1 other cell shows the same.', '%1 other cells show the same.', alike)}
        </p>
      )}
    </>
  );
}

function Shown(props: {
  model: CompareModel;
  runId: string;
  ordinal: number | null;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, runId, ordinal, rendermime, trans } = props;
  const [told, setTold] = React.useState<IOutputs | Error | null>(null);
  React.useEffect(() => {
    let isGone = false;
    if (ordinal !== null) {
      model.diff.outputs(runId, ordinal).then(
        outputs => !isGone && setTold(outputs),
        (error: unknown) => !isGone && setTold(error as Error)
      );
    }
    return () => {
      isGone = true;
    };
  }, [model, runId, ordinal]);
  const said =
    ordinal === null
      ? trans.__('no such cell')
      : told === null
        ? trans.__('Loading…')
        : told instanceof Error
          ? told.message
          : (told.why ?? (told.outputs.length === 0 ? trans.__('nothing') : null));
  return (
    <div className="jp-Runlore-diff-shown">
      {said !== null && <span className="jp-Runlore-faint">{said}</span>}
      {told !== null &&
        !(told instanceof Error) &&
        told.outputs.map((output, index) => (
          <Output key={index} {...{ output, rendermime, trans }} />
        ))}
    </div>
  );
}

/** One output as a notebook that nobody trusts shows it: nothing in it executes. */
function Output(props: {
  output: IOutput;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { output, rendermime, trans } = props;
  const node = React.useRef<HTMLDivElement>(null);
  // Not an effect: a widget has to be disposed of while it is still in the page.
  React.useLayoutEffect(() => {
    const data = bundleOf(output);
    const mime = rendermime?.preferredMimeType(data, 'ensure');
    if (!rendermime || mime === undefined || !node.current) {
      return;
    }
    const renderer = rendermime.createRenderer(mime);
    Widget.attach(renderer, node.current);
    void renderer.renderModel(rendermime.createModel({ data, trusted: false }));
    return () => renderer.dispose();
  }, [output, rendermime]);
  const gone =
    output.output_type === 'display_data'
      ? [...Object.keys(output.left_out), ...Object.keys(output.lost)]
      : [];
  return (
    <>
      <div className="jp-Runlore-diff-output" ref={node} />
      {output.output_type === 'more' && (
        <span className="jp-Runlore-faint">
          {trans.__('%1 more were not kept', output.dropped)}
        </span>
      )}
      {gone.length > 0 && (
        <span className="jp-Runlore-faint">{trans.__('not shown: %1', gone.join(', '))}</span>
      )}
    </>
  );
}

function bundleOf(output: IOutput): Record<string, string> {
  switch (output.output_type) {
    case 'stream':
      return { [`application/vnd.jupyter.${output.name}`]: output.text };
    case 'error':
      return {
        'application/vnd.jupyter.stderr':
          output.traceback.join('\n') || `${output.ename}: ${output.evalue}`
      };
    case 'display_data':
      return output.data as Record<string, string>;
    case 'more':
      return {};
  }
}
