import * as React from 'react';

/**
 * Puts highlighted code into an empty element, as text only.
 */
export type Highlighter = (code: string, node: HTMLElement) => Promise<void>;

/** Source code that cannot execute and is no markup. */
export function Source(props: { code: string; highlight: Highlighter | null }): React.ReactElement {
  const { code, highlight } = props;
  const node = React.useRef<HTMLPreElement>(null);
  React.useEffect(() => {
    const pre = node.current;
    if (!pre) {
      return;
    }
    const plain = document.createTextNode(code);
    pre.replaceChildren(plain);
    if (highlight) {
      const colored = document.createElement('span');
      highlight(code, colored).then(
        () => plain.parentNode === pre && pre.replaceChildren(colored),
        () => undefined // the plain text is there already
      );
    }
  }, [code, highlight]);
  return <pre className="jp-Runlore-source" ref={node} tabIndex={0} />;
}
