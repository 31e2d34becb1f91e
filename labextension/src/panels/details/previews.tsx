import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IArtifact } from '../../api/types';
import { formatSize } from '../../charts/format';
import { imageType } from '../../model/preview';
import { EmptyState } from '../marks/states';
import { Lack } from './output';
import { Rendered } from './rendered';

interface IContent {
  content: ArrayBuffer;
  artifact: IArtifact;
  trans: TranslationBundle;
}

/** An image of pixels. */
export function ImagePreview(props: IContent): React.ReactElement {
  const { content, artifact } = props;
  const draw = React.useCallback(
    (image: HTMLImageElement) => {
      const url = URL.createObjectURL(new Blob([content], { type: imageType(artifact.path) }));
      image.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [content, artifact.path]
  );
  return <Picture {...props} draw={draw} />;
}

/** A drawing: within an image nothing executes, and its URL has no origin, so that nothing does where it is opened. */
export function SvgPreview(props: IContent): React.ReactElement {
  const { content } = props;
  const draw = React.useCallback(
    (image: HTMLImageElement) => {
      image.src = `data:image/svg+xml,${encodeURIComponent(textOf(content))}`;
      return () => undefined;
    },
    [content]
  );
  return <Picture {...props} draw={draw} />;
}

function Picture(
  props: IContent & { draw: (image: HTMLImageElement) => () => void }
): React.ReactElement {
  const { draw, artifact, trans } = props;
  const [isBroken, setBroken] = React.useState(false);
  const image = React.useRef<HTMLImageElement>(null);
  React.useEffect(() => (image.current ? draw(image.current) : undefined), [draw]);
  if (isBroken) {
    return <EmptyState title={trans.__('This is no image that can be drawn')} />;
  }
  return (
    <div className="jp-Runlore-picture">
      <img ref={image} alt={artifact.path} onError={() => setBroken(true)} />
    </div>
  );
}

/** Markdown, sanitised. */
export function MarkdownPreview(
  props: IContent & { rendermime: IRenderMimeRegistry | null }
): React.ReactElement {
  const { content, rendermime } = props;
  return <Rendered rendermime={rendermime} data={{ 'text/markdown': textOf(content) }} />;
}

/** Plain text; JSON is indented. */
export function TextPreview(
  props: IContent & { isJson: boolean; onAll: () => void }
): React.ReactElement {
  const { content, artifact, isJson, onAll, trans } = props;
  const text = React.useMemo(
    () => (isJson ? indented(textOf(content)) : textOf(content)),
    [content, isJson]
  );
  const isCut = content.byteLength < artifact.size;
  if (text === '') {
    return <EmptyState title={trans.__('The file is empty')} />;
  }
  return (
    <>
      <pre className="jp-Runlore-source" tabIndex={0}>
        {text}
      </pre>
      {isCut && (
        <Lack>
          {trans.__(
            'The first %1 of %2.',
            formatSize(content.byteLength),
            formatSize(artifact.size)
          )}
          <button className="jp-Runlore-link" onClick={onAll}>
            {trans.__('Show all')}
          </button>
        </Lack>
      )}
    </>
  );
}

/** The text of a file, whatever its bytes are. */
export function textOf(content: ArrayBuffer): string {
  return new TextDecoder().decode(content);
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
