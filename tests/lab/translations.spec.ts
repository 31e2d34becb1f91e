import { readdirSync, readFileSync } from 'fs';
import { describe, expect, it } from 'vitest';

import { messages } from './messages';

const LOCALES = 'server_extension/runlore_server/locale';
const all = messages();

type Catalogue = Record<string, string[]>;

function catalogue(language: string): Catalogue {
  const path = `${LOCALES}/${language}/LC_MESSAGES/runlore.json`;
  const { '': head, ...texts } = JSON.parse(readFileSync(path, 'utf8')) as Catalogue & {
    '': object;
  };
  expect(head).toMatchObject({ domain: 'runlore', language: language.replace('_', '-') });
  return texts;
}

/** What stands for a value in a text. */
function placeholders(text: string): string[] {
  return [...new Set(text.match(/%\d/g))].sort();
}

describe.each(readdirSync(LOCALES))('the translation to %s', language => {
  const texts = catalogue(language);

  it('has every text of the panel', () => {
    const missing = all.filter(({ key }) => !texts[key]?.every(text => text.trim() !== ''));
    expect(missing.map(({ key, place }) => `${place}: ${key}`)).toEqual([]);
  });

  it('has two forms of what is counted, and one of all else', () => {
    const forms = (plural: string | null): number => (plural === null ? 1 : 2);
    const wrong = all.filter(({ key, plural }) => (texts[key]?.length ?? 0) !== forms(plural));
    expect(wrong.map(({ key }) => key)).toEqual([]);
  });

  it('has nothing that the panel no longer says', () => {
    const known = new Set(all.map(({ key }) => key));
    expect(Object.keys(texts).filter(key => !known.has(key))).toEqual([]);
  });

  it('has the same values in each text', () => {
    const wrong = all.filter(({ key, plural }) => {
      const wanted = [key.split('\u0004').at(-1) ?? '', ...(plural === null ? [] : [plural])];
      return texts[key]?.some((text, form) => {
        const original = wanted[form] ?? '';
        return placeholders(text).join() !== placeholders(original).join();
      });
    });
    expect(wrong.map(({ key }) => key)).toEqual([]);
  });
});
