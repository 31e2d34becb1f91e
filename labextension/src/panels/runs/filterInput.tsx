import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IRun } from '../../api/types';
import { complete, ICompletion } from '../../model/completion';

const LIST_ID = 'jp-Runlore-completions';

/**
 * Properties of the input of the filter.
 */
export interface IFilterInputProps {
  value: string;
  onChange: (value: string) => void;
  /** Id of the element that says what is wrong; null where nothing is. */
  error: string | null;
  /** What names are completed from. */
  runs: readonly IRun[];
  input: React.RefObject<HTMLInputElement>;
  trans: TranslationBundle;
}

/**
 * The input of the filter. It offers names while one is typed: arrows choose, Tab or Enter takes, Escape declines.
 */
export function FilterInput(props: IFilterInputProps): React.ReactElement {
  const { value, onChange, error, runs, input, trans } = props;
  const [offer, setOffer] = React.useState<ICompletion | null>(null);
  const [chosen, setChosen] = React.useState(0);
  const isOpen = offer !== null && offer.options.length > 0;
  const take = (option: string): void => {
    if (offer) {
      setOffer(null);
      onChange(value.slice(0, offer.start) + option + value.slice(offer.end));
      input.current?.focus();
    }
  };
  return (
    <div className="jp-Runlore-filter-input">
      <input
        ref={input}
        className="jp-mod-styled"
        type="search"
        role="combobox"
        spellCheck={false}
        autoComplete="off"
        placeholder={trans.__('Filter: metrics.loss < 0.1')}
        title={trans.__(
          'Words of name, experiment or notebook, or conditions: %1',
          'metrics.loss < 0.1 and params.lr = 0.01 and started > -7d'
        )}
        aria-label={trans.__('Filter runs')}
        aria-invalid={error !== null}
        aria-describedby={error ?? undefined}
        aria-expanded={isOpen}
        aria-controls={isOpen ? LIST_ID : undefined}
        aria-autocomplete="list"
        aria-activedescendant={isOpen ? `${LIST_ID}-${chosen}` : undefined}
        value={value}
        onChange={event => {
          const { value: text, selectionStart } = event.target;
          setOffer(complete(text, selectionStart ?? text.length, runs));
          setChosen(0);
          onChange(text);
        }}
        onBlur={() => setOffer(null)}
        onKeyDown={event => {
          const act = isOpen ? keys(offer.options, chosen, setChosen, take)[event.key] : undefined;
          if (act) {
            event.preventDefault();
            act();
          } else if (event.key === 'Escape') {
            setOffer(null);
            if (!isOpen) {
              onChange('');
            }
          }
        }}
      />
      {isOpen && (
        <ul
          id={LIST_ID}
          className="jp-Runlore-completions"
          role="listbox"
          aria-label={trans.__('Names')}
        >
          {offer.options.map((option, index) => (
            <li
              key={option}
              id={`${LIST_ID}-${index}`}
              role="option"
              aria-selected={index === chosen}
              // Not a click: the input would lose the focus, and the list go, before it.
              onMouseDown={event => {
                event.preventDefault();
                take(option);
              }}
            >
              {option}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function keys(
  options: readonly string[],
  chosen: number,
  choose: (index: number) => void,
  take: (option: string) => void
): Record<string, (() => void) | undefined> {
  const accept = (): void => take(options[chosen] ?? '');
  return {
    ArrowDown: () => choose((chosen + 1) % options.length),
    ArrowUp: () => choose((chosen + options.length - 1) % options.length),
    Enter: accept,
    Tab: accept
  };
}
