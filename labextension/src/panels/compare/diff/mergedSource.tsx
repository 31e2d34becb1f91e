import { MergeView } from '@codemirror/merge';
import { EditorState, Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { IEditorLanguageRegistry, jupyterTheme } from '@jupyterlab/codemirror';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** Pixels of a line before it is measured. */
const LINE_HEIGHT = 17;
/** Equal lines that stay around those that differ, and how many more it takes to fold them. */
const FOLDED = { margin: 4, minSize: 6 };

function tint(color: 'error' | 'success', percent: number): { background: string } {
  return { background: `color-mix(in srgb, var(--jp-${color}-color1) ${percent}%, transparent)` };
}

const COLORS = EditorView.theme({
  '&.cm-merge-a .cm-changedLine': tint('error', 9),
  '&.cm-merge-b .cm-changedLine': tint('success', 11),
  '&.cm-merge-a .cm-changedText': tint('error', 30),
  '&.cm-merge-b .cm-changedText': tint('success', 34)
});

/** A side that has no such cell. */
const ABSENT = EditorView.theme({
  '&': { background: 'var(--jp-layout-color2)' },
  '.cm-gutters': { visibility: 'hidden' }
});

/**
 * Two sources side by side, line opposite line, with what differs in each line marked. The editors are made once the
 * place for them comes into view, and nothing in them can be changed.
 *
 * @param props.a - Null where the first run has no such cell.
 * @param props.b - As `a`.
 */
export function MergedSource(props: {
  a: string | null;
  b: string | null;
  languages: IEditorLanguageRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { a, b, languages, trans } = props;
  const node = React.useRef<HTMLDivElement>(null);
  const isSeen = useSeen(node);
  React.useEffect(() => {
    const parent = node.current;
    if (!parent || !isSeen) {
      return;
    }
    let view: MergeView | null = null;
    let isGone = false;
    void languageOf(languages).then(language => {
      if (isGone) {
        return;
      }
      const side = (
        text: string | null,
        label: string
      ): { doc: string; extensions: Extension } => ({
        doc: text ?? '',
        extensions: [
          lineNumbers(),
          jupyterTheme,
          COLORS,
          text === null ? ABSENT : [],
          language,
          EditorState.readOnly.of(true),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, 'aria-readonly': 'true' })
        ]
      });
      view = new MergeView({
        a: side(a, trans.__('Code of the first run')),
        b: side(b, trans.__('Code of the second run')),
        parent,
        gutter: true,
        highlightChanges: a !== null && b !== null,
        collapseUnchanged: FOLDED
      });
    });
    return () => {
      isGone = true;
      view?.destroy();
    };
  }, [a, b, languages, isSeen, trans]);
  const lines = Math.max(a?.split('\n').length ?? 0, b?.split('\n').length ?? 0);
  return (
    <div
      className="jp-Runlore-merged"
      ref={node}
      style={isSeen ? undefined : { minHeight: lines * LINE_HEIGHT }}
    />
  );
}

/** Whether the element has been in view. */
function useSeen(node: React.RefObject<HTMLElement>): boolean {
  const [isSeen, setSeen] = React.useState(false);
  React.useEffect(() => {
    if (!node.current || isSeen) {
      return;
    }
    const observer = new IntersectionObserver(
      entries => entries.some(entry => entry.isIntersecting) && setSeen(true),
      { rootMargin: '200px' }
    );
    observer.observe(node.current);
    return () => observer.disconnect();
  }, [node, isSeen]);
  return isSeen;
}

/** How Lab shows IPython; plain text where it cannot. */
async function languageOf(languages: IEditorLanguageRegistry | null): Promise<Extension> {
  try {
    return (await languages?.getLanguage('text/x-ipython'))?.support ?? [];
  } catch {
    return [];
  }
}
