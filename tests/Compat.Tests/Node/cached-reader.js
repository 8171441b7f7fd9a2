// One process of the broadcast: reads through node-redis's client-side cache (RESP3) until it has seen the writer's last value of
// every key, and counts what the cache saved. What it ever reads of a key may not go backwards.
const { createClient, BasicClientSideCache } = require('redis'), assert = require('assert');
const { done, port, until } = require('./program');

const keys = +process.argv[3], last = +process.argv[4];

done(async () => {
    const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU', recordStats: true });
    const r = await createClient({ socket: { port }, RESP: 3, clientSideCache: cache }).connect();
    const seen = new Array(keys).fill(-1);
    await r.incr('ready');
    await until(async () => {
        for (let k = 0; k < keys; k++) {
            const value = +await r.get('value:' + k);
            assert.ok(value >= seen[k], `value:${k} went back from ${seen[k]} to ${value}`);
            seen[k] = value;
        }
        return seen.every(value => value === last);
    });
    const { hitCount, missCount } = cache.stats();
    assert.ok(hitCount > 0 && missCount >= keys, `hits ${hitCount}, misses ${missCount}`);
    // Every value was told of, and no more: nothing changes now, and nothing is asked for.
    for (let i = 0; i < 100; i++) assert.equal(+await r.get('value:0'), last);
    assert.ok(cache.stats().missCount === missCount, 'read again what was cached');
    r.destroy();
});
