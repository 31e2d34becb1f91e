import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { PartialJSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

/**
 * A bundle of MIME data, rendered by Lab as it renders outputs of notebooks that nobody trusts: HTML is sanitised,
 * scripts and SVG are not taken.
 */
export function Rendered(props: {
  rendermime: IRenderMimeRegistry | null;
  data: PartialJSONObject;
}): React.ReactElement {
  const { rendermime, data } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const mime = rendermime?.preferredMimeType(data, 'ensure');
  const said = JSON.stringify(data);
  // Lumino detaches only what is in the page still, as it is before React removes the host.
  React.useLayoutEffect(() => {
    if (!rendermime || !mime || !host.current) {
      return;
    }
    const renderer = rendermime.createRenderer(mime);
    const model = new MimeModel({ data: JSON.parse(said) as PartialJSONObject, trusted: false });
    Widget.attach(renderer, host.current);
    renderer.renderModel(model).catch((error: unknown) => {
      renderer.node.textContent = String(error);
    });
    return () => renderer.dispose();
  }, [rendermime, mime, said]);
  if (!mime) {
    const plain = data['text/plain'];
    return <pre className="jp-Runlore-plain">{typeof plain === 'string' ? plain : ''}</pre>;
  }
  return <div className="jp-Runlore-rendered" ref={host} />;
}
