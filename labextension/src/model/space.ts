import { IParameter } from '../api/rerunTypes';

/** What a parameter may be in a sweep, as a form shows it. */
export type ISpaceField =
  | { kind: 'recorded' }
  | { kind: 'fixed'; value: string }
  | { kind: 'values'; values: string }
  | {
      kind: 'range';
      low: string;
      high: string;
      scale: 'linear' | 'log' | 'log2';
      step: string;
      points: string;
    };

const RANGE =
  /^\s*(?:(log2|log|int|float)\s*:)?\s*([^:/]*?)\s*\.\.\s*([^:/]*?)\s*(?:([:/])\s*(.*?))?\s*$/;

/** What a text in the notation of sweeps says. */
export function described(text: string, parameter: IParameter): ISpaceField {
  if (text.trim() === '') {
    return { kind: 'recorded' };
  }
  const isNumber =
    parameter.type === 'int' || parameter.type === 'float' || parameter.type === 'None';
  const range = isNumber ? RANGE.exec(text) : null;
  if (range) {
    const [, scale, low = '', high = '', by, count = ''] = range;
    return {
      kind: 'range',
      low,
      high,
      scale: scale === 'log' || scale === 'log2' ? scale : 'linear',
      step: by === ':' ? count : '',
      points: by === '/' ? count : ''
    };
  }
  const isSeveral = text.includes(',') || text.trim() === '*';
  return isSeveral && parameter.type !== 'list' && parameter.type !== 'tuple'
    ? { kind: 'values', values: text }
    : { kind: 'fixed', value: text };
}

/** The text that says what a form shows. */
export function written(field: ISpaceField): string {
  switch (field.kind) {
    case 'recorded':
      return '';
    case 'fixed':
      return field.value;
    case 'values':
      return field.values;
    case 'range': {
      const scale = field.scale === 'linear' ? '' : `${field.scale}:`;
      const by =
        field.step !== '' ? `:${field.step}` : field.points !== '' ? `/${field.points}` : '';
      return `${scale}${field.low}..${field.high}${by}`;
    }
  }
}

/** A range or values to begin with, around the recorded value. */
export function suggested(kind: ISpaceField['kind'], parameter: IParameter): ISpaceField {
  const { text, type, choices } = parameter;
  const number = Number(text);
  switch (kind) {
    case 'recorded':
      return { kind };
    case 'fixed':
      return { kind, value: text };
    case 'values':
      return { kind, values: choices === null ? `${text}, ${text}` : '*' };
    case 'range': {
      const isWhole = type === 'int';
      const isScaled = !isWhole && number > 0;
      return {
        kind,
        low: isWhole
          ? String(Math.min(1, number))
          : isScaled
            ? short(number / 10)
            : short(number - 1),
        high: isWhole
          ? String(Math.max(2 * number, 2))
          : isScaled
            ? short(number * 10)
            : short(number + 1),
        scale: isScaled ? 'log' : 'linear',
        step: '',
        points: ''
      };
    }
  }
}

function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}
