// ioredis: values, pipelines, transactions with WATCH, subscriptions, streams, a job queue.
const Redis = require('ioredis'), assert = require('assert');
const { done, port, range } = require('./program');

const connect = (options = {}) => new Redis({ port, db: 1, ...options });

async function values(r) {
    assert.equal(await r.set('k', 'v', 'EX', 100), 'OK');
    assert.equal(await r.get('k'), 'v');
    assert.equal(await r.get('missing'), null);
    assert.deepEqual(await r.getBuffer('k'), Buffer.from('v'));
    assert.equal(await r.incrby('n', 5), 5);
    await r.hset('h', { a: 1, b: 2 });
    assert.deepEqual(await r.hgetall('h'), { a: '1', b: '2' });
    await r.zadd('z', 1, 'one', 2.5, 'two');
    assert.deepEqual(await r.zrange('z', 0, -1, 'WITHSCORES'), ['one', '1', 'two', '2.5']);
    await assert.rejects(r.call('NOPE'), /unknown command/);
    await assert.rejects(r.incr('h'), /WRONGTYPE/);
    assert.match(await r.client('INFO'), / name=compat .* db=1 /);
}

async function pipelines(r) {
    const replies = await Promise.all(range(1000).map(i => r.set('p' + i, i).then(() => r.get('p' + i))));
    assert.deepEqual(replies, range(1000).map(String));
    const p = await r.pipeline().mset('a', 1, 'b', 2).mget('a', 'b', 'c').incr('h').del('a', 'b').exec();
    assert.deepEqual(p.slice(0, 2), [[null, 'OK'], [null, ['1', '2', null]]]);
    assert.match(p[2][0].message, /WRONGTYPE/);
    assert.deepEqual(p[3], [null, 2]);
    let seen = 0;
    for await (const keys of r.scanStream({ match: 'p*', count: 50 })) seen += keys.length;
    assert.equal(seen, 1000);
}

async function transactions(r) {
    assert.deepEqual(await r.multi().set('t', 1).incr('t').get('t').exec(), [[null, 'OK'], [null, 2], [null, '2']]);
    await assert.rejects(r.multi().set('t').exec(), /EXECABORT/);
    // Ten clients count to a hundred each, by reading and writing under WATCH.
    await r.set('counter', 0);
    const lost = await Promise.all(range(10).map(async () => {
        const mine = connect();
        let retries = 0;
        for (let i = 0; i < 100;) {
            await mine.watch('counter');
            const value = +await mine.get('counter');
            if (await mine.multi().set('counter', value + 1).exec()) i++;
            else retries++;
        }
        await mine.quit();
        return retries;
    }));
    assert.equal(await r.get('counter'), '1000');
    assert.ok(lost.reduce((a, b) => a + b) > 0);
}

async function subscriptions(r) {
    const s = connect(), got = [];
    const all = new Promise(resolve => {
        s.on('message', (channel, message) => got.push([channel, message]));
        s.on('pmessage', (pattern, channel, message) => got.push([pattern, channel, message]) === 200 && resolve());
    });
    assert.equal(await s.subscribe('news'), 1);
    assert.equal(await s.psubscribe('n*'), 2);
    for (let i = 0; i < 100; i++) assert.equal(await r.publish('news', i), 2);
    await all;
    assert.deepEqual(got, range(100).flatMap(i => [['news', String(i)], ['n*', 'news', String(i)]]));
    await assert.rejects(s.call('get', 'k'), /subscriber mode|Can't execute|only \(P/);
    assert.equal(await s.unsubscribe('news'), 1);
    assert.equal(await s.punsubscribe('n*'), 0);
    assert.equal(await s.get('k'), 'v');
    await s.quit();
}

async function streams(r) {
    await r.xgroup('CREATE', 'stream', 'group', '0', 'MKSTREAM');
    const reader = connect();
    const waiting = reader.xreadgroup('GROUP', 'group', 'me', 'COUNT', 10, 'BLOCK', 10000, 'STREAMS', 'stream', '>');
    const id = await r.xadd('stream', '*', 'field', 'value');
    assert.deepEqual(await waiting, [['stream', [[id, ['field', 'value']]]]]);
    assert.deepEqual((await r.xpending('stream', 'group')).slice(0, 3), [1, id, id]);
    assert.equal(await r.xack('stream', 'group', id), 1);
    await reader.quit();
}

/** Jobs go from a list into the worker's own, and leave it when done: none is lost, none runs twice. */
async function jobs(r) {
    const count = 300, runs = [];
    const workers = range(4).map(async n => {
        const mine = connect(), own = 'working:' + n;
        for (;;) {
            const job = await mine.blmove('jobs', own, 'LEFT', 'RIGHT', 0);
            await mine.lrem(own, 1, job);
            if (job === 'stop') break;
            runs.push(job);
        }
        await mine.quit();
    });
    for (let i = 0; i < count; i++) await r.rpush('jobs', 'job' + i);
    await r.rpush('jobs', 'stop', 'stop', 'stop', 'stop');
    await Promise.all(workers);
    assert.deepEqual(runs.sort(), range(count).map(i => 'job' + i).sort());
    assert.equal(await r.exists('jobs', ...range(4).map(n => 'working:' + n)), 0);
}

done(async () => {
    const r = connect({ connectionName: 'compat' });
    for (const part of [values, pipelines, transactions, subscriptions, streams, jobs]) await part(r);
    await r.quit();
});
