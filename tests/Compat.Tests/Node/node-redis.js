// node-redis, in the protocol of the second argument: values, pipelines, transactions with WATCH, subscriptions, streams, waiting.
const { createClient, WatchError } = require('redis'), assert = require('assert');
const { done, port, range } = require('./program');

const RESP = +process.argv[3];
const connect = async (options = {}) => {
    const client = createClient({ socket: { port }, RESP, database: 2, ...options });
    client.on('error', failure => { throw failure; });
    return client.connect();
};

async function values(r) {
    assert.equal(await r.set('k', 'v', { PX: 100000, NX: true }), 'OK');
    assert.equal(await r.get('k'), 'v');
    assert.equal(await r.get('missing'), null);
    assert.equal(await r.incrBy('n', 5), 5);
    assert.ok(await r.ttl('k') > 90);
    assert.deepEqual(await r.mGet(['k', 'n', 'missing']), ['v', '5', null]);
    await r.hSet('h', { a: 1, b: 2 });
    assert.deepEqual({ ...await r.hGetAll('h') }, { a: '1', b: '2' });
    await r.zAdd('z', [{ score: 1, value: 'one' }, { score: 2.5, value: 'two' }]);
    assert.deepEqual(await r.zRangeWithScores('z', 0, -1), [{ score: 1, value: 'one' }, { score: 2.5, value: 'two' }]);
    await r.sAdd('s', ['a', 'b']);
    assert.deepEqual([...await r.sMembers('s')].sort(), ['a', 'b']);
    const info = await r.clientInfo();
    assert.deepEqual([info.name, info.db, info.resp, info.libName], ['compat', 2, RESP, 'node-redis']);
    await assert.rejects(r.sendCommand(['NOPE']), /unknown command/);
    await assert.rejects(r.incr('h'), /WRONGTYPE/);
}

async function pipelines(r) {
    assert.deepEqual(await Promise.all(range(1000).map(() => r.incr('c'))), range(1000).map(i => i + 1));
    let seen = 0;
    await r.mSet(Object.fromEntries(range(100).map(i => ['p' + i, String(i)])));
    for await (const keys of r.scanIterator({ MATCH: 'p*', COUNT: 10 })) seen += keys.length;
    assert.equal(seen, 100);
}

async function transactions(r) {
    assert.deepEqual(await r.multi().set('t', '1').incr('t').get('t').exec(), ['OK', 2, '2']);
    await r.watch('t');
    const other = await connect();
    await other.set('t', 'theirs');
    await assert.rejects(r.multi().set('t', 'mine').exec(), WatchError);
    assert.equal(await r.get('t'), 'theirs');
    other.destroy();
}

async function subscriptions(r) {
    const s = await connect(), got = [];
    let all;
    const arrived = new Promise(resolve => { all = resolve; });
    await s.subscribe('news', (message, channel) => got.push([channel, message]));
    await s.pSubscribe('n*', (message, channel) => got.push(['n*', channel, message]) === 200 && all());
    for (let i = 0; i < 100; i++) assert.equal(await r.publish('news', String(i)), 2);
    await arrived;
    assert.deepEqual(got, range(100).flatMap(i => [['news', String(i)], ['n*', 'news', String(i)]]));
    // A subscriber of RESP3 may call what it likes meanwhile.
    if (RESP === 3) assert.equal(await s.get('k'), 'v');
    const shards = [];
    await s.sSubscribe('shard', message => shards.push(message));
    assert.equal(await r.sPublish('shard', 'x'), 1);
    assert.match(await s.ping(), /pong/i);
    assert.deepEqual(shards, ['x']);
    // By name: without one the client waits for a form of the confirmation that redis-server does not send either.
    await s.unsubscribe('news');
    await s.pUnsubscribe('n*');
    await s.sUnsubscribe('shard');
    assert.equal(await s.get('k'), 'v');
    s.destroy();
}

async function streams(r) {
    await r.xGroupCreate('stream', 'group', '0', { MKSTREAM: true });
    const reader = await connect();
    const waiting = reader.xReadGroup('group', 'me', { key: 'stream', id: '>' }, { COUNT: 10, BLOCK: 10000 });
    const id = await r.xAdd('stream', '*', { field: 'value' });
    const got = await waiting;
    // In RESP3 the client hands the reply on as it is.
    const [first] = Array.isArray(got) ? got[0].messages.map(m => [m.id, Object.entries(m.message).flat()]) : got.stream;
    assert.deepEqual(first, [id, ['field', 'value']]);
    assert.equal((await r.xPending('stream', 'group')).pending, 1);
    assert.equal(await r.xAck('stream', 'group', id), 1);
    const popped = reader.blPop('list', 10);
    await r.rPush('list', 'element');
    assert.deepEqual({ ...await popped }, { key: 'list', element: 'element' });
    reader.destroy();
}

done(async () => {
    const r = await connect({ name: 'compat' });
    for (const part of [values, pipelines, transactions, subscriptions, streams]) await part(r);
    r.destroy();
});
