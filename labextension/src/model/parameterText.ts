import { IParameter } from '../api/rerunTypes';

/** Why a text is no value of a parameter. */
export type Fault = 'whole' | 'number' | 'list' | 'choice';

/**
 * Whether a text is a value of a parameter, as far as can be told here; the server has the last word.
 */
export function faultOf(parameter: IParameter, text: string): Fault | null {
  const given = text.trim();
  if (parameter.type === 'str' && parameter.choices === null) {
    return null;
  }
  if (given === 'None' || parameter.type === 'None') {
    return null;
  }
  if (parameter.choices !== null) {
    return parameter.choices.includes(given) ? null : 'choice';
  }
  switch (parameter.type) {
    case 'int':
      return /^[+-]?\d[\d_]*$/.test(given) ? null : 'whole';
    case 'float':
      return isNumber(given) ? null : 'number';
    case 'list':
      return /^\[[^]*\]$/.test(given) ? null : 'list';
    case 'tuple':
      return /^[[(][^]*[\])]$/.test(given) ? null : 'list';
    default:
      return null;
  }
}

/** What a request says of a text: JSON where it is a list in JSON, else the text, which the server reads. */
export function valueOf(parameter: IParameter, text: string): unknown {
  if (parameter.type === 'list' || parameter.type === 'tuple') {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text; // Python's notation
    }
  }
  return parameter.type === 'str' ? text : text.trim();
}

/** Whether a text says another value than the recorded one. */
export function isChanged(parameter: IParameter, text: string): boolean {
  if (parameter.type === 'int' || parameter.type === 'float') {
    const [given, recorded] = [Number(text), Number(parameter.text)];
    return Number.isNaN(given) ? text.trim() !== parameter.text : given !== recorded;
  }
  return parameter.type === 'str' ? text !== parameter.text : text.trim() !== parameter.text;
}

function isNumber(text: string): boolean {
  return (
    /^[+-]?((\d[\d_]*)?\.?\d*([eE][+-]?\d+)?|inf|nan)$/i.test(text) && /\d|inf|nan/i.test(text)
  );
}
