// Libraries that are Lua scripts: locks, semaphores, rate limiters, a job queue, ioredis' own commands.
const Redis = require('ioredis'), Redlock = require('redlock'), Queue = require('bee-queue'), assert = require('assert');
const { RateLimiterRedis, BurstyRateLimiter } = require('rate-limiter-flexible');
const { Mutex, Semaphore } = require('redis-semaphore');
const { done, port, range } = require('./program');

async function commands(r) {
    r.defineCommand('raise', { numberOfKeys: 1, lua: `
        local value = tonumber(redis.call('get', KEYS[1]) or '0') + ARGV[1]
        redis.call('set', KEYS[1], value)
        return {value, ARGV[2], cjson.encode({value = value, by = ARGV[1]}) }` });
    assert.deepEqual(await r.raise('raised', 5, 'x'), [5, 'x', '{"value":5,"by":"5"}']);
    const p = r.pipeline();
    for (const i of range(100)) p.raise('raised', i, 'y');
    assert.equal((await p.exec()).at(-1)[1][0], 5 + 4950);
    await r.script('FLUSH');
    assert.equal((await r.raise('raised', 1, 'z'))[0], 4956);
    assert.deepEqual(await r.raiseBuffer('raised', 0, Buffer.from([0xff])), [4956, Buffer.from([0xff]), Buffer.from('{"value":4956,"by":"0"}')]);
}

// Workers that add to a number, reading and writing it apart: right only if they exclude each other.
async function exclusive(r, key, locked) {
    await r.set(key, 0);
    await Promise.all(range(8).map(async () => {
        for (let i = 0; i < 25; i++) await locked(async () => r.set(key, +await r.get(key) + 1));
    }));
    assert.equal(await r.get(key), '200');
}

async function locks(r) {
    const redlock = new Redlock([r], { retryCount: -1, retryDelay: 1, retryJitter: 2 });
    await exclusive(r, 'locked', work => redlock.using ? redlock.using(['lock'], 5000, work)
        : redlock.lock('lock', 5000).then(lock => work().finally(() => lock.unlock())));
    const lock = await redlock.lock('held', 60000);
    await assert.rejects(new Redlock([r], { retryCount: 0 }).lock('held', 1000));
    await lock.extend(60000);
    await lock.unlock();
    assert.equal(await r.exists('held'), 0);

    await exclusive(r, 'mutexed', async work => {
        const mutex = new Mutex(r, 'mutex', { retryInterval: 1 });
        await mutex.acquire();
        try { await work(); } finally { await mutex.release(); }
    });
    let inside = 0, most = 0;
    await Promise.all(range(12).map(async () => {
        const semaphore = new Semaphore(r, 'semaphore', 3, { retryInterval: 1 });
        await semaphore.acquire();
        most = Math.max(most, ++inside);
        await r.ping();
        inside--;
        await semaphore.release();
    }));
    assert.ok(most >= 1 && most <= 3, `${most} inside`);
}

async function limiters(r) {
    const limiter = new RateLimiterRedis({ storeClient: r, keyPrefix: 'limit', points: 10, duration: 60 });
    const results = await Promise.allSettled(range(25).map(() => limiter.consume('user')));
    assert.equal(results.filter(x => x.status === 'fulfilled').length, 10);
    assert.equal(results.find(x => x.status === 'rejected').reason.remainingPoints, 0);
    await limiter.reward('user', 5);
    assert.equal((await limiter.get('user')).consumedPoints, 20);
    await limiter.delete('user');
    assert.equal((await limiter.consume('user', 3)).remainingPoints, 7);
    const bursty = new BurstyRateLimiter(
        new RateLimiterRedis({ storeClient: r, keyPrefix: 'steady', points: 2, duration: 60 }),
        new RateLimiterRedis({ storeClient: r, keyPrefix: 'burst', points: 3, duration: 60 }));
    const both = await Promise.allSettled(range(9).map(() => bursty.consume('user')));
    assert.equal(both.filter(x => x.status === 'fulfilled').length, 5);
}

async function jobs() {
    const settings = { redis: { port, db: 2 }, removeOnSuccess: false, activateDelayedJobs: true };
    const queue = new Queue('bee', settings), seen = new Map();
    const finished = new Promise(resolve => queue.on('succeeded', () => seen.size === 300 && resolve()));
    queue.process(4, async job => {
        if (job.data.i % 10 === 0 && job.options.retries > 0) throw new Error('once');
        assert.ok(!seen.has(job.data.i), 'done twice');
        seen.set(job.data.i, true);
        return job.data.i * 2;
    });
    for (const i of range(300)) {
        const job = queue.createJob({ i });
        if (i % 10 === 0) job.retries(1);
        if (i % 50 === 7) job.delayUntil(Date.now() + 20);
        await job.save();
    }
    await finished;
    assert.equal(seen.size, 300);
    await queue.close(5000);
}

done(async () => {
    const r = new Redis({ port, db: 1 });
    await commands(r);
    await locks(r);
    await limiters(r);
    await jobs();
    await r.quit();
});
