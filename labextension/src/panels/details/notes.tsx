import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { DraftModel } from '../../model/draft';
import { Rendered } from './rendered';
import { Part } from './table';

/** Lines of the editor: it grows with the text from the least to the most. */
const FEWEST_LINES = 4;
const MOST_LINES = 24;
/** Characters of notes that are rendered before the user asks for all. */
const AT_ONCE = 5_000;

/**
 * The user's hypothesis and notes on the run, edited in place; both save themselves.
 */
export function Notes(props: {
  notes: DraftModel;
  hypothesis: DraftModel;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { notes, hypothesis, rendermime, trans } = props;
  const field = useField<HTMLInputElement>(hypothesis);
  return (
    <div className="jp-Runlore-notes">
      <Part title={trans.__('Hypothesis')}>
        <input
          className="jp-mod-styled jp-Runlore-hypothesis"
          aria-label={trans.__('Hypothesis')}
          placeholder={trans.__('What should this run show?')}
          {...field}
          onBlur={() => void hypothesis.flush()}
        />
        <DraftState draft={hypothesis} between=" / " trans={trans} />
      </Part>
      <Part title={trans.__('Notes')}>
        <NotesText {...{ notes, rendermime, trans }} />
        <DraftState draft={notes} between={'\n\n'} trans={trans} />
      </Part>
    </div>
  );
}

function NotesText(props: {
  notes: DraftModel;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}): React.ReactElement {
  const { notes, rendermime, trans } = props;
  const [isEditing, setEditing] = React.useState(false);
  const [isWhole, setWhole] = React.useState(false);
  const stop = (): void => {
    setEditing(false);
    void notes.flush();
  };
  if (isEditing) {
    return <NotesEditor {...{ notes, trans }} onStop={stop} />;
  }
  const shown = isWhole ? notes.text : beginning(notes.text);
  return (
    <>
      {shown !== '' && <Rendered rendermime={rendermime} data={{ 'text/markdown': shown }} />}
      {shown.length < notes.text.length && (
        <button className="jp-Runlore-link" onClick={() => setWhole(true)}>
          {trans.__('Show all of the notes')}
        </button>
      )}
      <button className="jp-Runlore-link" onClick={() => setEditing(true)}>
        {notes.text === '' ? trans.__('Add notes (Markdown)') : trans.__('Edit notes')}
      </button>
    </>
  );
}

function NotesEditor(props: {
  notes: DraftModel;
  onStop: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { notes, onStop, trans } = props;
  const { onChange, ...field } = useField<HTMLTextAreaElement>(notes);
  const [rows, setRows] = React.useState(() => rowsFor(notes.text));
  return (
    <textarea
      className="jp-mod-styled jp-Runlore-notes-editor"
      aria-label={trans.__('Notes, in Markdown')}
      autoFocus
      rows={rows}
      {...field}
      onChange={event => {
        onChange(event);
        setRows(rowsFor(notes.text));
      }}
      onBlur={onStop}
      onKeyDown={event => {
        if (event.key === 'Escape' || (event.key === 'Enter' && (event.ctrlKey || event.metaKey))) {
          event.preventDefault();
          onStop();
        }
      }}
    />
  );
}

/** Rows for the lines of a text and one more; of a long text only as many lines are counted as there may be rows. */
function rowsFor(text: string): number {
  let rows = 2;
  let end = text.indexOf('\n');
  while (end >= 0 && rows < MOST_LINES) {
    rows += 1;
    end = text.indexOf('\n', end + 1);
  }
  return Math.max(rows, FEWEST_LINES);
}

/**
 * What makes an element the field of a draft. It keeps its own text, for a long one that React put there again with
 * each key would take seconds; only what did not come from it is put there.
 */
function useField<T extends HTMLInputElement | HTMLTextAreaElement>(
  draft: DraftModel
): {
  ref: React.RefObject<T>;
  defaultValue: string;
  onChange: (event: React.ChangeEvent<T>) => void;
} {
  const ref = React.useRef<T>(null);
  const [defaultValue] = React.useState(draft.text);
  const { text } = draft;
  React.useEffect(() => {
    if (ref.current && ref.current.value !== text) {
      ref.current.value = text;
    }
  }, [text]);
  return { ref, defaultValue, onChange: event => draft.edit(event.target.value) };
}

/** The text up to the end of a paragraph, where it is so long that rendering it takes a noticeable time. */
function beginning(text: string): string {
  if (text.length <= AT_ONCE) {
    return text;
  }
  const end = text.lastIndexOf('\n\n', AT_ONCE);
  return text.slice(0, end > 0 ? end : AT_ONCE);
}

/** Whether the server has the text, said where it does not and right after it came; a choice where two have written. */
function DraftState(props: {
  draft: DraftModel;
  /** What stands between two texts that are both kept. */
  between: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { draft, between, trans } = props;
  const { text, theirs } = draft;
  const choices: [label: string, settled: string][] = [
    [trans.__('Keep mine'), text],
    [trans.__('Take theirs'), theirs ?? ''],
    [trans.__('Keep both'), `${text}${between}${theirs}`]
  ];
  const words = {
    saved: '',
    unsaved: trans.__('Not saved yet'),
    saving: trans.__('Saving…'),
    failed: trans.__('Not saved, kept in this browser: %1', draft.error?.message ?? ''),
    disputed: trans.__('Not saved: somebody else has changed this meanwhile, to')
  };
  return (
    <div className="jp-Runlore-draft" role="status" data-state={draft.state}>
      {words[draft.state]}
      {draft.state === 'failed' && (
        <button className="jp-Runlore-link" onClick={() => void draft.flush()}>
          {trans.__('Save now')}
        </button>
      )}
      {theirs !== null && (
        <>
          <pre className="jp-Runlore-theirs" tabIndex={0}>
            {theirs || trans.__('(nothing)')}
          </pre>
          {choices.map(([label, settled]) => (
            <button
              key={label}
              className="jp-Runlore-link"
              // The editor would close, and the button move away, before the click.
              onMouseDown={event => event.preventDefault()}
              onClick={() => draft.settle(settled)}
            >
              {label}
            </button>
          ))}
        </>
      )}
    </div>
  );
}
