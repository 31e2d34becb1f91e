import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { downloadIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ProvenanceClient } from '../../api/provenance';
import { IArtifact, IRunDetail } from '../../api/types';
import { formatSize } from '../../charts/format';
import { isSmall, previewKind, TEXT_HEAD } from '../../model/preview';
import { EmptyState } from '../marks/states';
import { Loaded } from './loaded';
import { NotebookPreview } from './notebookPreview';
import { ImagePreview, MarkdownPreview, SvgPreview, TextPreview } from './previews';
import { Highlighter } from './source';
import { TablePreview } from './tablePreview';

/**
 * A look into an artifact. Nothing in it executes: images are drawn, tables and texts are text, and all else is
 * rendered as Lab renders what nobody trusts.
 */
export function Preview(props: {
  run: IRunDetail;
  artifact: IArtifact;
  provenance: ProvenanceClient;
  rendermime: IRenderMimeRegistry | null;
  highlight: Highlighter | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { run, artifact, provenance, trans } = props;
  return (
    <section className="jp-Runlore-preview" aria-label={trans.__('Preview')}>
      <div className="jp-Runlore-preview-head">
        <b title={artifact.path}>{artifact.path}</b>
        <span className="jp-Runlore-faint">{formatSize(artifact.size)}</span>
        <span className="jp-Runlore-faint">{artifact.media_type}</span>
        <code className="jp-Runlore-faint" title={artifact.digest}>
          {artifact.digest.slice(0, 12)}
        </code>
        <a
          className="jp-Runlore-download"
          href={provenance.downloadUrl(run.run_id, artifact.path)}
          download={artifact.path.slice(artifact.path.lastIndexOf('/') + 1)}
        >
          <downloadIcon.react tag="span" />
          {trans.__('Download')}
        </a>
      </div>
      <Content {...props} />
    </section>
  );
}

function Content(props: React.ComponentProps<typeof Preview>): React.ReactElement {
  const { run, artifact, provenance, rendermime, highlight, trans } = props;
  const [isAsked, setAsked] = React.useState(false);
  const kind = previewKind(artifact);
  if (kind === 'none') {
    return (
      <EmptyState
        title={trans.__('No preview')}
        sentence={trans.__('Files of this type can be downloaded.')}
      />
    );
  }
  if (!isAsked && !isSmall(artifact)) {
    return (
      <div className="jp-Runlore-state">
        <div className="jp-Runlore-state-title">
          {trans.__('It has %1', formatSize(artifact.size))}
        </div>
        <button className="jp-mod-styled" onClick={() => setAsked(true)}>
          {trans.__('Show anyway')}
        </button>
      </div>
    );
  }
  if (kind === 'table') {
    return <TablePreview {...{ run, artifact, provenance, trans }} />;
  }
  const most = kind === 'text' && !isAsked ? TEXT_HEAD : undefined;
  return (
    <Loaded
      load={() => provenance.artifact(run.run_id, artifact.path, most)}
      version={String(most)}
      render={content => {
        const view = { content, artifact, trans };
        switch (kind) {
          case 'image':
            return <ImagePreview {...view} />;
          case 'svg':
            return <SvgPreview {...view} />;
          case 'notebook':
            return <NotebookPreview {...view} rendermime={rendermime} highlight={highlight} />;
          case 'markdown':
            return <MarkdownPreview {...view} rendermime={rendermime} />;
          default:
            return <TextPreview {...view} isJson={kind === 'json'} onAll={() => setAsked(true)} />;
        }
      }}
      trans={trans}
    />
  );
}
