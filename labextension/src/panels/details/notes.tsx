import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { DraftModel } from '../../model/draft';
import { Rendered } from './rendered';
import { Part } from './table';

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
  return (
    <div className="jp-Runlore-notes">
      <Part title={trans.__('Hypothesis')}>
        <input
          className="jp-mod-styled jp-Runlore-hypothesis"
          aria-label={trans.__('Hypothesis')}
          placeholder={trans.__('What is this run to show?')}
          value={hypothesis.text}
          onChange={event => hypothesis.edit(event.target.value)}
          onBlur={() => void hypothesis.flush()}
        />
        <DraftState draft={hypothesis} trans={trans} />
      </Part>
      <Part title={trans.__('Notes')}>
        <NotesText {...{ notes, rendermime, trans }} />
        <DraftState draft={notes} trans={trans} />
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
  const stop = (): void => {
    setEditing(false);
    void notes.flush();
  };
  if (isEditing) {
    return (
      <textarea
        className="jp-mod-styled jp-Runlore-notes-editor"
        aria-label={trans.__('Notes, in Markdown')}
        autoFocus
        rows={Math.min(Math.max(notes.text.split('\n').length + 1, 4), 24)}
        value={notes.text}
        onChange={event => notes.edit(event.target.value)}
        onBlur={stop}
        onKeyDown={event => {
          if (
            event.key === 'Escape' ||
            (event.key === 'Enter' && (event.ctrlKey || event.metaKey))
          ) {
            event.preventDefault();
            stop();
          }
        }}
      />
    );
  }
  return (
    <>
      {notes.text !== '' && (
        <Rendered rendermime={rendermime} data={{ 'text/markdown': notes.text }} />
      )}
      <button className="jp-Runlore-link" onClick={() => setEditing(true)}>
        {notes.text === '' ? trans.__('Add notes (Markdown)') : trans.__('Edit notes')}
      </button>
    </>
  );
}

/** Whether the server has the text, said where it does not and right after it came. */
function DraftState(props: { draft: DraftModel; trans: TranslationBundle }): React.ReactElement {
  const { draft, trans } = props;
  const words = {
    saved: '',
    unsaved: trans.__('Not saved yet'),
    saving: trans.__('Saving…'),
    failed: trans.__('Not saved, kept in this browser: %1', draft.error?.message ?? '')
  };
  return (
    <div className="jp-Runlore-draft" role="status" data-state={draft.state}>
      {words[draft.state]}
      {draft.state === 'failed' && (
        <button className="jp-Runlore-link" onClick={() => void draft.flush()}>
          {trans.__('Save now')}
        </button>
      )}
      {draft.theirs !== null && (
        <>
          <span>{trans.__('Somebody changed this meanwhile; your text will replace it.')}</span>
          <button className="jp-Runlore-link" onClick={() => draft.takeTheirs()}>
            {trans.__('Take theirs')}
          </button>
        </>
      )}
    </div>
  );
}
