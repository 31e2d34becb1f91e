import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { IPace, IParameter } from '../../labextension/src/api/rerunTypes';
import { faultOf, isChanged, valueOf } from '../../labextension/src/model/parameterText';
import { inOrder, lifeOf, movedPriority, partDone } from '../../labextension/src/model/queue';
import { RerunForm } from '../../labextension/src/model/rerunForm';
import { described, suggested, written } from '../../labextension/src/model/space';
import { Page } from './page';
import { manyRuns, someJob } from './runs';

function parameter(change: Partial<IParameter> = {}): IParameter {
  return { name: 'lr', type: 'float', text: '0.001', choices: null, cell: 0, ...change };
}

function pace(change: Partial<IPace['cells'][0]> = {}, sign: number | null = 1000): IPace {
  const done = { ordinal: 0, title: 'x = 1', state: 'done', elapsed: 1, expected: 1 } as const;
  const at = { ordinal: 1, title: 'fit()', state: 'running', elapsed: 9, expected: 9 } as const;
  return { cells: [done, { ...at, ...change }], elapsed: 10, expected: 10, sign, printed: null };
}

describe('the text of a parameter', () => {
  it.each([
    [parameter(), '1e-3', null],
    [parameter(), 'much', 'number'],
    [parameter(), '', 'number'],
    [parameter(), 'None', null],
    [parameter({ type: 'int', text: '2' }), '2.5', 'whole'],
    [parameter({ type: 'int', text: '2' }), '1_000', null],
    [parameter({ type: 'bool', text: 'True', choices: ['True', 'False'] }), 'yes', 'choice'],
    [parameter({ type: 'list', text: '[1]' }), '1, 2', 'list'],
    [parameter({ type: 'str', text: 'relu' }), '<b>x</b>', null]
  ] as const)('%o takes %s: %s', (one, text, fault) => {
    expect(faultOf(one, text)).toBe(fault);
  });

  it('says the same in another notation', () => {
    expect(isChanged(parameter(), '1e-3')).toBe(false);
    expect(isChanged(parameter(), '0.002')).toBe(true);
    expect(valueOf(parameter({ type: 'list' }), '[1, true]')).toEqual([1, true]);
    expect(valueOf(parameter({ type: 'list' }), '[1, True]')).toBe('[1, True]');
  });
});

describe('the space of a sweep', () => {
  it.each([
    ['log:1e-5..1e-1', 'float', 'range'],
    ['16..256:16', 'int', 'range'],
    ['0.1..0.9/5', 'float', 'range'],
    ['log2:16..256', 'int', 'range'],
    ['relu, gelu', 'str', 'values'],
    ['*', 'str', 'values'],
    ['5', 'int', 'fixed'],
    ['', 'int', 'recorded']
  ] as const)('reads and writes %s', (text, type, kind) => {
    const field = described(text, parameter({ type }));
    expect(field.kind).toBe(kind);
    expect(written(field)).toBe(text);
  });

  it('begins around the recorded value', () => {
    expect(written(suggested('range', parameter()))).toBe('log:0.0001..0.01');
    expect(written(suggested('range', parameter({ type: 'int', text: '3' })))).toBe('1..6');
  });
});

describe('the queue', () => {
  it('tells a job that is stuck from one that works', () => {
    expect(lifeOf(pace(), 1005).state).toBe('working');
    expect(lifeOf(pace({ elapsed: 40 }), 1005).state).toBe('late');
    expect(lifeOf(pace({ elapsed: 40 }), 1100).state).toBe('quiet');
    expect(lifeOf(pace({ expected: 600 }), 1100).state).toBe('working');
    expect(lifeOf(pace({ expected: null }, null), 1100)).toMatchObject({
      state: 'working',
      silence: null
    });
  });

  it('measures progress by the time of the original', () => {
    expect(partDone(someJob(), pace({ elapsed: 4.5 }))).toBeCloseTo(0.55);
    expect(partDone(someJob({ cells_done: 3, cells_total: 4 }), undefined)).toBe(0.75);
    expect(partDone(someJob({ state: 'succeeded' }), undefined)).toBe(1);
  });

  it('shows what works, then what waits in its turn, then what ended; and moves within', () => {
    const waiting = (run_id: string, number: number, priority = 0) =>
      someJob({ run_id, number, priority, state: 'queued' });
    const ended = someJob({ run_id: 'e', number: 9, state: 'failed' });
    const jobs = inOrder([ended, waiting('b', 3), waiting('a', 2), waiting('c', 4, 5), someJob()]);
    expect(jobs.map(job => job.run_id)).toEqual(['j1', 'c', 'a', 'b', 'e']);
    expect(movedPriority(jobs, 'a', -1)).toBe(6);
    expect(movedPriority(jobs, 'a', 1)).toBe(-1);
    expect(movedPriority(jobs, 'c', -1)).toBeNull();
    expect(movedPriority(jobs, 'j1', 1)).toBeNull();
  });
});

describe('the form of a rerun', () => {
  let page: Page;

  beforeEach(async () => {
    page = await Page.open();
    page.server.runs = manyRuns(3);
  });

  afterEach(() => page.close());

  it('asks for nothing but the run as long as nothing is changed', async () => {
    const runlore = await page.load();
    const form = new RerunForm(runlore, ['r1', 'r2']);
    expect(form.isExact).toBe(true);
    expect(form.requests).toEqual([{ run_id: 'r1' }, { run_id: 'r2' }]);
    expect(await form.submit()).toHaveLength(2);
    expect(page.server.bodies.at(-1)).toEqual([{ run_id: 'r1' }, { run_id: 'r2' }]);
  });

  it('asks for what is changed, and takes it back', async () => {
    const form = new RerunForm(await page.load(), ['r1']);
    form.parameters = [parameter(), parameter({ name: 'layers', type: 'int', text: '2' })];
    form.setText('lr', '0.01');
    form.set({ priority: '3', timeout: '2', kernel: ':locked' });
    expect(form.requests).toEqual([
      { run_id: 'r1', env: 'locked', parameters: { lr: '0.01' }, priority: 3, timeout: 120 }
    ]);
    form.setText('layers', 'many');
    expect(form.isValid).toBe(false);
    form.reset();
    expect(form.isExact && form.isValid).toBe(true);
  });

  it("shows the server's refusal at the parameter", async () => {
    const form = new RerunForm(await page.load(), ['r1']);
    form.parameters = [parameter()];
    form.setText('lr', '2');
    page.server.refusal = [400, { message: 'lr is too great', parameter: 'lr' }];
    expect(await form.submit()).toBeNull();
    await vi.waitFor(() =>
      expect(form.fault(parameter())).toMatchObject({ message: 'lr is too great' })
    );
    form.setText('lr', '1');
    expect(form.fault(parameter())).toBeNull();
  });
});
