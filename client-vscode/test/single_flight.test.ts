import assert from 'node:assert/strict';
import { test } from 'node:test';

import { singleFlight } from '../src/single_flight';

function flight() {
  const landings: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const fly = singleFlight(() => new Promise<void>((resolve, reject) => { landings.push({ resolve, reject }); }));
  return { fly, landings };
}

test('whoever asks during a run shares one more run after it', async () => {
  const { fly, landings } = flight();
  const first = fly();
  const second = fly();
  assert.equal(fly(), second);
  assert.equal(landings.length, 1);
  landings[0]?.resolve();
  await first;
  await Promise.resolve();
  assert.equal(landings.length, 2);
  landings[1]?.resolve();
  await second;
  assert.equal(landings.length, 2);
});

test('a run that fails does not block the next', async () => {
  const { fly, landings } = flight();
  const first = fly();
  const second = fly();
  landings[0]?.reject(new Error('down'));
  await assert.rejects(first, /down/);
  await Promise.resolve();
  landings[1]?.resolve();
  await second;
  const third = fly();
  landings[2]?.resolve();
  await third;
  assert.equal(landings.length, 3);
});
