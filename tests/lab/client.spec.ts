import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RunloreClient } from '../../labextension/src/api/client';
import { RefusedError, UnavailableError } from '../../labextension/src/api/errors';
import { decodeFloats, decodeNumber } from '../../labextension/src/api/numbers';
import { manyRuns, wireFloats } from './runs';
import { RestServer } from './server';

describe('RunloreClient', () => {
  let server: RestServer;
  let client: RunloreClient;

  beforeEach(async () => {
    server = await RestServer.start();
    client = server.client();
  });

  afterEach(async () => {
    await server.stop();
  });

  it('asks below the base URL, with what is needed in the query', async () => {
    server.runs = manyRuns(3);
    const page = await client.runs({ limit: 2, order_by: 'a b&c' });
    expect(page.runs.map(run => run.run_id)).toEqual(['r0', 'r1']);
    expect(page.next).toBe('2');
    await client.curves({ runs: ['r0', 'r/1'], metrics: ['loss/train'], points: 500 });
    expect(server.requests).toEqual([
      'GET runs?limit=2&order_by=a+b%26c',
      'GET curves?run=r0&run=r%2F1&metric=loss%2Ftrain&points=500'
    ]);
  });

  it('keeps a run id in its place in the path', async () => {
    await expect(client.run('../status')).rejects.toThrow('There is no run ../status');
    expect(server.requests).toEqual(['GET runs/..%2Fstatus']);
  });

  it('names another kernel only when there is one', async () => {
    await client.reruns.submit([{ run_id: 'r0' }]);
    await client.reruns.submit([{ run_id: 'r0', kernel: 'julia' }]);
    expect(server.bodies).toEqual([[{ run_id: 'r0' }], [{ run_id: 'r0', kernel: 'julia' }]]);
  });

  it("carries the server's message, reason and kernels when it refuses", async () => {
    const message = 'The kernel torch-env is not here.';
    server.refusal = [409, { message, reason: 'no_kernel', kernels: ['python3'] }];
    const error = await client.reruns.submit([{ run_id: 'r0' }]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({
      message,
      status: 409,
      reason: 'no_kernel',
      kernels: ['python3']
    });
  });

  it.each([
    ['a page of another server', [404, '<html>Not found</html>']],
    ['an error that says nothing', [502, {}]],
    ['success that is no JSON', [200, '<html>Log in</html>']]
  ] as const)('takes %s as no answer', async (_, answer) => {
    server.refusal = [...answer];
    await expect(client.reruns.jobs()).rejects.toBeInstanceOf(UnavailableError);
  });

  it('takes no server at all as no answer', async () => {
    await server.stop();
    await expect(client.reruns.jobs()).rejects.toMatchObject({
      name: 'UnavailableError',
      status: null
    });
    server = await RestServer.start();
  });
});

describe('numbers', () => {
  it('decodes base64 typed arrays, with what JSON has no word for', () => {
    const values = [0, -1.5, Math.PI, 1e308, NaN, Infinity, -Infinity, 5e-324];
    expect([...decodeFloats(wireFloats(values))]).toEqual(values);
    expect(decodeFloats({ dtype: 'f8', bdata: '' })).toHaveLength(0);
  });

  it('refuses bytes that are no float64 array', () => {
    expect(() => decodeFloats({ dtype: 'f8', bdata: btoa('12345') })).toThrow(RangeError);
    expect(() => decodeFloats({ dtype: 'f8', bdata: '%' })).toThrow();
  });

  it('decodes the words for numbers', () => {
    expect(decodeNumber('NaN')).toBeNaN();
    expect(decodeNumber('-Infinity')).toBe(-Infinity);
    expect(decodeNumber(0.5)).toBe(0.5);
  });
});
