import { renderHook, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { IWireCurve } from '../../labextension/src/api/curveTypes';
import { Range } from '../../labextension/src/charts/scale';
import { ILine } from '../../labextension/src/charts/traces';
import { decodeCurve, refined } from '../../labextension/src/model/curve';
import { CurvesModel } from '../../labextension/src/model/curves';
import { useZoom } from '../../labextension/src/panels/curves/zoom';
import { sinceCurve, someCurve } from './runs';
import { RestServer } from './server';

let server: RestServer;

beforeEach(async () => {
  server = await RestServer.start();
});

afterEach(() => server.stop());

function line(runId: string, count: number, values: readonly number[]): ILine {
  const curve = { ...decodeCurve(someCurve(runId, values)), count };
  return {
    curve,
    name: runId,
    mark: '',
    style: { color: 0, dash: 'solid' },
    started: 1000,
    isLive: false
  };
}

/** The points of a curve from a step on. */
function part(runId: string, first: number, values: readonly number[]): IWireCurve {
  const before = Array.from({ length: first }, () => NaN);
  return sinceCurve(someCurve(runId, [...before, ...values]), first);
}

describe('a part that is looked at', () => {
  const whole = { ...decodeCurve(someCurve('r0', [0, 1, 2, 3, 4, 5])), count: 600 };

  it('takes the place of what was shown there', () => {
    const found = refined(whole, decodeCurve(part('r0', 2, [20, 30, 40])), 'step');
    expect([...found.step]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...found.value]).toEqual([0, 1, 20, 30, 40, 5]);
    expect([...found.time]).toEqual([1000, 1001, 1002, 1003, 1004, 1005]);
    expect(found.count).toBe(600);
  });

  it('may reach to either end, or be empty', () => {
    expect([...refined(whole, decodeCurve(part('r0', 4, [40, 50])), 'time').value]).toEqual([
      0, 1, 2, 3, 40, 50
    ]);
    expect([...refined(whole, decodeCurve(part('r0', 0, [9])), 'step').value]).toEqual([
      9, 1, 2, 3, 4, 5
    ]);
    expect(refined(whole, decodeCurve(part('r0', 0, [])), 'step')).toBe(whole);
  });

  it('stands alone where a loop began again', () => {
    const again = { ...whole, step: Float64Array.of(0, 1, 2, 0, 1, 2) };
    expect([...refined(again, decodeCurve(part('r0', 1, [7, 8])), 'step').value]).toEqual([7, 8]);
  });
});

describe('zooming', () => {
  it('fetches the part of decimated curves once, and shows the whole again after a reset', async () => {
    const curves = new CurvesModel(server.client(), () => 1000);
    server.curves = [part('r0', 2, [20, 30])];
    const lines = [line('r0', 600, [0, 1, 2, 3, 4]), line('r1', 2, [8, 9])];
    const range: Range = [1.5, 3.5];
    const { result, rerender } = renderHook(
      (zoom: Range | null) => useZoom(lines, 'loss', 'step', zoom, curves),
      { initialProps: null as Range | null }
    );
    expect(result.current).toBe(lines);
    rerender(range);
    rerender(range);
    await waitFor(() =>
      expect([...(result.current[0]?.curve.value ?? [])]).toEqual([0, 1, 20, 30, 4])
    );
    expect(result.current[1]).toBe(lines[1]);
    expect(server.requests).toEqual([
      'GET curves?run=r0&metric=loss&points=1000&x=step&from=1.5&to=3.5'
    ]);
    rerender(null);
    expect(result.current).toBe(lines);
  });

  it.each([
    ['time', 'relative'],
    ['wall', 'time']
  ] as const)('on the axis %s keeps what is drawn when the server is away', async (x, asked) => {
    const curves = new CurvesModel(server.client(), () => 1000);
    const lines = [line('r0', 600, [0, 1, 2])];
    const range: Range = [0, 1];
    server.refusal = [500, 'no'];
    const { result } = renderHook(() => useZoom(lines, 'loss', x, range, curves));
    await waitFor(() =>
      expect(server.requests).toEqual([
        `GET curves?run=r0&metric=loss&points=1000&x=${asked}&from=0&to=1`
      ])
    );
    expect(result.current).toBe(lines);
  });
});
